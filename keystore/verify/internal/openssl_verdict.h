#pragma once

#include "keystore/verify/internal/path_question.h"

namespace keystore::verify {

/// What X509_verify_cert() says of exactly this path.
struct OpensslAnswer {
  OpensslVerdict verdict = {};
  int error = X509_V_OK;
  bool status_missing = false;  ///< a revocation status was not to be had; soft_fail pardons it
};

OpensslAnswer ask_openssl(const PathQuestion& question);
/// Whether the error says that no revocation status was to be had.
bool is_status_missing(int error);

}  // namespace keystore::verify
