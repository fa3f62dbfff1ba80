#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "keystore/api.h"
#include "keystore/bytes.h"
#include "keystore/public_key.h"
#include "keystore/result.h"

namespace keystore {

/// An X.509 certificate (RFC 5280). A value; compares by its DER. Any thread.
class KEYSTORE_API Certificate {
 public:
  /// Errors: malformed. Trailing octets are an error.
  static Result<Certificate> parse(BytesView der);
  /// The first CERTIFICATE block of a PEM text. Errors: malformed, not_found (no such block).
  static Result<Certificate> parse_pem(std::string_view pem);

  const Bytes& der() const noexcept;
  std::string to_pem() const;
  /// RFC 2253 form ("CN=web,O=Example"), UTF-8.
  const std::string& subject() const noexcept;
  const std::string& issuer() const noexcept;
  /// DER of the names, for comparing.
  const Bytes& subject_der() const noexcept;
  const Bytes& issuer_der() const noexcept;
  /// Lower-case hexadecimal.
  const std::string& serial() const noexcept;
  std::chrono::sys_seconds not_before() const noexcept;
  std::chrono::sys_seconds not_after() const noexcept;
  /// Subject alternative names: "dns:example.org", "ip:192.0.2.1", "email:a@b", "uri:…".
  const std::vector<std::string>& names() const noexcept;
  /// Errors: unsupported or malformed key in a certificate that is otherwise sound.
  Result<PublicKey> public_key() const;
  Bytes sha256() const;
  /// Subject and issuer are the same name.
  bool self_issued() const noexcept;
  /// Basic constraints say CA (RFC 5280, 4.2.1.9).
  bool is_ca() const noexcept;

  friend KEYSTORE_API bool operator==(const Certificate& a, const Certificate& b) noexcept;

  struct Parsed;
  /// The parsed form, for code of this project: keystore/internal/certificate_parsed.h.
  const Parsed& parsed() const noexcept { return *parsed_; }

 private:
  explicit Certificate(std::shared_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace keystore
