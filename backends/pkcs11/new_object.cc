#include "backends/pkcs11/new_object.h"

#include <fmt/format.h>
#include <openssl/objects.h>

#include <algorithm>

#include "backends/pkcs11/der.h"
#include "backends/pkcs11/entry.h"
#include "keystore/internal/der.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::pkcs11 {
namespace {

bool wants(const NewObject& object, KeyUsage usage, bool by_default) {
  if (object.usage.empty()) return by_default;
  return std::ranges::find(object.usage, usage) != object.usage.end();
}

std::string in_capitals(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return text;
}

CK_KEY_TYPE as_written(CK_KEY_TYPE type, const Quirks& quirks) {
  return type == ckk_ec_montgomery && quirks.montgomery_as_edwards ? CKK_EC_EDWARDS : type;
}

bool is_ec(CK_KEY_TYPE type) { return type == CKK_EC || type == ckk_ec_montgomery; }

/// A session that may write, logged in: a token with few sessions may have given up another one for
/// it, and its login with that.
Result<BorrowedSession> writing_session(Token& token, const TokenLink& link, Patience& patience) {
  const auto epoch = token.epoch();
  auto remedy = Remedy::log_in;
  {
    auto session = token.session(patience, Access::write);
    if (!session) {
      remedy = remedy_for(session.error());
      if (remedy == Remedy::none) return session;
    } else if ((token.flags() & CKF_LOGIN_REQUIRED) == 0 || logged_in(**session)) {
      return session;
    }
  }
  if (auto healed = token.heal(link, epoch, remedy, patience); !healed) {
    return Failure(healed.error());
  }
  return token.session(patience, Access::write);
}

}  // namespace

Result<OpenForWriting> open_for_writing(const Uri& uri, const OpenOptions& options,
                                        const std::vector<const Library*>& libraries) {
  Patience patience;
  auto linked = find_token(uri, options, libraries, patience);
  if (!linked) return Failure(linked.error());
  auto& token = linked->link->token();
  if ((token.flags() & CKF_WRITE_PROTECTED) != 0) {
    return fail(Errc::access_denied,
                fmt::format("token '{}' is write-protected", token.identity().label));
  }
  if (auto ready = token.make_ready(*linked->link, true, patience); !ready) {
    return Failure(ready.error());
  }
  auto session = writing_session(token, *linked->link, patience);
  if (!session) return Failure(session.error());
  return OpenForWriting{std::move(*linked), std::move(*session), patience};
}

Result<TokenAbilities> abilities_of(const OpenForWriting& open) {
  auto& token = open.linked.link->token();
  auto mechanisms = token.mechanisms(open.patience);
  if (!mechanisms) return Failure(mechanisms.error());
  return TokenAbilities{std::move(*mechanisms), token.quirks()};
}

Names names_for(const NewObject& object, const Wanted& wanted, const PublicKey& key) {
  Names names{.label = object.label, .id = object.id};
  if (names.label.empty()) names.label = wanted.label.value_or("");
  if (names.id.empty()) names.id = wanted.id.value_or(Bytes());
  const auto identifier = key.key_identifier();
  if (names.id.empty()) names.id = identifier;
  if (names.label.empty()) {
    names.label = fmt::format(
        "{}-{}", to_string(key.shape().type),
        to_hex(BytesView(identifier).first(std::min<std::size_t>(4, identifier.size()))));
  }
  return names;
}

Result<void> check_free(const Session& session, const Names& names,
                        std::initializer_list<CK_OBJECT_CLASS> classes, const LinkedToken& linked) {
  for (const auto object_class : classes) {
    auto by_label = Template::on_token(object_class);
    by_label.text(CKA_LABEL, names.label);
    auto by_id = Template::on_token(object_class);
    by_id.octets(CKA_ID, names.id);
    const auto check = [&](Template& wanted, std::string_view what) -> Result<void> {
      const auto found = find_objects(session, wanted);
      if (!found) return Failure(found.error());
      if (found->empty()) return {};
      return fail(Errc::already_exists,
                  fmt::format("token '{}' already has a {} object with {}",
                              linked.link->identity().label, uri_type(object_class), what),
                  "choose another label and id, or remove the old object first");
    };
    if (!names.label.empty()) {
      if (auto free = check(by_label, fmt::format("label '{}'", names.label)); !free) return free;
    }
    if (!names.id.empty()) {
      if (auto free = check(by_id, fmt::format("id {}", to_hex(names.id))); !free) return free;
    }
  }
  return {};
}

