#pragma once

#include <atomic>
#include <memory>

#include "bindings/openssl/tls/configure.h"
#include "bindings/openssl/tls/identity_table.h"
#include "bindings/openssl/tls/peer_trust.h"

namespace keystore::openssl {

/// All that handshakes work with at one moment. Immutable.
struct Snapshot {
  IdentityTable identities;
  PeerTrustPtr trust;  ///< null where the application judges its peers itself
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

/// What configure() ties to an SSL_CTX, and lives as long as that. Any thread, and in forked
/// children, which go on with the snapshot of the fork.
class ContextState {
 public:
  ContextState(TlsOptions options, SnapshotPtr first)
      : options_(std::move(options)),
        schemes_(first->identities.schemes_of_all()),
        slot_(new SnapshotPtr(std::move(first))) {}
  ~ContextState();
  ContextState(const ContextState&) = delete;
  ContextState& operator=(const ContextState&) = delete;

  const TlsOptions& options() const noexcept { return options_; }
  /// Clients: what client certificates of this context may be signed with, which libssl settles
  /// before a certificate is chosen.
  const std::vector<SignatureScheme>& schemes() const noexcept { return schemes_; }
  SnapshotPtr current() const;
  void replace(SnapshotPtr next);

 private:
  const TlsOptions options_;
  const std::vector<SignatureScheme> schemes_;
  /// One word, so that a child forked in the middle of replace() finds the old or the new one.
  std::atomic<const SnapshotPtr*> slot_;
};

/// Ties `state` to `context`, in place of an earlier one.
bool tie(SSL_CTX* context, std::unique_ptr<ContextState> state);
/// Null where configure() did not set the context up.
ContextState* state_of(SSL_CTX* context);

}  // namespace keystore::openssl
