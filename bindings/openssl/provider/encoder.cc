#include "bindings/openssl/provider/encoder.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>

#include <array>
#include <string>

#include "bindings/openssl/provider/dispatch/entry.h"
#include "bindings/openssl/provider/dispatch/guard.h"
#include "bindings/openssl/provider/dispatch/params.h"
#include "bindings/openssl/provider/key_object.h"
#include "keystore/config.h"
#include "keystore/reference.h"

namespace keystore::provider {
namespace {

constexpr int text_form = 6;
extern const std::array<EncoderForm, 7> forms;

struct Encoder {
  const Provider* provider;
  std::string cipher = {};  ///< that encrypts the output; empty: none
};

void* create(void* data) noexcept {
  const auto& provider = *static_cast<const Provider*>(data);
  return guard<void*>(provider, nullptr, [&] { return new Encoder{&provider}; });
}

int does_selection(void*, int selection) noexcept {
  return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 ? 1 : 0;
}

const OSSL_PARAM* settable(void*) noexcept {
  static const OSSL_PARAM table[] = {
      OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_CIPHER, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_ENCODER_PARAM_PROPERTIES, nullptr, 0), OSSL_PARAM_END};
  return table;
}

int set_params(void* data, const OSSL_PARAM params[]) noexcept {
  auto& encoder = *static_cast<Encoder*>(data);
  return guard(*encoder.provider, 0, [&] {
    if (auto cipher = text_param(params, OSSL_ENCODER_PARAM_CIPHER)) {
      encoder.cipher = *std::move(cipher);
    }
    return 1;
  });
}

int write(const Encoder& encoder, OSSL_CORE_BIO* output, BytesView octets) {
  std::size_t written = 0;
  const auto& core = encoder.provider->core();
  const bool done = core.bio_write_ex(output, octets.data(), octets.size(), &written) == 1;
  return done && written == octets.size() ? 1 : 0;
}

int write(const Encoder& encoder, OSSL_CORE_BIO* output, BIO* memory) {
  char* data = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(memory, &data));
  return write(encoder, output, as_bytes({data, size}));
}

// In locked and wiped memory: the private key passes through it.
BioPtr secret_memory() { return BioPtr(BIO_new(BIO_s_secmem())); }

int encode_software(const Encoder& encoder, const EncoderForm& form, OSSL_CORE_BIO* output,
                    EVP_PKEY* pkey, int selection, OSSL_PASSPHRASE_CALLBACK* ask,
                    void* ask_argument) {
  const OsslEncoderCtxPtr context(
      OSSL_ENCODER_CTX_new_for_pkey(pkey, selection, form.output, form.structure, nullptr));
  const auto memory = secret_memory();
  if (!context || !memory) return 0;
  if (!encoder.cipher.empty() &&
      (OSSL_ENCODER_CTX_set_cipher(context.get(), encoder.cipher.c_str(), nullptr) != 1 ||
       OSSL_ENCODER_CTX_set_passphrase_cb(context.get(), ask, ask_argument) != 1)) {
    return 0;
  }
  return OSSL_ENCODER_to_bio(context.get(), memory.get()) == 1
             ? write(encoder, output, memory.get())
             : 0;
}

int describe(const Encoder& encoder, OSSL_CORE_BIO* output, const Material& material) {
  const auto memory = secret_memory();
  const auto uri = material.key->uri().canonical();
  if (!memory || BIO_printf(memory.get(), "Private-Key in a store: %s\n", uri.c_str()) <= 0 ||
      EVP_PKEY_print_public(memory.get(), material.mirror(), 0, nullptr) != 1) {
    return 0;
  }
  return write(encoder, output, memory.get());
}

Result<Bytes> reference_to(const Material& material, bool pem) {
  const auto config = process_config();
  if (!config) return Failure(config.error());
  const auto& uri = material.key->uri();
  const auto reference = Reference::to_key(
      reference_uri(uri, material.opened_by.value_or(uri), **config), *material.key);
  if (!pem) return reference.to_der();
  const auto text = reference.to_pem();
  if (!text) return Failure(text.error());
  return Bytes(text->begin(), text->end());
}

int write_reference(const Encoder& encoder, OSSL_CORE_BIO* output, const Material& material,
                    bool pem) {
  const auto octets = reference_to(material, pem);
  if (octets) return write(encoder, output, *octets);
  raise(*encoder.provider, octets.error());
  return 0;
}

// Callers take these octets apart or put them into something else (PKCS#12).
int refuse(const Encoder& encoder, const Material& material) {
  raise(*encoder.provider,
        Error{Errc::access_denied,
              "the private key does not leave its store: " + material.key->uri().canonical(),
              {},
              "where a program wants the key's file, give it a reference: 'openssl pkey' or "
              "'keystore ref' write one"});
  return 0;
}

template <int form>
int encode(void* data, OSSL_CORE_BIO* output, const void* object, const OSSL_PARAM[], int selection,
           OSSL_PASSPHRASE_CALLBACK* ask, void* ask_argument) noexcept {
  const auto& encoder = *static_cast<const Encoder*>(data);
  return guard(*encoder.provider, 0, [&] {
    const auto material = object ? static_cast<const KeyObject*>(object)->material : nullptr;
    if (!material) return 0;
    if (!material->key) {
      return encode_software(encoder, forms[form], output, material->mirror(), selection, ask,
                             ask_argument);
    }
    if constexpr (form == text_form) return describe(encoder, output, *material);
    const bool pem = std::string_view(forms[form].output) == "pem";
    const bool own_form = std::string_view(forms[form].structure) == "type-specific";
    const bool on_token = material->key->entry().custody == Custody::token;
    return on_token && (pem || own_form) ? write_reference(encoder, output, *material, pem)
                                         : refuse(encoder, *material);
  });
}

template <int form>
const OSSL_DISPATCH* table() {
  static const std::array rows = {
      entry<OSSL_FUNC_encoder_newctx_fn>(OSSL_FUNC_ENCODER_NEWCTX, create),
      entry<OSSL_FUNC_encoder_freectx_fn>(OSSL_FUNC_ENCODER_FREECTX, destroy<Encoder>),
      entry<OSSL_FUNC_encoder_does_selection_fn>(OSSL_FUNC_ENCODER_DOES_SELECTION, does_selection),
      entry<OSSL_FUNC_encoder_set_ctx_params_fn>(OSSL_FUNC_ENCODER_SET_CTX_PARAMS, set_params),
      entry<OSSL_FUNC_encoder_settable_ctx_params_fn>(OSSL_FUNC_ENCODER_SETTABLE_CTX_PARAMS,
                                                      settable),
      entry<OSSL_FUNC_encoder_encode_fn>(OSSL_FUNC_ENCODER_ENCODE, encode<form>),
      last_entry};
  return rows.data();
}

const std::array<EncoderForm, 7> forms = {{{"der", "PrivateKeyInfo", table<0>},
                                           {"pem", "PrivateKeyInfo", table<1>},
                                           {"der", "EncryptedPrivateKeyInfo", table<2>},
                                           {"pem", "EncryptedPrivateKeyInfo", table<3>},
                                           {"der", "type-specific", table<4>},
                                           {"pem", "type-specific", table<5>},
                                           {"text", nullptr, table<text_form>}}};

}  // namespace

std::span<const EncoderForm> encoder_forms() noexcept { return forms; }

}  // namespace keystore::provider
