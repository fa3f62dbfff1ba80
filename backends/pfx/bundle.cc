#include "backends/pfx/bundle.h"

#include "backends/pfx/unlock.h"
#include "keystore/internal/asn1.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_error.h"

namespace keystore::pfx {
namespace {

// Real bundles are flat, or one level deep.
constexpr int deepest_nesting = 8;
constexpr std::size_t most_objects = 10'000;

/// The bags of a SafeContents.
struct Bags {
  Pkcs12BagStackPtr good = {};
  int broken = 0;  ///< how many others there are
};

Failure broken(std::string_view what) {
  return Failure(error_from_openssl(Errc::malformed, std::string(what)));
}
Pkcs12Ptr parse(BytesView der);
Result<Bags> plain_bags(BytesView octets);
bool holds_bags(BytesView octets);
bool holds_key(BytesView octets);
Result<void> check_part(const PKCS7& part);
std::string name_in(const PKCS12_SAFEBAG* bag, int attribute);

/// Goes through one bundle.
class Reader {
 public:
  Reader(BytesView der, const PassphraseSource& ask, WorkBudget budget)
      : der_(der), ask_(ask), budget_(budget) {}
  Result<Bundle> read();

 private:
  Result<Unlocker*> unlocker();
  Result<bool> is_intact(PKCS12* pfx);
  Error why_not_intact(const STACK_OF(PKCS7) * parts);
  Result<void> add_part(const PKCS7& part);
  Result<Bags> bags_of(const PKCS7& part);
  Result<Bags> encrypted_bags(const PKCS7_ENC_CONTENT& content);
  Result<void> add_all(const STACK_OF(PKCS12_SAFEBAG) * bags, bool encrypted, int depth);
  Result<void> add(const PKCS12_SAFEBAG* bag, bool encrypted, int depth);
  Result<void> add_encrypted_key(const PKCS12_SAFEBAG* bag, Object object);
  void add_certificate(const PKCS12_SAFEBAG* bag, Object object);

