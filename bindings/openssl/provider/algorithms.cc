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

Table keymgmts(const Properties& properties) {
  Table table;
  for (const auto kind : all_kinds) {
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

Table encoders(const Properties& properties) {
  Table table;
  for (const auto& form : encoder_forms()) {
    const auto* definition = encoder_properties(properties, form);
    for (const auto kind : all_kinds) {
      table.push_back({all_names(kind), definition, form.table(), "private keys"});
    }
  }
  table.push_back(end_of_table);
  return table;
}

struct Tables {
  explicit Tables(const Properties& properties)
      : keymgmt(keymgmts(properties)),
        signature(signatures(properties)),
        cipher({{all_names(KeyKind::rsa), properties.plain, rsa_cipher_table(), "RSA encryption"},
                end_of_table}),
        exchange({{"ECDH", properties.plain, ecdh_table(), "ECDH"}, end_of_table}),
        decoder({{decoder_name, properties.pem, decoder_table(), "key references"}, end_of_table}),
        encoder(encoders(properties)),
        store({{"pkcs11", properties.plain, store_loader_table(), "objects on tokens"},
               {"keystore", properties.plain, store_loader_table(), "configured identities"},
               end_of_table}) {}

  Table keymgmt, signature, cipher, exchange, decoder, encoder, store;
};

// Never destroyed: OpenSSL may look at them while static objects of the process go.
const Tables& tables_of(Flavour flavour) {
  static const auto* const module = new Tables(module_properties);
  static const auto* const built_in = new Tables(built_in_properties);
  return flavour == Flavour::module ? *module : *built_in;
}

}  // namespace

const OSSL_ALGORITHM* algorithms_of(Flavour flavour, int operation) {
  const auto& tables = tables_of(flavour);
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
