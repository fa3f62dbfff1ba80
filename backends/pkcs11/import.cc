#include <fmt/format.h>

#include "backends/pkcs11/entry.h"
#include "backends/pkcs11/error.h"
#include "backends/pkcs11/import_ways.h"
#include "backends/pkcs11/key_pair.h"
#include "backends/pkcs11/store.h"
#include "keystore/internal/der.h"
#include "keystore/internal/software_key.h"
#include "keystore/log.h"

namespace keystore::pkcs11 {
namespace {

/// The INTEGER of a certificate's serial number as it stands there (RFC 5280, 4.1).
BytesView serial_number(BytesView certificate);
Result<CK_OBJECT_HANDLE> create_certificate(const Session& session, Template& wanted,
                                            const TokenIdentity& token);

}  // namespace

Result<Entry> TokenStore::import_key(const Secret& pkcs8, const NewObject& object) {
  const auto key = PrivateKeyMaterial::parse(pkcs8);
  if (!key) return Failure(key.error());
  const auto open = open_for_writing(uri_, options_, libraries_);
  if (!open) return Failure(open.error());
  const auto names = names_for(object, wanted_, key->half);
  if (auto free =
          check_free(*open->session, names, {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY}, open->linked);
      !free) {
    return Failure(free.error());
  }
  const auto abilities = abilities_of(*open);
  if (!abilities) return Failure(abilities.error());
  const NewPrivateKey wanted{key->pkey.get(), key->half, key->type, object, names};
  const auto& token = open->linked.link->identity().label;
  auto placed = place_private_key(*open->session, *abilities, token, wanted);
  if (!placed) return Failure(placed.error());
  auto entry = finish_pair(*open, wanted, std::move(placed->object));
  if (entry) {
    log(LogLevel::info,
        fmt::format("key '{}' was put onto token '{}' by {}", names.label, token, placed->way));
  }
  return entry;
}

Result<std::string> TokenStore::rehearse_import(const KeySpec& spec) {
  const auto pkcs8 = generate_software_key(spec);
  if (!pkcs8) return Failure(pkcs8.error());
  const auto key = PrivateKeyMaterial::parse(*pkcs8);
  if (!key) return Failure(key.error());
  const auto open = open_for_writing(uri_, options_, libraries_);
  if (!open) return Failure(open.error());
  const auto abilities = abilities_of(*open);
  if (!abilities) return Failure(abilities.error());
  const auto names = names_for({.label = "keystore-rehearsal"}, {}, key->half);
  const auto placed =
      place_private_key(*open->session, *abilities, open->linked.link->identity().label,
                        {key->pkey.get(), key->half, key->type, {}, names, false});
  if (!placed) return Failure(placed.error());
  return placed->way;
}

Result<Entry> TokenStore::import_certificate(const Certificate& certificate,
                                             const NewObject& object) {
  const auto key = certificate.public_key();
  if (!key) return Failure(key.error());
  auto open = open_for_writing(uri_, options_, libraries_);
  if (!open) return Failure(open.error());
  const auto& session = *open->session;
  const auto names = names_for(object, wanted_, *key);
  // Issuers share their label with the leaf's family at times: the certificate itself decides.
  auto same = Template::on_token(CKO_CERTIFICATE);
  same.octets(CKA_VALUE, certificate.der());
  const auto there = find_objects(session, same);
  if (!there) return Failure(there.error());
  if (!there->empty()) {
    return fail(Errc::already_exists,
                fmt::format("token '{}' already has the certificate of {}",
                            open->linked.link->identity().label, certificate.subject()));
  }
  if (auto free = check_free(session, names, {CKO_CERTIFICATE}, open->linked); !free) {
    return Failure(free.error());
  }
  Template wanted;
  wanted.number(CKA_CLASS, CKO_CERTIFICATE).number(CKA_CERTIFICATE_TYPE, CKC_X_509);
  wanted.flag(CKA_TOKEN, true).flag(CKA_PRIVATE, false);
  wanted.text(CKA_LABEL, names.label).octets(CKA_ID, names.id);
  wanted.octets(CKA_SUBJECT, certificate.subject_der())
      .octets(CKA_ISSUER, certificate.issuer_der())
      // An attribute that may be left out by the standard, but not on NSS.
      .octets(CKA_SERIAL_NUMBER, serial_number(certificate.der()));
  wanted.octets(CKA_VALUE, certificate.der());
  const auto made = create_certificate(session, wanted, open->linked.link->identity());
  if (!made) return Failure(made.error());
  auto read = read_object(session, *made, CKO_CERTIFICATE);
  if (!read) return Failure(read.error());
  return make_entry(open->linked.uri, *read, {});
}

namespace {

BytesView serial_number(BytesView certificate) {
  const auto outer = DerReader(certificate).next(der_tag::sequence);
  const auto signed_part = DerReader(outer.value_or(BytesView())).next(der_tag::sequence);
  DerReader fields(signed_part.value_or(BytesView()));
  fields.next(der_tag::context_0);  // the version
  const auto serial = fields.next();
  return serial ? serial->whole : BytesView();
}

Result<CK_OBJECT_HANDLE> create_certificate(const Session& session, Template& wanted,
                                            const TokenIdentity& token) {
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  const auto rv = session.call(function::create_object, wanted.data(), wanted.size(), &made);
  if (rv == CKR_OK) return made;
  return Failure(
      error_from_rv(rv, "C_CreateObject",
                    fmt::format("cannot put the certificate onto token '{}'", token.label)));
}

}  // namespace
}  // namespace keystore::pkcs11
