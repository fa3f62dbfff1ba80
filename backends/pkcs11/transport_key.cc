#include "backends/pkcs11/transport_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "backends/pkcs11/error.h"
#include "backends/pkcs11/object.h"
#include "backends/pkcs11/public_half.h"
#include "backends/pkcs11/rv_table.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::size_t aes_octets = 32;
constexpr CK_ULONG pair_bits = 3072;  ///< carries any EC key in its PKCS#8 form

struct OaepRow {
  Digest digest = Digest::none;
  CK_MECHANISM_TYPE hash = 0;
  CK_ULONG mgf = 0;
};
constexpr std::array oaep_rows = {OaepRow{Digest::sha256, CKM_SHA256, CKG_MGF1_SHA256},
                                  OaepRow{Digest::sha1, CKM_SHA_1, CKG_MGF1_SHA1}};

Template aes_template();
Result<TransportKey> create_aes(const Session& session);
Result<TransportKey> carry_aes(const Session& session, const TokenAbilities& abilities);

}  // namespace

Result<TransportPair> make_transport_pair(const Session& session, const TokenAbilities& abilities) {
  if (!abilities.has(CKM_RSA_PKCS_OAEP) || !abilities.has(CKM_RSA_PKCS_KEY_PAIR_GEN)) {
    return fail(Errc::unsupported, "it cannot unwrap with an RSA key of its own");
  }
  constexpr std::array<std::uint8_t, 3> f4 = {1, 0, 1};
  Template public_template;
  public_template.flag(CKA_TOKEN, false).flag(CKA_PRIVATE, false);
  public_template.number(CKA_MODULUS_BITS, pair_bits).octets(CKA_PUBLIC_EXPONENT, f4);
  Template private_template;
  private_template.flag(CKA_TOKEN, false).flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true);
  private_template.flag(CKA_EXTRACTABLE, false).flag(CKA_UNWRAP, true);
  CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
  CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
  CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
  const auto rv = session.call(function::generate_key_pair, &mechanism, public_template.data(),
                               public_template.size(), private_template.data(),
                               private_template.size(), &public_key, &private_key);
  if (rv != CKR_OK) {
    return Failure(error_from_rv(rv, "C_GenerateKeyPair", "an RSA key of the session"));
  }
  const TemporaryObject public_object(session, public_key);
  TemporaryObject private_object(session, private_key);
  const auto shown = read_object(session, public_key, CKO_PUBLIC_KEY);
  if (!shown) return Failure(shown.error());
  auto half = own_public_key(*shown);
  if (!half) return fail(Errc::unsupported, "it does not show the public half of an RSA key");
  return TransportPair{std::move(private_object), std::move(*half)};
}

Result<TemporaryObject> bring_in(const Session& session, const TokenAbilities& abilities,
                                 const TransportPair& pair, BytesView data, Template& wanted) {
  std::optional<Error> refused;
  for (const auto& row : oaep_rows) {
    if (abilities.quirks.oaep_sha1_only && row.digest != Digest::sha1) continue;
    const auto room = oaep_room(pair.public_key.shape().bits, row.digest);
    if (data.size() > room) {
      refused = Error{Errc::unsupported,
                      fmt::format("RSA-OAEP carries {} octets, not {}", room, data.size())};
      continue;
    }
    const auto wrapped = wrap_with_oaep(pair.public_key, row.digest, data);
    if (!wrapped) return Failure(wrapped.error());
    CK_RSA_PKCS_OAEP_PARAMS parameters = {};
    parameters.hashAlg = row.hash;
    parameters.mgf = row.mgf;
    parameters.source = CKZ_DATA_SPECIFIED;
    const CK_MECHANISM mechanism = {CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
    auto made = unwrap_object(session, mechanism, "CKM_RSA_PKCS_OAEP", pair.private_key.handle(),
                              *wrapped, wanted);
    if (made || !is_refusal(made.error())) return made;
    refused = made.error();
  }
  return Failure(*refused);
}

Result<TransportKey> make_transport_key(const Session& session, const TokenAbilities& abilities) {
  auto created = create_aes(session);
  if (created || !is_refusal(created.error())) return created;
  auto carried = carry_aes(session, abilities);
  if (carried || !is_refusal(carried.error())) return carried;
  return fail(Errc::unsupported, fmt::format("it takes no AES key: {}; {}", created.error().message,
                                             carried.error().message));
}

Result<TemporaryObject> unwrap_object(const Session& session, CK_MECHANISM mechanism,
                                      std::string_view mechanism_name, CK_OBJECT_HANDLE by,
                                      BytesView wrapped, Template& wanted) {
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  const auto rv =
      session.call(function::unwrap_key, &mechanism, by, const_cast<CK_BYTE*>(wrapped.data()),
                   CK_ULONG{wrapped.size()}, wanted.data(), wanted.size(), &made);
  if (rv == CKR_OK) return TemporaryObject(session, made);
  return Failure(error_from_rv(rv, "C_UnwrapKey", mechanism_name));
}

bool is_refusal(const Error& error) {
  constexpr std::array<CK_RV, 9> others = {
      CKR_FUNCTION_FAILED,     CKR_ATTRIBUTE_READ_ONLY,    CKR_ATTRIBUTE_SENSITIVE,
      CKR_ACTION_PROHIBITED,   CKR_ENCRYPTED_DATA_INVALID, CKR_ENCRYPTED_DATA_LEN_RANGE,
      CKR_WRAPPED_KEY_INVALID, CKR_WRAPPED_KEY_LEN_RANGE,  CKR_KEY_FUNCTION_NOT_PERMITTED};
  if (error.code == Errc::unsupported) return true;
  if (!error.cause) return false;
  // SoftHSM 2.6.1 of keys that it can create but not unwrap: Edwards ones.
  if (error.cause->code == CKR_GENERAL_ERROR) return error.cause->call == "C_UnwrapKey";
  return std::ranges::find(others, error.cause->code) != others.end();
}

namespace {

Template aes_template() {
  Template wanted;
  wanted.number(CKA_CLASS, CKO_SECRET_KEY).number(CKA_KEY_TYPE, CKK_AES);
  wanted.flag(CKA_TOKEN, false).flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true);
  wanted.flag(CKA_EXTRACTABLE, false).flag(CKA_UNWRAP, true);
  return wanted;
}

Result<TransportKey> create_aes(const Session& session) {
  auto value = random_secret(aes_octets);
  if (!value) return Failure(value.error());
  auto wanted = aes_template();
  wanted.secret(CKA_VALUE, value->view());
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  const auto rv = session.call(function::create_object, wanted.data(), wanted.size(), &made);
  if (rv != CKR_OK)
    return Failure(error_from_rv(rv, "C_CreateObject", "an AES key of the session"));
  return TransportKey{TemporaryObject(session, made), std::move(*value), "C_CreateObject"};
}

Result<TransportKey> carry_aes(const Session& session, const TokenAbilities& abilities) {
  auto value = random_secret(aes_octets);
  if (!value) return Failure(value.error());
  const auto pair = make_transport_pair(session, abilities);
  if (!pair) return Failure(pair.error());
  auto wanted = aes_template();
  auto made = bring_in(session, abilities, *pair, value->view(), wanted);
  if (!made) return Failure(made.error());
  return TransportKey{std::move(*made), std::move(*value), "RSA-OAEP"};
}

}  // namespace
}  // namespace keystore::pkcs11