bool may_leave(const NewObject& object) {
  return object.extractable || object.wrappable || object.wrap_with_trusted;
}

Template private_key_template(CK_KEY_TYPE type, const NewObject& object, const Quirks& quirks,
                              bool on_token) {
  Template result;
  result.number(CKA_CLASS, CKO_PRIVATE_KEY).number(CKA_KEY_TYPE, as_written(type, quirks));
  result.flag(CKA_TOKEN, on_token).flag(CKA_PRIVATE, true);
  result.flag(CKA_SENSITIVE, !object.extractable).flag(CKA_EXTRACTABLE, may_leave(object));
  if (type != ckk_ec_montgomery) {
    result.flag(CKA_SIGN, wants(object, KeyUsage::sign, true));
  } else if (quirks.unnamed_uses_are_allowed) {
    result.flag(CKA_SIGN, false);
  }
  if (type == CKK_RSA) {
    result.flag(CKA_DECRYPT, wants(object, KeyUsage::decrypt, true));
    result.flag(CKA_UNWRAP, wants(object, KeyUsage::unwrap, false));
  } else if (quirks.unnamed_uses_are_allowed) {
    // Other tokens refuse to hear of uses that the type does not have (tpm2-pkcs11 1.9).
    result.flag(CKA_DECRYPT, false).flag(CKA_UNWRAP, false);
  }
  if (is_ec(type)) result.flag(CKA_DERIVE, wants(object, KeyUsage::derive, true));
  if (object.wrap_with_trusted) result.flag(CKA_WRAP_WITH_TRUSTED, true);
  return result;
}

Template public_key_template(CK_KEY_TYPE type, const NewObject& object, const Quirks& quirks) {
  Template result;
  result.number(CKA_CLASS, CKO_PUBLIC_KEY).number(CKA_KEY_TYPE, as_written(type, quirks));
  result.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, false);
  if (type != ckk_ec_montgomery) result.flag(CKA_VERIFY, wants(object, KeyUsage::sign, true));
  if (type == CKK_RSA) {
    result.flag(CKA_ENCRYPT, wants(object, KeyUsage::decrypt, true));
    result.flag(CKA_WRAP, wants(object, KeyUsage::wrap, false));
  }
  return result;
}

Result<CK_KEY_TYPE> key_type_for(KeyType type) {
  switch (type) {
    case KeyType::rsa:
      return CKK_RSA;
    case KeyType::ec:
      return CKK_EC;
    case KeyType::ed25519:
    case KeyType::ed448:
      return CKK_EC_EDWARDS;
    case KeyType::x25519:
    case KeyType::x448:
      return ckk_ec_montgomery;
    case KeyType::dsa:
    case KeyType::other:
      break;
  }
  return fail(Errc::unsupported,
              fmt::format("keys of type {} are not put on tokens", to_string(type)));
}

Result<Bytes> curve_parameters(const KeyShape& shape, const Quirks& quirks) {
  const auto name = shape.type == KeyType::ec ? shape.curve : std::string(to_string(shape.type));
  const bool edwards = shape.type == KeyType::ed25519 || shape.type == KeyType::ed448;
  if (edwards && !quirks.edwards_by_oid) {
    const auto curve = shape.type == KeyType::ed25519 ? "edwards25519" : "edwards448";
    return der::element(der_tag::printable_string, {as_bytes(curve)});
  }
  const OpensslErrorMark mark;
  auto nid = EC_curve_nist2nid(name.c_str());
  // Names of libcrypto: "secp256k1" as it is, "ED25519" in capitals.
  if (nid == NID_undef) nid = OBJ_txt2nid(name.c_str());
  if (nid == NID_undef) nid = OBJ_txt2nid(in_capitals(name).c_str());
  const auto* object = nid == NID_undef ? nullptr : OBJ_nid2obj(nid);
  const int size = object == nullptr ? 0 : i2d_ASN1_OBJECT(object, nullptr);
  if (size <= 0) return fail(Errc::unsupported, fmt::format("curve '{}' is not known", name));
  Bytes encoded(static_cast<std::size_t>(size));
  auto* place = encoded.data();
  i2d_ASN1_OBJECT(object, &place);
  return encoded;
}

}  // namespace keystore::pkcs11
