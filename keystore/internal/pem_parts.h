#pragma once

#include <optional>
#include <string>

#include "keystore/bytes.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/result.h"

namespace keystore {

/// One block of a PEM text, of any label.
struct PemPart {
  std::string label = {};
  Bytes der = {};
};

/// The blocks of a PEM text one after another, as lenient as OpenSSL reads them. Nothing secret.
class KEYSTORE_API PemParts {
 public:
  /// Borrows `text`.
  explicit PemParts(BytesView text);
  /// The next block; empty at the end of the text. Errors: malformed, and the rest is not readable.
  Result<std::optional<PemPart>> next();

 private:
  BioPtr text_;
};

}  // namespace keystore
