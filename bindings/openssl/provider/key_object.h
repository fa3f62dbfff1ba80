#pragma once

#include <memory>
#include <optional>

#include "bindings/openssl/provider/key_figures.h"
#include "bindings/openssl/provider/key_kind.h"
#include "bindings/openssl/provider/provider.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/key.h"
#include "keystore/result.h"

namespace keystore::provider {

/// The parts of a key that an EVP_PKEY holds; both halves: a key of the software
/// fallback.
enum class Holds { parameters, public_half, both_halves };

/// A key as the operations use it. Immutable and shared by any number of threads.
struct Material {
  EvpPkeyPtr own = {};               ///< of the private context; null: the public half of `key`
  Holds holds = Holds::public_half;  ///< what is in the mirror
  std::optional<Key> key = {};       ///< the private half, where a store keeps it
  KeyFigures figures = {};
  std::optional<Uri> opened_by = {};  ///< where that tells more than the key's own URI

  /// What the private context knows of the key, made when first asked for: a process that signs
  /// once does without. Never null; throws std::bad_alloc.
  EVP_PKEY* mirror() const;
  bool software() const noexcept { return holds == Holds::both_halves; }
  bool has_private() const noexcept { return key.has_value() || software(); }
};

using MaterialPtr = std::shared_ptr<const Material>;

/// The kind of the key at `uri`, by its public half. Errors: unsupported (type, or a key that shows
/// no public half), refused_by_policy (a type that is switched off).
Result<KeyKind> offered_kind(const Provider& provider, const std::optional<PublicKey>& key,
                             const Uri& uri);

/// The key of a store, with its public half as the mirror. Errors: as offered_kind().
Result<MaterialPtr> material_of(const Provider& provider, const Key& key,
                                std::optional<Uri> opened_by = {});
/// A key of the private context.
MaterialPtr material_of(EvpPkeyPtr mirror, Holds holds);

/// `from` with another mirror of the same key, that is written in another way.
MaterialPtr with_mirror(const Material& from, EvpPkeyPtr mirror);

/// What OpenSSL calls key data: one key manager's object. Not shared between threads while it is
/// filled; afterwards only read.
struct KeyObject {
  const Provider* provider = nullptr;
  KeyKind kind = KeyKind::rsa;
  MaterialPtr material = {};  ///< null: still empty
};

/// What OpenSSL carries from emit_key() to a key manager's LOAD, which takes the object by clearing
/// the pointer. Longer than a pointer, because that is what OpenSSL's own key managers take for
/// theirs.
struct EmittedKey {
  KeyObject* object;
  const Provider* provider;
};

/// Hands `key` to OpenSSL through the callback of a decoder or store loader. False, with an error
/// raised, when the key cannot be used; false as well when OpenSSL did not want it.
bool emit_key(const Provider& provider, const Key& key, OSSL_CALLBACK* callback, void* argument,
              std::optional<Uri> opened_by = {});

}  // namespace keystore::provider
