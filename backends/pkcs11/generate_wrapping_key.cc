#include <fmt/format.h>

#include <algorithm>

#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/error.h"
#include "backends/pkcs11/key_wrap.h"
#include "backends/pkcs11/new_object.h"
#include "backends/pkcs11/store.h"
#include "backends/pkcs11/temporary_object.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::size_t id_octets = 20;

bool wants(const NewObject& object, KeyUsage usage) {
  return object.usage.empty() || std::ranges::find(object.usage, usage) != object.usage.end();
}

/// As asked, as the URI says, else by chance: a secret key has no public half to be named after.
Result<Names> names_of_secret(const NewObject& object, const Wanted& wanted) {
  Names names{.label = object.label, .id = object.id};
  if (names.label.empty()) names.label = wanted.label.value_or("");
  if (names.id.empty()) names.id = wanted.id.value_or(Bytes());
  if (names.id.empty()) {
    const auto chosen = random_secret(id_octets);
    if (!chosen) return Failure(chosen.error());
    names.id.assign(chosen->view().begin(), chosen->view().end());
  }
  if (names.label.empty()) {
    const auto first = BytesView(names.id).first(std::min<std::size_t>(4, names.id.size()));
    names.label = fmt::format("aes-{}", to_hex(first));
  }
  return names;
}

Template wrapping_key_template(unsigned bits, const NewObject& object, const Names& names) {
  Template wanted;
  wanted.number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_AES);
  wanted.number(CKA_VALUE_LEN, bits / 8);
  wanted.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, true);
  wanted.flag(CKA_SENSITIVE, !object.extractable).flag(CKA_EXTRACTABLE, may_leave(object));
  if (object.wrap_with_trusted) wanted.flag(CKA_WRAP_WITH_TRUSTED, true);
  wanted.flag(CKA_WRAP, wants(object, KeyUsage::wrap));
  wanted.flag(CKA_UNWRAP, wants(object, KeyUsage::unwrap));
  // A key that both unwraps and decrypts gives out what it wrapped.
  wanted.flag(CKA_ENCRYPT, false).flag(CKA_DECRYPT, false);
  wanted.text(CKA_LABEL, names.label).octets(CKA_ID, names.id);
  return wanted;
}

}  // namespace

Result<Entry> TokenStore::generate_wrapping_key(unsigned bits, const NewObject& object) {
  if (bits != 128 && bits != 192 && bits != 256) {
    return fail(Errc::invalid_argument,
                fmt::format("AES keys have 128, 192 or 256 bits, not {}", bits));
  }
  const auto open = open_for_writing(uri_, options_, libraries_);
  if (!open) return Failure(open.error());
  const auto& session = *open->session;
  const auto names = names_of_secret(object, wanted_);
  if (!names) return Failure(names.error());
  if (auto free = check_free(session, *names, {CKO_SECRET_KEY}, open->linked); !free) {
    return Failure(free.error());
  }
  auto wanted = wrapping_key_template(bits, object, *names);
  CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  const auto rv =
      session.call(function::generate_key, &mechanism, wanted.data(), wanted.size(), &handle);
  if (rv != CKR_OK) {
    return Failure(error_from_rv(rv, "C_GenerateKey",
                                 fmt::format("cannot generate an AES key on token '{}'",
                                             open->linked.link->identity().label)));
  }
  TemporaryObject made(session, handle);
  const auto read = read_object(session, handle, CKO_SECRET_KEY);
  if (!read) return Failure(read.error());
  made.keep();
  return make_entry(open->linked.uri, *read, {});
}

}  // namespace keystore::pkcs11
