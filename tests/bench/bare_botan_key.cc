#include "tests/bench/bare_botan_key.h"

#include <botan/ecdsa.h>
#include <botan/hash.h>
#include <botan/pk_ops.h>

#include <stdexcept>

namespace keystore::bench {
namespace {

class Operation final : public Botan::PK_Ops::Signature {
 public:
  Operation(const RawSession& raw, CK_OBJECT_HANDLE key, const std::string& digest)
      : raw_(raw), key_(key), hash_(Botan::HashFunction::create_or_throw(digest)) {}

  void update(const std::uint8_t message[], std::size_t size) override {
    hash_->update(message, size);
  }
  Botan::secure_vector<std::uint8_t> sign(Botan::RandomNumberGenerator&) override {
    auto digest = hash_->final();
    Botan::secure_vector<std::uint8_t> signature(signature_length());
    unsigned long size = signature.size();
    CK_MECHANISM mechanism = {CKM_ECDSA, nullptr, 0};
    require(raw_.functions->C_SignInit(raw_.session, &mechanism, key_) == CKR_OK &&
                raw_.functions->C_Sign(raw_.session, digest.data(), digest.size(), signature.data(),
                                       &size) == CKR_OK,
            "C_Sign");
    return signature;
  }
  std::size_t signature_length() const override { return 64; }

 private:
  const RawSession& raw_;
  CK_OBJECT_HANDLE key_;
  std::unique_ptr<Botan::HashFunction> hash_;
};

class BareKey final : public Botan::ECDSA_PublicKey, public virtual Botan::Private_Key {
 public:
  BareKey(const testing::SoftHsm& hsm, const Subject& subject, const Botan::EC_PublicKey& half)
      : EC_PublicKey(half),
        ECDSA_PublicKey(half.domain(), half.public_point()),
        raw_(hsm, testing::SoftHsm::module_path()),
        key_(raw_.private_key(subject.label)) {}

  std::unique_ptr<Botan::PK_Ops::Signature> create_signature_op(Botan::RandomNumberGenerator&,
                                                                const std::string& words,
                                                                const std::string&) const override {
    const auto digest = words.substr(words.find('(') + 1);  // of "EMSA1(SHA-256)"
    return std::make_unique<Operation>(raw_, key_, digest.substr(0, digest.size() - 1));
  }
  Botan::secure_vector<std::uint8_t> private_key_bits() const override {
    throw std::runtime_error("the key is on a token");
  }

 private:
  RawSession raw_;
  CK_OBJECT_HANDLE key_;
};

}  // namespace

std::shared_ptr<Botan::Private_Key> bare_botan_key(const testing::SoftHsm& hsm,
                                                   const Subject& subject,
                                                   const Botan::Public_Key& half) {
  return std::make_shared<BareKey>(hsm, subject, dynamic_cast<const Botan::EC_PublicKey&>(half));
}

}  // namespace keystore::bench
