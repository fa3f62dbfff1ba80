#include "bindings/botan/key.h"

#include <botan/ecdh.h>
#include <botan/ecdsa.h>
#include <botan/ed25519.h>
#include <botan/rsa.h>
#include <botan/x509_key.h>

#include "bindings/botan/operations.h"
#include "bindings/botan/stored_key.h"
#include "keystore/store.h"

namespace keystore::botan {
namespace {

class RsaKey final : public Botan::RSA_PublicKey, public StoredKey {
 public:
  RsaKey(const Botan::RSA_PublicKey& half, const Key& key) : RSA_PublicKey(half), StoredKey(key) {}

  std::unique_ptr<Botan::PK_Ops::Signature> create_signature_op(
      Botan::RandomNumberGenerator&, compat::Text words, compat::Text engine) const override {
    return signature_op(key_for(engine), words, 0);
  }
  std::unique_ptr<Botan::PK_Ops::Decryption> create_decryption_op(
      Botan::RandomNumberGenerator&, compat::Text words, compat::Text engine) const override {
    return decryption_op(key_for(engine), words);
  }
};

class Ed25519Key final : public Botan::Ed25519_PublicKey, public StoredKey {
 public:
  Ed25519Key(const Botan::Ed25519_PublicKey& half, const Key& key)
      : Ed25519_PublicKey(half), StoredKey(key) {}

  std::unique_ptr<Botan::PK_Ops::Signature> create_signature_op(
      Botan::RandomNumberGenerator&, compat::Text words, compat::Text engine) const override {
    return signature_op(key_for(engine), words, 0);
  }
};

/// An EC key that agrees.
class EcKey : public virtual Botan::EC_PublicKey, public StoredKey {
 public:
  std::unique_ptr<Botan::PK_Ops::Key_Agreement> create_key_agreement_op(
      Botan::RandomNumberGenerator&, compat::Text words, compat::Text engine) const override {
    return agreement_op(key_for(engine), words, domain());
  }

 protected:
  explicit EcKey(const Key& key) : StoredKey(key) {}
};

// The most derived class fills Botan's virtual base, or its curve is not set.
class EcdsaKey final : public Botan::ECDSA_PublicKey, public EcKey {
 public:
  EcdsaKey(const Botan::EC_PublicKey& half, const Key& key)
      : EC_PublicKey(half), ECDSA_PublicKey(half.domain(), half.public_point()), EcKey(key) {}

  std::unique_ptr<Botan::PK_Ops::Signature> create_signature_op(
      Botan::RandomNumberGenerator&, compat::Text words, compat::Text engine) const override {
    return signature_op(key_for(engine), words, compat::signature_part_size(*this));
  }
};

class EcdhKey final : public Botan::ECDH_PublicKey,
                      public EcKey,
                      public Botan::PK_Key_Agreement_Key {
 public:
  EcdhKey(const Botan::EC_PublicKey& half, const Key& key)
      : EC_PublicKey(half), ECDH_PublicKey(half.domain(), half.public_point()), EcKey(key) {}

  std::vector<std::uint8_t> public_value() const override { return ECDH_PublicKey::public_value(); }
};

/// As Botan reads it.
std::unique_ptr<Botan::Public_Key> public_half(const Key& key) {
  if (!key.public_key()) {
    throw Exception(Error{Errc::unsupported, "key '" + key.uri().canonical() +
                                                 "' shows no public half, which Botan needs"});
  }
  try {
    return std::unique_ptr<Botan::Public_Key>(Botan::X509::load_key(key.public_key()->spki()));
  } catch (const Botan::Exception& problem) {
    throw Exception(Error{Errc::unsupported, "Botan cannot use key '" + key.uri().canonical() +
                                                 "': " + problem.what()});
  }
}

[[noreturn]] void refuse_type(const Key& key, std::string_view what) {
  throw Exception(Error{Errc::unsupported, "key '" + key.uri().canonical() + "' of type " +
                                               std::string(to_string(key.type())) + " " +
                                               std::string(what) + " with Botan"});
}

}  // namespace

std::unique_ptr<Botan::Private_Key> private_key(const Key& key) {
  const auto half = public_half(key);
  if (const auto* rsa = dynamic_cast<const Botan::RSA_PublicKey*>(half.get())) {
    return std::make_unique<RsaKey>(*rsa, key);
  }
  if (const auto* ed25519 = dynamic_cast<const Botan::Ed25519_PublicKey*>(half.get())) {
    return std::make_unique<Ed25519Key>(*ed25519, key);
  }
  if (const auto* ecdsa = dynamic_cast<const Botan::ECDSA_PublicKey*>(half.get())) {
    return std::make_unique<EcdsaKey>(*ecdsa, key);
  }
  refuse_type(key, "makes no signatures");
}

std::unique_ptr<Botan::Private_Key> open_private_key(std::string_view uri,
                                                     const OpenOptions& options) {
  return private_key(value_of(value_of(open(uri, options)).key()));
}

std::unique_ptr<Botan::PK_Key_Agreement_Key> key_agreement_key(const Key& key) {
  const auto half = public_half(key);
  const auto* ec = dynamic_cast<const Botan::EC_PublicKey*>(half.get());
  if (ec == nullptr) refuse_type(key, "agrees on no keys");
  return std::make_unique<EcdhKey>(*ec, key);
}

}  // namespace keystore::botan
