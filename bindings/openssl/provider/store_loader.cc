#include "bindings/openssl/provider/store_loader.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/store.h>

#include <array>
#include <variant>

#include "bindings/openssl/provider/dispatch/entry.h"
#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/dispatch/in_store.h"
#include "bindings/openssl/provider/dispatch/params.h"
#include "bindings/openssl/provider/key_object.h"
#include "bindings/openssl/provider/load_options.h"
#include "bindings/openssl/provider/store_search.h"
#include "keystore/store.h"

namespace keystore::provider {
namespace {

using Object = std::variant<Key, PublicKey, Certificate>;

/// One OSSL_STORE: opened at the first load, because only a load can ask for a PIN.
struct Loader {
  const Provider* provider;
  Uri uri;
  int expected = 0;  ///< an OSSL_STORE_INFO_…; 0: everything
  StoreSearch search = {};
  bool listed = false;
  std::vector<Object> objects = {};
  std::size_t next = 0;

  bool wants(int type) const {
    if (search.certificates_only() && type != OSSL_STORE_INFO_CERT) return false;
    return expected == 0 || expected == type;
  }
};

Loader& loader_of(void* data) { return *static_cast<Loader*>(data); }

void append(std::vector<Error>& skipped, std::vector<Error> more) {
  for (auto& error : more) skipped.push_back(std::move(error));
}

Result<void> list_keys(Loader& loader, const Store& store, std::vector<Error>& skipped) {
  auto keys = store.find_keys(loader.search.query());
  if (!keys) return Failure(keys.error());
  for (auto& key : keys->items) {
    if (key.public_key() && !loader.search.matches(*key.public_key())) continue;
    if (const auto usable = material_of(*loader.provider, key); !usable) {
      skipped.push_back(usable.error());
    } else {
      loader.objects.emplace_back(std::move(key));
    }
  }
  append(skipped, std::move(keys->skipped));
  return {};
}

// Public key objects alone need no PIN; a token that keeps none shows them with its private keys.
Result<void> list_public_keys(Loader& loader, const Store& store, std::vector<Error>& skipped) {
  auto query = loader.search.query();
  query.kind = EntryKind::public_key;
  auto found = store.find_entries(query);
  if (!found) return Failure(found.error());
  for (auto& entry : found->items) {
    if (!entry.public_key || !loader.search.matches(*entry.public_key)) continue;
    loader.objects.emplace_back(*entry.public_key);
  }
  return loader.objects.empty() ? list_keys(loader, store, skipped) : Result<void>();
}

Result<void> list_certificates(Loader& loader, const Store& store, std::vector<Error>& skipped) {
  auto certificates = store.find_certificates(loader.search.query());
  if (!certificates) return Failure(certificates.error());
  for (auto& certificate : certificates->items) {
    if (loader.search.matches(certificate)) loader.objects.emplace_back(std::move(certificate));
  }
  append(skipped, std::move(certificates->skipped));
  return {};
}

Result<void> list(Loader& loader, const LoadPassphrase& passphrase) {
  const auto options = load_options(passphrase, UriOrigin::caller);
  if (!options) return Failure(options.error());
  const auto store = open(loader.uri, *options);
  if (!store) return Failure(store.error());
  std::vector<Error> skipped;
  Result<void> done;
  const bool public_asked = loader.expected == OSSL_STORE_INFO_PUBKEY;
  if (public_asked && loader.wants(OSSL_STORE_INFO_PUBKEY))
    done = list_public_keys(loader, *store, skipped);
  if (loader.wants(OSSL_STORE_INFO_PKEY)) done = list_keys(loader, *store, skipped);
  if (done && loader.wants(OSSL_STORE_INFO_CERT)) {
    done = list_certificates(loader, *store, skipped);
  }
  if (!done || !loader.objects.empty()) return done;
  if (!skipped.empty()) return Failure(skipped.front());
  if (loader.search.any()) return {};
  return fail(Errc::not_found, "nothing of the kind that is asked for at " + loader.uri.canonical(),
              "'keystore ls' shows what is there");
}

int emit_certificate(const Certificate& certificate, OSSL_CALLBACK* callback, void* argument) {
  int type = OSSL_OBJECT_CERT;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA,
                                        const_cast<std::uint8_t*>(certificate.der().data()),
                                        certificate.der().size()),
      OSSL_PARAM_construct_end()};
  return callback(params, argument);
}

