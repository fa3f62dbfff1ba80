#pragma once

#include <atomic>
#include <memory>

#include "backends/pkcs11/library.h"
#include "backends/pkcs11/patience.h"
#include "backends/pkcs11/token_identity.h"
#include "keystore/backend.h"
#include "keystore/secret.h"
#include "keystore/uri.h"

namespace keystore::pkcs11 {

class Token;

/// A PIN that the token took, shared by all that use the token in this process.
struct AcceptedPin {
  Secret pin;
};

/// What a store and its keys know about a token wherever they are used, in the process that made
/// them and in its children: which token, and how to come by its PIN. Immutable but for the PIN,
/// which is only ever added; no locks, so a child may use what it inherited.
class TokenLink {
 public:
  /// `uri` is the store's, for its PIN attributes.
  TokenLink(const Library& library, TokenIdentity identity, Uri uri, OpenOptions options);
  ~TokenLink();
  TokenLink(const TokenLink&) = delete;
  TokenLink& operator=(const TokenLink&) = delete;

  const Library& library() const noexcept { return library_; }
  const TokenIdentity& identity() const noexcept { return identity_; }
  const Uri& uri() const noexcept { return uri_; }
  const OpenOptions& options() const noexcept { return options_; }
  /// This process's state of the token.
  Token& token() const;

  /// Something to ask for a PIN, or a PIN already.
  bool has_pin_source() const noexcept;
  /// The PIN would come from someone at a keyboard just now.
  bool person_types() const;
  /// Null: none was taken yet.
  std::shared_ptr<const AcceptedPin> accepted_pin() const noexcept;
  void keep_pin(std::shared_ptr<const AcceptedPin> pin) const;

 private:
  struct Kept;
  const Library& library_;
  const TokenIdentity identity_;
  const Uri uri_;
  const OpenOptions options_;
  mutable std::atomic<const Kept*> kept_ = nullptr;
};

}  // namespace keystore::pkcs11
