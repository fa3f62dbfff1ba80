#pragma once

#include <string_view>

#include "backends/pem/blocks.h"
#include "keystore/query.h"

namespace keystore::pem {

/// What a block's label says that it holds.
enum class Form {
  pkcs8,
  encrypted_pkcs8,
  rsa_key,  ///< RSAPrivateKey (RFC 8017, A.1.2), perhaps encrypted by RFC 1421 headers
  ec_key,   ///< ECPrivateKey (RFC 5915), likewise
  dsa_key,  ///< OpenSSL's DSAPrivateKey, likewise
  reference,
  certificate,
  trusted_certificate,  ///< a certificate with OpenSSL's trust settings behind it
  pkcs7,                ///< certificates in a SignedData that signs nothing (RFC 2315)
  pkcs12,               ///< a file of another backend
  public_key,
  ignored,  ///< no key and no certificate: parameters, requests, revocation lists
  foreign,  ///< holds keys or certificates in a form that is not read
};

Form form_of(const Block& block);
/// Says what it is, as in `show`: "PKCS#8", "PKCS#8, encrypted", "traditional RSA".
std::string_view name_of(Form form) noexcept;
/// How a foreign form becomes one that is read; empty where we know no way.
std::string_view way_out_of(const Block& block) noexcept;
/// Whether the object in the block would be a private key; also for foreign ones.
bool holds_private_key(const Block& block);
/// Whether a passphrase is needed to use what is in the block.
bool is_encrypted(const Block& block);

/// The one block that a file without PEM blocks is, its label told by the content. Its fault says
/// so when the content is neither DER of a known kind nor anything else with a name.
Block whole_file_block(BytesView content);

}  // namespace keystore::pem