// As SubjectPublicKeyInfo: any provider can take it.
int emit_public_key(const PublicKey& key, OSSL_CALLBACK* callback, void* argument) {
  int type = OSSL_OBJECT_PKEY;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE,
                                       const_cast<char*>("SubjectPublicKeyInfo"), 0),
      OSSL_PARAM_construct_octet_string(
          OSSL_OBJECT_PARAM_DATA, const_cast<std::uint8_t*>(key.spki().data()), key.spki().size()),
      OSSL_PARAM_construct_end()};
  return callback(params, argument);
}

int emit(const Loader& loader, const Object& object, OSSL_CALLBACK* callback, void* argument) {
  if (const auto* key = std::get_if<Key>(&object)) {
    return emit_key(*loader.provider, *key, callback, argument, loader.uri) ? 1 : 0;
  }
  if (const auto* key = std::get_if<PublicKey>(&object)) {
    return emit_public_key(*key, callback, argument);
  }
  return emit_certificate(std::get<Certificate>(object), callback, argument);
}

void* open_store(void* context, const char* text) noexcept {
  const auto& provider = *static_cast<const Provider*>(context);
  return store_guard<void*>(provider, nullptr, [&]() -> void* {
    const auto uri = Uri::parse(text);
    if (uri) return new Loader{&provider, *uri};
    raise(provider, uri.error());
    return nullptr;
  });
}

const OSSL_PARAM* settable_params(void*) noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, nullptr),
      OSSL_PARAM_octet_string(OSSL_STORE_PARAM_SUBJECT, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_STORE_PARAM_ISSUER, nullptr, 0),
      OSSL_PARAM_BN(OSSL_STORE_PARAM_SERIAL, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_STORE_PARAM_DIGEST, nullptr, 0),
      OSSL_PARAM_octet_string(OSSL_STORE_PARAM_FINGERPRINT, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_STORE_PARAM_ALIAS, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_STORE_PARAM_PROPERTIES, nullptr, 0),
      OSSL_PARAM_END};
  return table;
}

int set_params(void* data, const OSSL_PARAM params[]) noexcept {
  auto& loader = loader_of(data);
  return guard(*loader.provider, 0, [&] {
    if (const auto expected = int_param(params, OSSL_STORE_PARAM_EXPECT)) {
      loader.expected = *expected;
    }
    const auto done = loader.search.set(params, loader.provider->digests());
    if (!done) raise(*loader.provider, done.error());
    return done ? 1 : 0;
  });
}

int load(void* data, OSSL_CALLBACK* callback, void* argument, OSSL_PASSPHRASE_CALLBACK* ask,
         void* ask_argument) noexcept {
  auto& loader = loader_of(data);
  return store_guard(*loader.provider, 0, [&] {
    if (!loader.listed) {
      loader.listed = true;
      const LoadPassphrase passphrase(ask, ask_argument);
      if (const auto done = in_store([&] { return list(loader, passphrase); }); !done) {
        loader.objects.clear();
        raise(*loader.provider, done.error());
        return 0;
      }
    }
    if (loader.next >= loader.objects.size()) return 0;
    return emit(loader, loader.objects[loader.next++], callback, argument);
  });
}

int at_end(void* data) noexcept {
  const auto& loader = loader_of(data);
  return loader.listed && loader.next >= loader.objects.size() ? 1 : 0;
}

int close_store(void* data) noexcept {
  destroy<Loader>(data);
  return 1;
}

// Keys do not leave their store; OpenSSL takes the reference itself to our key manager then.
int export_object(void*, const void*, std::size_t, OSSL_CALLBACK*, void*) noexcept { return 0; }

}  // namespace

const OSSL_DISPATCH* store_loader_table() noexcept {
  static const std::array rows = {
      entry<OSSL_FUNC_store_open_fn>(OSSL_FUNC_STORE_OPEN, open_store),
      entry<OSSL_FUNC_store_settable_ctx_params_fn>(OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS,
                                                    settable_params),
      entry<OSSL_FUNC_store_set_ctx_params_fn>(OSSL_FUNC_STORE_SET_CTX_PARAMS, set_params),
      entry<OSSL_FUNC_store_load_fn>(OSSL_FUNC_STORE_LOAD, load),
      entry<OSSL_FUNC_store_eof_fn>(OSSL_FUNC_STORE_EOF, at_end),
      entry<OSSL_FUNC_store_close_fn>(OSSL_FUNC_STORE_CLOSE, close_store),
      entry<OSSL_FUNC_store_export_object_fn>(OSSL_FUNC_STORE_EXPORT_OBJECT, export_object),
      last_entry};
  return rows.data();
}

}  // namespace keystore::provider