  BytesView der_;
  const PassphraseSource& ask_;
  WorkBudget budget_;
  std::optional<Unlocker> unlocker_ = {};
  Bundle bundle_ = {};
};

Result<Bundle> Reader::read() {
  const OpensslErrorMark mark;
  const auto pfx = parse(der_);
  if (pfx == nullptr) return broken("it is not a PKCS#12 file, or is cut off");
  const Pkcs7StackPtr parts(PKCS12_unpack_authsafes(pfx.get()));
  if (parts == nullptr) return broken("its content is broken, or protected by a signature");
  for (int i = 0; i < sk_PKCS7_num(parts.get()); ++i) {
    const auto sound = check_part(*sk_PKCS7_value(parts.get(), i));
    if (!sound) return Failure(sound.error());
  }
  const auto intact = is_intact(pfx.get());
  if (!intact) return Failure(intact.error());
  if (!*intact) return Failure(why_not_intact(parts.get()));
  for (int i = 0; i < sk_PKCS7_num(parts.get()); ++i) {
    const auto added = add_part(*sk_PKCS7_value(parts.get(), i));
    if (!added) return Failure(added.error());
  }
  return std::move(bundle_);
}

Result<Unlocker*> Reader::unlocker() {
  if (unlocker_) return &*unlocker_;
  auto passphrase = ask_();
  if (!passphrase) return Failure(passphrase.error());
  unlocker_.emplace(*passphrase, budget_);
  return &*unlocker_;
}

/// Also where it has no check at all.
Result<bool> Reader::is_intact(PKCS12* pfx) {
  if (PKCS12_mac_present(pfx) == 0) return true;
  const auto words = unlocker();
  if (!words) return Failure(words.error());
  return (*words)->fits_mac(pfx, der_);
}

/// A passphrase that opens what is encrypted is the right one.
Error Reader::why_not_intact(const STACK_OF(PKCS7) * parts) {
  for (int i = 0; i < sk_PKCS7_num(parts); ++i) {
    static_cast<void>(add_part(*sk_PKCS7_value(parts, i)));
  }
  if (unlocker_->has_opened()) {
    return {Errc::malformed, "its integrity check fails: it was changed or is broken"};
  }
  return {Errc::pin_incorrect, "wrong passphrase"};
}

Result<void> Reader::add_part(const PKCS7& part) {
  const auto bags = bags_of(part);
  if (!bags) return Failure(bags.error());
  for (int i = 0; i < bags->broken; ++i) {
    bundle_.objects.push_back({.fault = Error{Errc::malformed, "it is not what it says it is"}});
  }
  return add_all(bags->good.get(), OBJ_obj2nid(part.type) == NID_pkcs7_encrypted, 0);
}

Result<Bags> Reader::bags_of(const PKCS7& part) {
  if (OBJ_obj2nid(part.type) == NID_pkcs7_data) return plain_bags(octets_of(part.d.data));
  return encrypted_bags(*part.d.encrypted->enc_data);
}

Result<Bags> Reader::encrypted_bags(const PKCS7_ENC_CONTENT& content) {
  const auto words = unlocker();
  if (!words) return Failure(words.error());
  const auto plain = (*words)->decrypt(*content.algorithm, octets_of(content.enc_data), holds_bags);
  if (!plain) return Failure(plain.error());
  return plain_bags(plain->view());
}

Result<void> Reader::add_all(const STACK_OF(PKCS12_SAFEBAG) * bags, bool encrypted, int depth) {
  for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
    if (bundle_.objects.size() == most_objects) {
      return fail(Errc::unsupported, "it holds too many objects");
    }
    const auto* bag = sk_PKCS12_SAFEBAG_value(bags, i);
    if (auto added = add(bag, encrypted, depth); !added) return added;
  }
  return {};
}

Result<void> Reader::add(const PKCS12_SAFEBAG* bag, bool encrypted, int depth) {
  Object object{.label = name_in(bag, NID_friendlyName),
                .encrypted = encrypted,
                .provider = name_in(bag, NID_ms_csp_name)};
  const auto* id = PKCS12_SAFEBAG_get0_attr(bag, NID_localKeyID);
  if (id != nullptr && id->type == V_ASN1_OCTET_STRING) {
    const auto octets = octets_of(id->value.octet_string);
    object.id.assign(octets.begin(), octets.end());
  }
  switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_keyBag: {
      const auto* key = PKCS12_SAFEBAG_get0_p8inf(bag);
      object.pkcs8 = Secret(static_cast<std::size_t>(i2d_PKCS8_PRIV_KEY_INFO(key, nullptr)));
      auto* out = object.pkcs8.writable().data();
      i2d_PKCS8_PRIV_KEY_INFO(key, &out);
      break;
    }
    case NID_pkcs8ShroudedKeyBag:
      return add_encrypted_key(bag, std::move(object));
    case NID_certBag:
      add_certificate(bag, std::move(object));
      return {};
    case NID_crlBag:
      bundle_.holds_more = true;
      return {};
    case NID_secretBag:
      bundle_.holds_more = true;
      object.kind = EntryKind::secret_key;
      break;
    case NID_safeContentsBag:
      if (depth == deepest_nesting) return fail(Errc::malformed, "its parts are nested too deep");
      return add_all(PKCS12_SAFEBAG_get0_safes(bag), encrypted, depth + 1);
    default:
      object.fault = Error{Errc::unsupported, "it is of a kind that is not known here"};
      break;
  }
  bundle_.objects.push_back(std::move(object));
  return {};
}

Result<void> Reader::add_encrypted_key(const PKCS12_SAFEBAG* bag, Object object) {
  const auto words = unlocker();
  if (!words) return Failure(words.error());
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_OCTET_STRING* octets = nullptr;
  X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, &octets);
  object.encrypted = true;
  auto plain = (*words)->decrypt(*algorithm, octets_of(octets), holds_key);
  if (plain) {
    object.pkcs8 = std::move(*plain);
  } else if (plain.error().code == Errc::pin_incorrect) {
    return Failure(plain.error());
  } else {
    object.fault = plain.error();
  }
  bundle_.objects.push_back(std::move(object));
  return {};
}

void Reader::add_certificate(const PKCS12_SAFEBAG* bag, Object object) {
  object.kind = EntryKind::certificate;
  const X509Ptr x509(PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Certificate
                         ? PKCS12_SAFEBAG_get1_cert(bag)
                         : nullptr);
  if (x509 == nullptr) {
    object.fault = Error{Errc::malformed, "it is no X.509 certificate"};
  } else {
    object.certificate.resize(static_cast<std::size_t>(i2d_X509(x509.get(), nullptr)));
    auto* out = object.certificate.data();
    i2d_X509(x509.get(), &out);
  }
  bundle_.objects.push_back(std::move(object));
}

