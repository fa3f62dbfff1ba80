#include <fmt/format.h>

#include "backends/pkcs11/error.h"
#include "backends/pkcs11/import_ways.h"
#include "backends/pkcs11/mechanism.h"
#include "backends/pkcs11/object.h"
#include "backends/pkcs11/public_half.h"
#include "backends/pkcs11/signing_way.h"
#include "keystore/internal/lib_ctx.h"

namespace keystore::pkcs11 {
namespace {

Result<Bytes> sign(const Session& session, CK_OBJECT_HANDLE handle, Plan& plan);

}  // namespace

Result<void> prove_private_key(const Session& session, const TokenAbilities& abilities,
                               CK_OBJECT_HANDLE handle, const PublicKey& half,
                               const NewObject& object) {
  const auto made = read_object(session, handle, CKO_PRIVATE_KEY);
  if (!made) return Failure(made.error());
  const bool in_clear = !made->flag(CKA_SENSITIVE).value_or(false);
  const bool leaves = made->flag(CKA_EXTRACTABLE).value_or(true);
  if ((in_clear && !object.extractable) || (leaves && !may_leave(object))) {
    return fail(Errc::access_denied, "it made the key extractable, which was not asked for");
  }
  const auto mismatch = [] {
    return fail(Errc::key_mismatch, "the key that it unwrapped is another one");
  };
  const auto own = abilities.for_keys(half.shape().type);
  const auto schemes = schemes_on(half.shape(), own);
  if (made->flag(CKA_SIGN).value_or(false) && !schemes.empty()) {
    const auto spec = spec_of(schemes.front());
    const auto message = hash(Digest::sha256, half.spki());
    auto plan = plan_signature(spec, message, half.shape(), own);
    if (!plan) return Failure(plan.error());
    const auto signature = sign(session, handle, *plan);
    if (!signature) return Failure(signature.error());
    const auto good = half.verify(spec, message, *signature);
    if (!good) return Failure(good.error());
    return *good ? Result<void>() : mismatch();
  }
  const auto shown = own_public_key(*made);
  if (!shown) return fail(Errc::unsupported, "a key that may not sign cannot be proven there");
  return *shown == half ? Result<void>() : mismatch();
}

namespace {

Result<Bytes> sign(const Session& session, CK_OBJECT_HANDLE handle, Plan& plan) {
  auto mechanism = plan.as_mechanism();
  auto rv = session.call(function::sign_init, &mechanism, handle);
  if (rv != CKR_OK) return Failure(error_from_rv(rv, "C_SignInit", "to prove the key"));
  Bytes signature(plan.output_size);
  CK_ULONG size = signature.size();
  const auto input = plan.input();
  rv = session.call(function::sign, const_cast<CK_BYTE*>(input.data()), CK_ULONG{input.size()},
                    signature.data(), &size);
  if (rv != CKR_OK) return Failure(error_from_rv(rv, "C_Sign", "to prove the key"));
  if (!plan.can_give(size)) {
    return Failure(error_from_nonsense("C_Sign", "to prove the key",
                                       fmt::format("a signature of {} octets", size)));
  }
  signature.resize(size);
  return plan.raw_ecdsa ? ecdsa_as_der(signature) : signature;
}

}  // namespace
}  // namespace keystore::pkcs11
