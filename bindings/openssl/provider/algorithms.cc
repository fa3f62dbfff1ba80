#include "bindings/openssl/provider/algorithms.h"

#include <openssl/core_dispatch.h>

#include <deque>
#include <string>
#include <vector>

#include "bindings/openssl/provider/asym_cipher.h"
#include "bindings/openssl/provider/decoder.h"
#include "bindings/openssl/provider/encoder.h"
#include "bindings/openssl/provider/keyexch.h"
#include "bindings/openssl/provider/keymgmt.h"
#include "bindings/openssl/provider/signature.h"
#include "bindings/openssl/provider/store_loader.h"

namespace keystore::provider {
namespace {

/// The property definitions of one flavour. Literals: OpenSSL may keep the pointers.
struct Properties {
  const char* plain;
  const char* pem;
};

constexpr Properties module_properties = {"provider=keystore", "provider=keystore,input=pem"};
constexpr Properties built_in_properties = {"provider=keystore-app",
                                            "provider=keystore-app,input=pem"};

using Table = std::vector<OSSL_ALGORITHM>;

constexpr OSSL_ALGORITHM end_of_table = {nullptr, nullptr, nullptr, nullptr};

Table keymgmts(const Properties& properties, bool montgomery) {
  Table table;
  for (const auto kind : offered_kinds(montgomery)) {
    table.push_back({all_names(kind), properties.plain, keymgmt_table(kind), "keys in a store"});
  }
  table.push_back(end_of_table);
  return table;
}

Table signatures(const Properties& properties) {
  return {{all_names(KeyKind::rsa), properties.plain, rsa_signature_table(), "RSA signatures"},
          {"ECDSA", properties.plain, ecdsa_signature_table(), "ECDSA signatures"},
          {all_names(KeyKind::ed25519), properties.plain, eddsa_signature_table(), "Ed25519"},
          {all_names(KeyKind::ed448), properties.plain, eddsa_signature_table(), "Ed448"},
          end_of_table};
}

// The strings are kept for good: OpenSSL may hold the pointers.
const char* encoder_properties(const Properties& properties, const EncoderForm& form) {
  static auto* const kept = new std::deque<std::string>;
  auto text = std::string(properties.plain) + ",output=" + form.output;
  if (form.structure != nullptr) text += std::string(",structure=") + form.structure;
  return kept->emplace_back(std::move(text)).c_str();
}

Table exchanges(const Properties& properties, bool montgomery) {
  Table table = {{"ECDH", properties.plain, ecdh_table(), "ECDH"}};
  for (const auto kind : offered_kinds(montgomery)) {
    if (!is_montgomery(kind)) continue;
    table.push_back({all_names(kind), properties.plain, ecdh_table(), "X25519 and X448"});
  }
  table.push_back(end_of_table);
  return table;
}

Table encoders(const Properties& properties, bool montgomery) {
  Table table;
  for (const auto& form : encoder_forms()) {
    const auto* definition = encoder_properties(properties, form);
    for (const auto kind : offered_kinds(montgomery)) {
      table.push_back({all_names(kind), definition, form.table(), "private keys"});
    }
  }
  table.push_back(end_of_table);
  return table;
}

struct Tables {
  Tables(const Properties& properties, bool montgomery)
      : keymgmt(keymgmts(properties, montgomery)),
        signature(signatures(properties)),
        cipher({{all_names(KeyKind::rsa), properties.plain, rsa_cipher_table(), "RSA encryption"},
                end_of_table}),
        exchange(exchanges(properties, montgomery)),
        decoder({{decoder_name, properties.pem, decoder_table(), "key references"}, end_of_table}),
        encoder(encoders(properties, montgomery)),
        store({{"pkcs11", properties.plain, store_loader_table(), "objects on tokens"},
               {"keystore", properties.plain, store_loader_table(), "configured identities"},
               end_of_table}) {}

  Table keymgmt, signature, cipher, exchange, decoder, encoder, store;
};

// Never destroyed: OpenSSL may look at them while static objects of the process go.
template <const Properties& properties, bool montgomery>
const Tables& tables() {
  static const auto* const made = new Tables(properties, montgomery);
  return *made;
}

template <bool montgomery>
const Tables& tables_with(Flavour flavour) {
  return flavour == Flavour::module ? tables<module_properties, montgomery>()
                                    : tables<built_in_properties, montgomery>();
}

}  // namespace

const OSSL_ALGORITHM* algorithms_of(const Provider& provider, int operation) {
  const auto& tables = provider.montgomery() ? tables_with<true>(provider.flavour())
                                             : tables_with<false>(provider.flavour());
  switch (operation) {
    case OSSL_OP_KEYMGMT:
      return tables.keymgmt.data();
    case OSSL_OP_SIGNATURE:
      return tables.signature.data();
    case OSSL_OP_ASYM_CIPHER:
      return tables.cipher.data();
    case OSSL_OP_KEYEXCH:
      return tables.exchange.data();
    case OSSL_OP_DECODER:
      return tables.decoder.data();
    case OSSL_OP_ENCODER:
      return tables.encoder.data();
    case OSSL_OP_STORE:
      return tables.store.data();
    default:
      return nullptr;
  }
}

}  // namespace keystore::provider
