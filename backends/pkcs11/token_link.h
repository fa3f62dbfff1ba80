#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "backends/pkcs11/library.h"
#include "backends/pkcs11/patience.h"
#include "backends/pkcs11/token_identity.h"
#include "keystore/backend.h"
#include "keystore/internal/held_pin.h"
#include "keystore/internal/pin_origin.h"
#include "keystore/uri.h"

namespace keystore::pkcs11 {

class Token;

/// What other tokens that a URI fits have in common with the one in question.
struct Namesakes {
  bool pin = false;    ///< one of them wants a PIN too
  bool label = false;  ///< a token that is there has the same label
};

/// What a store and its keys know about a token wherever they are used, in the process that made
/// them and in its children: which token, and how to come by its PIN. Immutable but for the PIN,
/// which is only ever added; no locks, so a child may use what it inherited.
class TokenLink {
 public:
  /// `uri` is the store's, for its PIN attributes.
  TokenLink(const Library& library, TokenIdentity identity, Uri uri, OpenOptions options,
            Namesakes namesakes = {});
  ~TokenLink();
  TokenLink(const TokenLink&) = delete;
  TokenLink& operator=(const TokenLink&) = delete;

  const Library& library() const noexcept { return library_; }
  const TokenIdentity& identity() const noexcept { return identity_; }
  const Uri& uri() const noexcept { return uri_; }
  const OpenOptions& options() const noexcept { return options_; }
  const Namesakes& namesakes() const noexcept { return namesakes_; }
  /// This process's state of the token.
  Token& token() const;

  /// Who answers when the PIN is read; one in hand left aside.
  PinOrigin origin() const { return pin_origin(uri_, options_); }
  /// Something to ask for a PIN, or a PIN already.
  bool has_pin_source() const;
  /// The PIN would come from someone who is told which token asks, just now.
  bool person_types() const;
  /// One PIN for several tokens is shown to none of them. Errors: ambiguous.
  Result<void> check_whose_pin() const;
  /// To ask for the PIN; `what` is the token's or that of one operation.
  PinRequest request(PinRequest::What what) const;
  /// After a login too (DESIGN.md, section 4: policy pin_cache).
  bool keeps_pin() const noexcept;
  /// Null: none is in hand.
  std::shared_ptr<const HeldPin> known_pin() const noexcept;
  void keep_pin(std::shared_ptr<const HeldPin> pin) const;
  /// The PIN that the caller wrote into the URI or the options, which is read without asking
  /// anybody; not set where it comes from elsewhere, or was compared with the token's already.
  std::optional<Secret> stated_pin() const;
  bool states_pin() const noexcept { return states_pin_ && !agrees_.load(); }
  /// It is the one that this process is logged in with, as far as is known.
  void stated_pin_agrees() const noexcept { agrees_ = true; }
  /// The token refused the PIN that was in hand.
  bool pin_was_refused() const noexcept;

 private:
  struct Kept;
  const Library& library_;
  const TokenIdentity identity_;
  const Uri uri_;
  OpenOptions options_;
  const Namesakes namesakes_;
  const std::shared_ptr<const HeldPin> given_;  ///< with the options, maybe forgotten
  mutable std::atomic<const Kept*> kept_ = nullptr;
  const bool states_pin_;
  mutable std::atomic<bool> agrees_ = false;
};

}  // namespace keystore::pkcs11
