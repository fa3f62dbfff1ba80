#include "bindings/botan/operations.h"

#include <botan/ber_dec.h>
#include <botan/ecdsa.h>
#include <botan/hash.h>
#include <botan/kdf.h>

#include "bindings/botan/error.h"
#include "bindings/botan/names.h"

namespace keystore::botan {
namespace {

std::size_t key_size(const Key& key) { return (key.entry().shape->bits + 7) / 8; }

/// The two numbers of a DER signature (RFC 3279, 2.2.3), each in `part_size` octets.
compat::Signature two_parts(BytesView der, std::size_t part_size) {
  Botan::BigInt r, s;
  Botan::BER_Decoder(der.data(), der.size())
      .start_cons(compat::sequence_tag)
      .decode(r)
      .decode(s)
      .end_cons()
      .verify_end();
  const auto both = Botan::BigInt::encode_fixed_length_int_pair(r, s, part_size);
  return {both.begin(), both.end()};
}

/// Botan hashes, unless the key's store wants to hash by itself.
class SignatureOp final : public compat::SignatureOperation {
 public:
  SignatureOp(const Key& key, SignatureWords words, std::size_t part_size)
      : key_(key), spec_(std::move(words.spec)), part_size_(part_size) {
    const bool takes_digest = key_.can_sign(spec_);
    if (!words.hash.empty() && takes_digest) {
      hash_ = Botan::HashFunction::create_or_throw(words.hash);
    } else if (!words.hash.empty()) {
      spec_.input = SignInput::message;
    }
  }

  compat::Signature sign(Botan::RandomNumberGenerator&) override {
    Bytes input = std::exchange(input_, {});
    if (hash_) {
      input.resize(hash_->output_length());
      hash_->final(input.data());
    }
    const auto signature = value_of(key_.sign_digest(spec_, input));
    if (part_size_ > 0) return two_parts(signature, part_size_);
    return {signature.begin(), signature.end()};
  }

  std::size_t signature_length() const override {
    if (part_size_ > 0) return 2 * part_size_;
    return spec_.algorithm == SignAlgorithm::eddsa ? 64 : key_size(key_);
  }

 private:
  void add(BytesView octets) override {
    if (hash_) {
      hash_->update(octets.data(), octets.size());
    } else {
      input_.insert(input_.end(), octets.begin(), octets.end());
    }
  }

  Key key_;
  SignSpec spec_;
  std::size_t part_size_;
  std::unique_ptr<Botan::HashFunction> hash_ = {};
  Bytes input_ = {};  ///< where nothing is hashed here
};

class DecryptionOp final : public compat::DecryptionOperation {
 public:
  DecryptionOp(const Key& key, DecryptSpec spec) : key_(key), spec_(std::move(spec)) {}

  std::size_t plaintext_length(std::size_t) const override { return key_size(key_); }

 private:
  /// What does not decrypt leaves the mask at 0, for Botan to say so.
  Botan::secure_vector<std::uint8_t> decrypt_octets(BytesView ciphertext,
                                                    std::uint8_t& valid_mask) override {
    valid_mask = 0;
    auto plain = key_.decrypt(spec_, ciphertext);
    if (!plain && plain.error().code == Errc::malformed) return {};
    const auto secret = value_of(std::move(plain));
    valid_mask = 0xFF;
    return {secret.view().begin(), secret.view().end()};
  }

  Key key_;
  DecryptSpec spec_;
};

class AgreementOp final : public compat::AgreementOperation {
 public:
  AgreementOp(const Key& key, std::string_view words, Botan::EC_Group group)
      : key_(key), group_(std::move(group)) {
    if (words != "Raw") kdf_ = Botan::KDF::create_or_throw(std::string(words));
  }

  std::size_t agreed_value_size() const override { return group_.get_p_bytes(); }

 private:
  Botan::secure_vector<std::uint8_t> agree_with(BytesView peer, BytesView salt,
                                                std::size_t size) override {
    // As an EC key of any use: Botan gives those for ECDH alone an identifier of their own.
    const Botan::ECDSA_PublicKey point(group_, group_.OS2ECP(peer.data(), peer.size()));
    const auto peer_key = value_of(PublicKey::parse(point.subject_public_key()));
    const auto secret = value_of(key_.derive(peer_key));
    const auto shared = secret.view();
    if (!kdf_) return {shared.begin(), shared.end()};
    return kdf_->derive_key(size, shared.data(), shared.size(), salt.data(), salt.size());
  }

  Key key_;
  Botan::EC_Group group_;
  std::unique_ptr<Botan::KDF> kdf_ = {};  ///< none: the shared secret itself
};

}  // namespace

std::unique_ptr<Botan::PK_Ops::Signature> signature_op(const Key& key, std::string_view words,
                                                       std::size_t part_size) {
  return std::make_unique<SignatureOp>(key, read_signature_words(words, key.type()), part_size);
}

std::unique_ptr<Botan::PK_Ops::Decryption> decryption_op(const Key& key, std::string_view words) {
  return std::make_unique<DecryptionOp>(key, read_encryption_words(words));
}

std::unique_ptr<Botan::PK_Ops::Key_Agreement> agreement_op(const Key& key, std::string_view words,
                                                           const Botan::EC_Group& group) {
  return std::make_unique<AgreementOp>(key, words, group);
}

}  // namespace keystore::botan