/// In the private context. Null when it is no PFX, or not whole.
Pkcs12Ptr parse(BytesView der) {
  auto* made = PKCS12_init_ex(NID_pkcs7_data, private_lib_ctx(), nullptr);
  const auto* in = der.data();
  d2i_PKCS12(&made, &in, static_cast<long>(der.size()));
  Pkcs12Ptr pfx(made);
  return in == der.data() ? nullptr : std::move(pfx);
}

/// A stack of OpenSSL's from all of `octets`.
template <class Pointer>
Pointer parse_all(BytesView octets, const ASN1_ITEM* item) {
  const auto* in = octets.data();
  auto* made = ASN1_item_d2i(nullptr, &in, static_cast<long>(octets.size()), item);
  Pointer stack(reinterpret_cast<typename Pointer::pointer>(made));
  return in == octets.data() + octets.size() ? std::move(stack) : nullptr;
}

/// Nothing where it is not made of bags. One bad bag does not hide the others, as it does in
/// OpenSSL.
std::optional<Bags> parse_bags(BytesView octets) {
  Bags bags{.good = parse_all<Pkcs12BagStackPtr>(octets, ASN1_ITEM_rptr(PKCS12_SAFEBAGS))};
  if (bags.good != nullptr) return bags;
  const auto elements = parse_all<Asn1TypeStackPtr>(octets, ASN1_ITEM_rptr(ASN1_SEQUENCE_ANY));
  if (elements == nullptr) return {};
  bags.good.reset(sk_PKCS12_SAFEBAG_new_null());
  for (int i = 0; i < sk_ASN1_TYPE_num(elements.get()); ++i) {
    const auto* element = sk_ASN1_TYPE_value(elements.get(), i);
    if (element->type != V_ASN1_SEQUENCE) return {};
    const auto der = octets_of(element->value.sequence);
    const auto* in = der.data();
    Pkcs12BagPtr bag(d2i_PKCS12_SAFEBAG(nullptr, &in, static_cast<long>(der.size())));
    if (bag == nullptr) {
      ++bags.broken;
    } else if (sk_PKCS12_SAFEBAG_push(bags.good.get(), bag.get()) != 0) {
      static_cast<void>(bag.release());
    }
  }
  return bags;
}

Result<Bags> plain_bags(BytesView octets) {
  auto bags = parse_bags(octets);
  if (!bags) return broken("a part of it is broken");
  return std::move(*bags);
}

bool holds_bags(BytesView octets) {
  const OpensslErrorMark mark;
  return parse_bags(octets).has_value();
}

bool holds_key(BytesView octets) {
  const OpensslErrorMark mark;
  const auto* in = octets.data();
  const Pkcs8Ptr key(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &in, static_cast<long>(octets.size())));
  return key != nullptr && in == octets.data() + octets.size();
}

/// A part is data, or data encrypted by a passphrase.
Result<void> check_part(const PKCS7& part) {
  switch (OBJ_obj2nid(part.type)) {
    case NID_pkcs7_data:
      if (part.d.data != nullptr) return {};
      break;
    case NID_pkcs7_encrypted:
      if (part.d.encrypted != nullptr && part.d.encrypted->enc_data != nullptr &&
          part.d.encrypted->enc_data->enc_data != nullptr) {
        return {};
      }
      break;
    case NID_pkcs7_enveloped:
      return fail(Errc::unsupported, "it is encrypted for a certificate, not by a passphrase");
    default:
      break;
  }
  return fail(Errc::malformed, "a part of it is broken");
}

/// A BMPString attribute in UTF-8; empty without.
std::string name_in(const PKCS12_SAFEBAG* bag, int attribute) {
  const auto* value = PKCS12_SAFEBAG_get0_attr(bag, attribute);
  if (value == nullptr || value->type != V_ASN1_BMPSTRING) return {};
  const auto octets = octets_of(value->value.bmpstring);
  const OpensslMemoryPtr<char> text(
      OPENSSL_uni2utf8(octets.data(), static_cast<int>(octets.size())));
  return text == nullptr ? "" : text.get();
}

}  // namespace

Result<Bundle> read_bundle(BytesView der, const PassphraseSource& ask, WorkBudget budget) {
  return Reader(der, ask, budget).read();
}

}  // namespace keystore::pfx
