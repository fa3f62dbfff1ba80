#include "backends/pkcs11/import_ways.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "backends/pkcs11/error.h"
#include "backends/pkcs11/private_parts.h"
#include "backends/pkcs11/transport_key.h"
#include "keystore/internal/pkcs8.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::size_t iv_octets = 16;

using Way = Result<PlacedKey> (*)(const Session&, const TokenAbilities&, const NewPrivateKey&);

Result<PlacedKey> create(const Session& session, const TokenAbilities& abilities,
                         const NewPrivateKey& key);
Result<PlacedKey> unwrap_by_aes(const Session& session, const TokenAbilities& abilities,
                                const NewPrivateKey& key);
Result<PlacedKey> unwrap_by_rsa(const Session& session, const TokenAbilities& abilities,
                                const NewPrivateKey& key);

constexpr std::array<Way, 3> ways = {create, unwrap_by_aes, unwrap_by_rsa};

}  // namespace

Result<PlacedKey> place_private_key(const Session& session, const TokenAbilities& abilities,
                                    const std::string& token, const NewPrivateKey& key) {
  std::vector<Error> refusals;
  for (const auto way : ways) {
    auto placed = way(session, abilities, key);
    if (placed) return placed;
    auto error = placed.error();
    if (is_refusal(error)) {
      refusals.push_back(std::move(error));
      continue;
    }
    error.message =
        fmt::format("cannot put the private key onto token '{}': {}", token, error.message);
    return Failure(std::move(error));
  }
  std::vector<std::string_view> reasons;
  for (const auto& refusal : refusals) reasons.emplace_back(refusal.message);
  return Failure(Error{Errc::unsupported,
                       fmt::format("cannot put the private key onto token '{}': {}", token,
                                   fmt::join(reasons, "; ")),
                       refusals.front().cause, "make the key on the token: keystore new"});
}

namespace {

Result<PlacedKey> create(const Session& session, const TokenAbilities& abilities,
                         const NewPrivateKey& key) {
  const auto shape = key.half.shape();
  const auto parts = private_parts(key.key, shape);
  if (!parts) return Failure(parts.error());
  auto wanted = key.attributes(abilities.quirks);
  for (const auto& [attribute, value] : *parts) wanted.secret(attribute, value.view());
  if (shape.type != KeyType::rsa) {
    const auto parameters = curve_parameters(shape, abilities.quirks);
    if (!parameters) return Failure(parameters.error());
    wanted.octets(CKA_EC_PARAMS, *parameters);
  }
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  const auto rv = session.call(function::create_object, wanted.data(), wanted.size(), &made);
  if (rv == CKR_OK) return PlacedKey{TemporaryObject(session, made), "C_CreateObject"};
  return Failure(error_from_rv(rv, "C_CreateObject", "as it is"));
}

Result<PlacedKey> unwrap_by_aes(const Session& session, const TokenAbilities& abilities,
                                const NewPrivateKey& key) {
  const auto rows = aes_wraps(abilities);
  if (rows.empty()) return fail(Errc::unsupported, "it has no mechanism to unwrap with an AES key");
  const auto pkcs8 = encode_pkcs8(key.key);
  if (!pkcs8) return Failure(pkcs8.error());
  const auto transport = make_transport_key(session, abilities);
  if (!transport) return Failure(transport.error());
  std::optional<Error> refused;
  for (const auto& row : rows) {
    auto iv = random_secret(iv_octets);
    if (!iv) return Failure(iv.error());
    const auto wrapped = wrap_with_aes(row.form, transport->value, iv->view(), pkcs8->view());
    if (!wrapped) return Failure(wrapped.error());
    CK_MECHANISM mechanism = {row.mechanism, nullptr, 0};
    if (row.form == AesWrap::cbc) {
      mechanism.pParameter = iv->writable().data();
      mechanism.ulParameterLen = iv->size();
    }
    auto wanted = key.attributes(abilities.quirks);
    auto made =
        unwrap_object(session, mechanism, row.name, transport->object.handle(), *wrapped, wanted);
    if (made) {
      const auto proven =
          prove_private_key(session, abilities, made->handle(), key.half, key.object);
      if (!proven) return Failure(proven.error());
      return PlacedKey{std::move(*made), fmt::format("C_UnwrapKey with {}, its AES key by {}",
                                                     row.name, transport->brought_by)};
    }
    if (!is_refusal(made.error())) return Failure(made.error());
    refused = made.error();
  }
  return Failure(*refused);
}

Result<PlacedKey> unwrap_by_rsa(const Session& session, const TokenAbilities& abilities,
                                const NewPrivateKey& key) {
  const auto pkcs8 = encode_pkcs8(key.key);
  if (!pkcs8) return Failure(pkcs8.error());
  const auto pair = make_transport_pair(session, abilities);
  if (!pair) return Failure(pair.error());
  auto wanted = key.attributes(abilities.quirks);
  auto made = bring_in(session, abilities, *pair, pkcs8->view(), wanted);
  if (!made) return Failure(made.error());
  const auto proven = prove_private_key(session, abilities, made->handle(), key.half, key.object);
  if (!proven) return Failure(proven.error());
  return PlacedKey{std::move(*made), "C_UnwrapKey with RSA-OAEP"};
}

}  // namespace
}  // namespace keystore::pkcs11
