#include "keystore/key.h"

#include <algorithm>

#include "keystore/backend.h"
#include "keystore/internal/openssl_error.h"
#include "keystore/internal/sign_params.h"

namespace keystore {
namespace {

CallLimits with_deadline(const CallLimits& limits) {
  auto bounded = limits;
  if (!bounded.deadline) bounded.deadline = std::chrono::steady_clock::now() + default_deadline;
  return bounded;
}

/// Runs `request` and takes the reply's one expected alternative.
template <class T>
Result<T> run(const KeyBackend& backend, const Request& request, const CallLimits& limits) {
  if (limits.stop.stop_requested()) {
    return fail(Errc::cancelled, "the operation on key '" + backend.entry().label +
                                     "' was cancelled before it began");
  }
  const OpensslErrorMark mark;  // modules that use libcrypto leave errors in the caller's queue
  auto reply = backend.run(request, with_deadline(limits));
  if (!reply) return Failure(reply.error());
  if (auto* value = std::get_if<T>(&*reply)) return std::move(*value);
  return fail(Errc::internal, "the store of key '" + backend.entry().label +
                                  "' answered something else than it was asked");
}

bool same_group(const KeyShape& a, const KeyShape& b) {
  return a.type == b.type && a.curve == b.curve;
}

}  // namespace

Key::Key(std::shared_ptr<const KeyBackend> backend) : backend_(std::move(backend)) {}

const std::string& Key::label() const noexcept { return entry().label; }

const Bytes& Key::id() const noexcept { return entry().id; }

const Uri& Key::uri() const noexcept { return entry().uri; }

KeyType Key::type() const noexcept { return entry().shape ? entry().shape->type : KeyType::other; }

const Entry& Key::entry() const noexcept { return backend_->entry(); }

const std::optional<PublicKey>& Key::public_key() const noexcept { return entry().public_key; }

std::span<const SignatureScheme> Key::schemes() const noexcept { return backend_->schemes(); }

bool Key::can_sign(const SignSpec& spec) const { return backend_->can_sign(spec); }

Result<Bytes> Key::sign(SignatureScheme scheme, BytesView message, const CallLimits& limits) const {
  if (std::ranges::find(schemes(), scheme) == schemes().end()) {
    std::string known;
    for (const auto each : schemes())
      known += (known.empty() ? "" : ", ") + std::string(to_string(each));
    return fail(Errc::invalid_argument,
                "key '" + label() + "' does not sign with " + std::string(to_string(scheme)),
                known.empty() ? "it has no signature schemes" : "it can " + known);
  }
  return sign_digest(spec_of(scheme), message, limits);
}

Result<Bytes> Key::sign_digest(const SignSpec& spec, BytesView input,
                               const CallLimits& limits) const {
  if (entry().shape) {
    if (auto fits = check_sign_spec(*entry().shape, spec, input); !fits) {
      return Failure(fits.error());
    }
  }
  return run<Bytes>(*backend_, SignRequest{spec, input}, limits);
}

Result<Secret> Key::decrypt(const DecryptSpec& spec, BytesView ciphertext,
                            const CallLimits& limits) const {
  const bool able = !entry().shape || (type() == KeyType::rsa && !entry().shape->rsa_pss_only);
  if (!able) {
    return fail(Errc::invalid_argument, "key '" + label() + "' of type " +
                                            std::string(to_string(type())) + " does not decrypt");
  }
  return run<Secret>(*backend_, DecryptRequest{spec, ciphertext}, limits);
}

Result<Secret> Key::derive(const PublicKey& peer, const CallLimits& limits) const {
  if (entry().shape && !same_group(*entry().shape, peer.shape())) {
    return fail(
        Errc::invalid_argument,
        "the other side's public key is not of the type and curve of key '" + label() + "'");
  }
  return run<Secret>(*backend_, DeriveRequest{peer}, limits);
}

Result<Secret> Key::export_pkcs8(const ExportPermit&) const {
  const OpensslErrorMark mark;
  return backend_->export_pkcs8();
}

}  // namespace keystore
