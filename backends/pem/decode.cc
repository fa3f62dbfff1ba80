#include "backends/pem/decode.h"

#include <fmt/format.h>

#include "backends/pem/decrypt.h"
#include "backends/pem/der.h"
#include "backends/pem/form.h"
#include "backends/pem/pkcs7.h"
#include "backends/pem/traditional.h"
#include "keystore/internal/software_key.h"
#include "keystore/reference.h"

namespace keystore::pem {
namespace {

Result<Entry> describe_private_key(const Block& block, std::string_view text, Secret octets,
                                   Entry base);
Result<Entry> describe_reference(const Block& block, BytesView octets, Entry base);
Result<Entry> describe_certificate(Form form, BytesView octets, Entry base);
Failure refuse_bundle(BytesView octets);
Result<Entry> describe_public_key(BytesView octets, Entry base);
Result<Secret> to_pkcs8(const Block& block, std::string_view text, Secret octets);

Failure refuse_foreign(const Block& block) {
  return fail(Errc::unsupported, fmt::format("'{}' is not read by this version", block.label),
              std::string(way_out_of(block)));
}

}  // namespace

Result<Entry> describe(const Block& block, std::string_view text, Entry base) {
  const Form form = form_of(block);
  if (form == Form::foreign && !block.fault) return refuse_foreign(block);
  base.attributes["format"] = name_of(form);
  base.attributes["encoding"] = block.der ? "DER" : "PEM";
  base.attributes["offset"] = std::to_string(block.begin);
  // Decoded already, with the others of its block.
  if (block.member) return describe_certificate(Form::certificate, *block.member, std::move(base));
  auto octets = block_octets(block, text);
  if (!octets) return Failure(octets.error());
  switch (form) {
    case Form::reference:
      return describe_reference(block, octets->view(), std::move(base));
    case Form::certificate:
    case Form::trusted_certificate:
      return describe_certificate(form, octets->view(), std::move(base));
    case Form::pkcs7:
      return refuse_bundle(octets->view());
    case Form::public_key:
      return describe_public_key(octets->view(), std::move(base));
    case Form::pkcs12:
      return refuse_foreign(block);
    case Form::pkcs8:
    case Form::encrypted_pkcs8:
    case Form::rsa_key:
    case Form::ec_key:
    case Form::dsa_key:
    case Form::ignored:
    case Form::foreign:
      break;
  }
  return describe_private_key(block, text, std::move(*octets), std::move(base));
}

Result<Secret> private_key_octets(const Block& block, std::string_view text,
                                  Passphrase& passphrase) {
  if (form_of(block) == Form::foreign && !block.fault) return refuse_foreign(block);
  auto octets = block_octets(block, text);
  if (octets && is_encrypted(block)) {
    const auto words = passphrase.get();
    if (!words) return Failure(words.error());
    octets = block.encryption ? decrypt_traditional(*block.encryption, octets->view(), **words)
                              : decrypt_pkcs8(octets->view(), **words, passphrase.budget());
  }
  if (!octets) return octets;
  return to_pkcs8(block, text, std::move(*octets));
}

namespace {

/// An encrypted key says nothing about itself without its passphrase.
Result<Entry> describe_encrypted(Form form, BytesView octets, Entry base) {
  if (form == Form::encrypted_pkcs8) {
    const auto parts = der_sequence_elements(octets);
    if (!parts || parts->size() != 2 || (*parts)[1].tag != der_tag::octet_string) {
      return fail(Errc::malformed, "no EncryptedPrivateKeyInfo");
    }
  }
  return base;
}

Result<Entry> describe_private_key(const Block& block, std::string_view text, Secret octets,
                                   Entry base) {
  base.kind = EntryKind::private_key;
  base.extractable = true;
  base.attributes["encrypted"] = is_encrypted(block) ? "yes" : "no";
  if (is_encrypted(block))
    return describe_encrypted(form_of(block), octets.view(), std::move(base));
  auto pkcs8 = to_pkcs8(block, text, std::move(octets));
  if (!pkcs8) return Failure(pkcs8.error());
  const auto key = make_software_key(std::move(*pkcs8), std::move(base));
  if (!key) return Failure(key.error());
  return (*key)->entry();
}

Result<Entry> describe_reference(const Block& block, BytesView octets, Entry base) {
  auto reference = Reference::parse(block.label, octets);
  if (!reference) return Failure(reference.error());
  base.attributes["file"] = base.uri.path();
  base.uri = reference->uri;
  const auto id = base.uri.path_attribute("id").value_or("");
  base.id.assign(id.begin(), id.end());
  base.kind = EntryKind::private_key;
  base.custody = Custody::token;
  if (reference->public_key) base.shape = reference->public_key->shape();
  base.public_key = std::move(reference->public_key);
  return base;
}

Result<Entry> describe_certificate(Form form, BytesView octets, Entry base) {
  if (form == Form::trusted_certificate) {
    const auto first = DerReader(octets).next();
    if (first) octets = first->whole;
  }
  auto certificate = Certificate::parse(octets);
  if (!certificate) return Failure(certificate.error());
  base.kind = EntryKind::certificate;
  base.certificate = std::move(*certificate);
  return base;
}

/// A PKCS#7 block without certificates, or one that cannot be read.
Failure refuse_bundle(BytesView octets) {
  const auto certificates = certificates_in_pkcs7(octets);
  return certificates ? fail(Errc::malformed, "it holds no certificate")
                      : Failure(certificates.error());
}

Result<Entry> describe_public_key(BytesView octets, Entry base) {
  auto key = PublicKey::parse(octets);
  if (!key) return Failure(key.error());
  base.kind = EntryKind::public_key;
  base.shape = key->shape();
  base.public_key = std::move(*key);
  return base;
}

/// `octets`, decrypted, as PrivateKeyInfo.
Result<Secret> to_pkcs8(const Block& block, std::string_view text, Secret octets) {
  const Form form = form_of(block);
  if (form == Form::pkcs8 || form == Form::encrypted_pkcs8) return octets;
  Secret parameters;
  if (!block.parameters.empty()) {
    auto read = block_octets(block.parameters.front(), text);
    if (read) parameters = std::move(*read);
  }
  return traditional_to_pkcs8(form, octets, parameters.view());
}

}  // namespace
}  // namespace keystore::pem
