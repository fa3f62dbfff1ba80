#pragma once

#include <openssl/core.h>

#include <optional>

namespace keystore::provider {

// RSA paddings and salt lengths come as numbers from some callers and as text from others.

/// RSA_PKCS1_PADDING, …; not set when absent or unknown.
std::optional<int> padding_param(const OSSL_PARAM params[]);
/// Octets or RSA_PSS_SALTLEN_…; not set when absent or unknown.
std::optional<int> salt_param(const OSSL_PARAM params[]);

/// Answer in the form that is asked.
bool answer_padding(OSSL_PARAM params[], int padding);
bool answer_salt(OSSL_PARAM params[], int salt);

}  // namespace keystore::provider
