#include "backends/pfx/encode.h"

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::pfx {
namespace {

struct Algorithms {
  int encryption;
  int iterations;
  Digest mac;
};

/// .NET refuses bundles that ask for more than 300,000 iterations at one place or 1,000,000 in all;
/// so a bundle with several keys has to be under it as well.
Algorithms algorithms_of(Protection protection) {
  if (protection == Protection::legacy) {
    return {NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 2048, Digest::sha1};
  }
  return {NID_aes_256_cbc, 100'000, Digest::sha256};
}

/// Encodes one bundle.
class Encoder {
 public:
  Encoder(const Secret& passphrase, Protection protection)
      : text_(passphrase.empty() ? "" : reinterpret_cast<const char*>(passphrase.view().data())),
        size_(static_cast<int>(passphrase.size())),
        algorithms_(algorithms_of(protection)) {}
  Result<Secret> encode(const std::vector<const Object*>& objects);

 private:
  Pkcs12BagPtr key_bag(const Object& object) const;
  bool add_keys(STACK_OF(PKCS7) * parts, const STACK_OF(PKCS12_SAFEBAG) * bags) const;
  bool add_certificates(STACK_OF(PKCS7) * parts, STACK_OF(PKCS12_SAFEBAG) * bags) const;

  const char* text_;
  int size_;
  Algorithms algorithms_;
};

bool is_key(const Object& object) { return object.kind == EntryKind::private_key; }
Pkcs12BagPtr certificate_bag(const Object& object);
bool name_bag(PKCS12_SAFEBAG* bag, const Object& object);
bool push(STACK_OF(PKCS12_SAFEBAG) * bags, Pkcs12BagPtr bag, const Object& object);
bool push(STACK_OF(PKCS7) * parts, Pkcs7Ptr part);

Failure failed() {
  return Failure(error_from_openssl(Errc::internal, "the PKCS#12 file cannot be put together"));
}

Result<Secret> Encoder::encode(const std::vector<const Object*>& objects) {
  const OpensslErrorMark mark;
  const Pkcs12BagStackPtr keys(sk_PKCS12_SAFEBAG_new_null());
  const Pkcs12BagStackPtr certificates(sk_PKCS12_SAFEBAG_new_null());
  for (const auto* object : objects) {
    auto bag = is_key(*object) ? key_bag(*object) : certificate_bag(*object);
    auto* bags = is_key(*object) ? keys.get() : certificates.get();
    if (!push(bags, std::move(bag), *object)) return failed();
  }
  const Pkcs7StackPtr parts(sk_PKCS7_new_null());
  if (!add_keys(parts.get(), keys.get()) || !add_certificates(parts.get(), certificates.get())) {
    return failed();
  }
  const Pkcs12Ptr pfx(PKCS12_add_safes_ex(parts.get(), NID_pkcs7_data, private_lib_ctx(), nullptr));
  if (pfx == nullptr || PKCS12_set_mac(pfx.get(), text_, size_, nullptr, 0, algorithms_.iterations,
                                       digest_method(algorithms_.mac)) != 1) {
    return failed();
  }
  Secret der(static_cast<std::size_t>(i2d_PKCS12(pfx.get(), nullptr)));
  auto* out = der.writable().data();
  i2d_PKCS12(pfx.get(), &out);
  return der;
}

Pkcs12BagPtr Encoder::key_bag(const Object& object) const {
  const auto* in = object.pkcs8.view().data();
  Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &in, static_cast<long>(object.pkcs8.size())));
  if (info == nullptr) return nullptr;
  return Pkcs12BagPtr(PKCS12_SAFEBAG_create_pkcs8_encrypt_ex(
      algorithms_.encryption, text_, size_, nullptr, 0, algorithms_.iterations, info.get(),
      private_lib_ctx(), nullptr));
}

/// As plain data: each key is encrypted by itself.
bool Encoder::add_keys(STACK_OF(PKCS7) * parts, const STACK_OF(PKCS12_SAFEBAG) * bags) const {
  if (sk_PKCS12_SAFEBAG_num(bags) == 0) return true;
  return push(parts, Pkcs7Ptr(PKCS12_pack_p7data(const_cast<STACK_OF(PKCS12_SAFEBAG)*>(bags))));
}

bool Encoder::add_certificates(STACK_OF(PKCS7) * parts, STACK_OF(PKCS12_SAFEBAG) * bags) const {
  if (sk_PKCS12_SAFEBAG_num(bags) == 0) return true;
  return push(parts, Pkcs7Ptr(PKCS12_pack_p7encdata_ex(algorithms_.encryption, text_, size_,
                                                       nullptr, 0, algorithms_.iterations, bags,
                                                       private_lib_ctx(), nullptr)));
}

Pkcs12BagPtr certificate_bag(const Object& object) {
  const auto* in = object.certificate.data();
  const X509Ptr x509(d2i_X509(nullptr, &in, static_cast<long>(object.certificate.size())));
  return Pkcs12BagPtr(x509 == nullptr ? nullptr : PKCS12_SAFEBAG_create_cert(x509.get()));
}

bool name_bag(PKCS12_SAFEBAG* bag, const Object& object) {
  auto id = object.id;
  const bool named =
      object.label.empty() ||
      PKCS12_add_friendlyname_utf8(bag, object.label.data(), static_cast<int>(object.label.size()));
  return named &&
         (id.empty() || PKCS12_add_localkeyid(bag, id.data(), static_cast<int>(id.size())) == 1);
}

bool push(STACK_OF(PKCS12_SAFEBAG) * bags, Pkcs12BagPtr bag, const Object& object) {
  if (bags == nullptr || bag == nullptr || !name_bag(bag.get(), object)) return false;
  if (sk_PKCS12_SAFEBAG_push(bags, bag.get()) == 0) return false;
  static_cast<void>(bag.release());
  return true;
}

bool push(STACK_OF(PKCS7) * parts, Pkcs7Ptr part) {
  if (parts == nullptr || part == nullptr || sk_PKCS7_push(parts, part.get()) == 0) return false;
  static_cast<void>(part.release());
  return true;
}

}  // namespace

Result<Secret> encode_bundle(const std::vector<const Object*>& objects, const Secret& passphrase,
                             Protection protection) {
  return Encoder(passphrase, protection).encode(objects);
}

}  // namespace keystore::pfx
