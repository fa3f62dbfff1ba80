#pragma once

// What differs between Botan's versions, said once; everything else here is one source. Written for
// Botan 2.19. For Botan 3 the right-hand sides of the aliases change, and so does what Botan calls
// in the classes below, which pass it on in words of ours.
#include <botan/asn1_obj.h>
#include <botan/bigint.h>
#include <botan/credentials_manager.h>
#include <botan/pk_keys.h>
#include <botan/pk_ops.h>
#include <botan/version.h>
#include <botan/x509_dn.h>

#include <memory>
#include <string>
#include <vector>

#include "keystore/bytes.h"

static_assert(BOTAN_VERSION_MAJOR == 2, "this binding is written for Botan 2");

namespace keystore::botan::compat {

/// How Botan hands texts to keys (3: std::string_view).
using Text = const std::string&;
/// What a signature operation returns (3.7: std::vector<std::uint8_t>).
using Signature = Botan::secure_vector<std::uint8_t>;
/// A private key (3 wants public_key() and generate_another() of it as well).
using PrivateKey = Botan::Private_Key;

/// In DER (3: ASN1_Type::Sequence).
inline constexpr auto sequence_tag = Botan::SEQUENCE;

/// Octets of each half of an ECDSA signature (3.6: _signature_element_size_in_bytes()).
inline std::size_t signature_part_size(const Botan::Public_Key& key) {
  return key.message_part_size();
}

/// 3: update() takes a span, and hash_function() is asked.
class SignatureOperation : public Botan::PK_Ops::Signature {
 public:
  void update(const std::uint8_t octets[], std::size_t size) final { add({octets, size}); }

 private:
  virtual void add(BytesView octets) = 0;
};

/// 3: decrypt() takes a span.
class DecryptionOperation : public Botan::PK_Ops::Decryption {
 public:
  Botan::secure_vector<std::uint8_t> decrypt(std::uint8_t& valid_mask, const std::uint8_t octets[],
                                             std::size_t size) final {
    return decrypt_octets({octets, size}, valid_mask);
  }

 private:
  virtual Botan::secure_vector<std::uint8_t> decrypt_octets(BytesView ciphertext,
                                                            std::uint8_t& valid_mask) = 0;
};

/// 3: agree() takes spans.
class AgreementOperation : public Botan::PK_Ops::Key_Agreement {
 public:
  Botan::secure_vector<std::uint8_t> agree(std::size_t size, const std::uint8_t peer[],
                                           std::size_t peer_size, const std::uint8_t salt[],
                                           std::size_t salt_size) final {
    return agree_with({peer, peer_size}, {salt, salt_size}, size);
  }

 private:
  virtual Botan::secure_vector<std::uint8_t> agree_with(BytesView peer, BytesView salt,
                                                        std::size_t size) = 0;
};

/// 3: find_cert_chain() is told the schemes of signatures in certificates, too, and
/// private_key_for() shares the key.
class Credentials : public Botan::Credentials_Manager {
 public:
  std::vector<Botan::X509_Certificate> find_cert_chain(
      const std::vector<std::string>& types, const std::vector<Botan::X509_DN>& authorities,
      const std::string& role, const std::string& host) final {
    return choose_chain(types, authorities, role, host);
  }
  Botan::Private_Key* private_key_for(const Botan::X509_Certificate& leaf, const std::string&,
                                      const std::string&) final {
    return key_of(leaf).get();
  }

 private:
  virtual std::vector<Botan::X509_Certificate> choose_chain(
      const std::vector<std::string>& types, const std::vector<Botan::X509_DN>& authorities,
      const std::string& role, const std::string& host) const = 0;
  virtual std::shared_ptr<Botan::Private_Key> key_of(const Botan::X509_Certificate& leaf) const = 0;
};

}  // namespace keystore::botan::compat
