#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "keystore/api.h"
#include "keystore/config.h"
#include "keystore/entry.h"
#include "keystore/key.h"
#include "keystore/operation.h"
#include "keystore/query.h"
#include "keystore/result.h"
#include "keystore/secret_source.h"
#include "keystore/trust.h"
#include "keystore/wrapped_key.h"

namespace keystore {

class HeldPin;
class Registry;

/// Who wrote the URI. In data, pin-source and module-path are restricted: data runs nothing.
enum class UriOrigin { caller, data };

struct OpenOptions {
  PinCallback pin = {};                          ///< asked where the URI names no source
  std::optional<SecretSource> pin_source = {};   ///< before `pin`, after the URI's own
  std::shared_ptr<const HeldPin> held_pin = {};  ///< read earlier; before all of these
  std::shared_ptr<const Config> config = {};     ///< null: the process's
  UriOrigin origin = UriOrigin::caller;
  bool create = false;  ///< a file that does not exist yet is fine
};

/// What a backend's open function gets. Copied by backends that need it later.
struct OpenContext {
  const Registry* registry = nullptr;  ///< not null; outlives every store
  OpenOptions options = {};            ///< `config` is set
};

/// The PIN or passphrase for `uri`: options.held_pin, its pin-value, its pin-source,
/// options.pin_source, options.pin, in this order. Errors: pin_required when there is none of them,
/// or the source cannot be read; as SecretSource::read.
KEYSTORE_API Result<Secret> read_pin(const Uri& uri, const OpenOptions& options,
                                     const PinRequest& request);

/// One private key of a backend. Immutable to its users; any thread; usable after fork.
class KEYSTORE_API KeyBackend {
 public:
  virtual ~KeyBackend() = default;
  virtual const Entry& entry() const noexcept = 0;
  virtual std::span<const SignatureScheme> schemes() const noexcept = 0;
  /// Whether it makes such signatures, as far as known without asking the store. Stores that run
  /// whatever fits the type of the key leave this as it is.
  virtual bool can_sign(const SignSpec& spec) const {
    static_cast<void>(spec);
    return true;
  }
  /// The one entry for all operations. The reply holds what the request asks.
  virtual Result<Reply> run(const Request& request, const CallLimits& limits) const = 0;
  virtual Result<Secret> export_pkcs8() const = 0;
};

/// The trust settings of a store.
class KEYSTORE_API TrustSource {
 public:
  virtual ~TrustSource() = default;
  /// Everything: those that are distrusted for all as well.
  virtual Result<Listing<TrustAnchor>> settings() const = 0;
  /// Without those that are distrusted for everything.
  Result<Listing<TrustAnchor>> anchors() const;
  /// Those: refused wherever they stand in a path.
  Result<Listing<Certificate>> distrusted() const;
};

/// A change of a store's anchors that is planned and not made yet.
struct TrustChange {
  std::vector<std::string> steps = {};      ///< what it does, in order, for people
  std::function<Result<void>()> make = {};  ///< Errors: access_denied, unsupported, io
};

/// Changes what the operating system trusts, for every program on it.
class KEYSTORE_API TrustEditor {
 public:
  virtual ~TrustEditor() = default;
  /// Errors: already_exists, refused_by_policy (distrusted by a source), invalid_argument (no CA).
  virtual Result<TrustChange> plan_add(const Certificate& certificate) const = 0;
  /// Errors: not_found; unsupported (trusted by a source that is not changed here).
  virtual Result<TrustChange> plan_remove(const Certificate& certificate) const = 0;
  /// Takes the newest change back that was made here and not taken back yet. Errors: not_found;
  /// refused_by_policy (what it changed was changed again since).
  virtual Result<TrustChange> plan_undo() const = 0;
};

enum class KeyUsage { sign, decrypt, derive, wrap, unwrap };

/// How a new object shall be. Stores ignore what has no meaning for them, as each field says.
struct NewObject {
  std::string label = {};              ///< empty: the URI's, else made from the key
  Bytes id = {};                       ///< empty: the URI's, else the key identifier
  bool extractable = false;            ///< tokens: CKA_EXTRACTABLE and not CKA_SENSITIVE
  bool wrappable = false;              ///< tokens: CKA_EXTRACTABLE and CKA_SENSITIVE
  bool wrap_with_trusted = false;      ///< tokens: wrappable, and CKA_WRAP_WITH_TRUSTED
  std::vector<KeyUsage> usage = {};    ///< tokens; empty: sign, and decrypt (RSA) or derive (EC)
  bool replace = false;                ///< files: overwrite, keeping a backup beside it
  const Secret* passphrase = nullptr;  ///< files: encrypt the key with it; borrowed
  bool legacy = false;  ///< PKCS#12: encrypt so that old systems can read it (3DES, SHA-1)
};

struct KeySpec;

/// Puts existing objects into a store. Nothing is changed on failure.
class KEYSTORE_API Importer {
 public:
  virtual ~Importer() = default;
  /// `pkcs8` is PrivateKeyInfo DER (RFC 5958). Errors: already_exists (same label or id; file
  /// present), unsupported, access_denied, pin_*, unavailable, io.
  virtual Result<Entry> import_key(const Secret& pkcs8, const NewObject& object) = 0;
  virtual Result<Entry> import_certificate(const Certificate& certificate,
                                           const NewObject& object) = 0;
  /// How import_key() would bring in such a key, for people: "C_CreateObject". Tried with a key
  /// made for it, of which nothing stays; empty where there is but one way. Errors: as import_key.
  virtual Result<std::string> rehearse_import(const KeySpec& /*spec*/) { return std::string(); }
};

/// One of several objects that go into a store together: a private key or a certificate.
struct NewItem {
  const Secret* pkcs8 = nullptr;                ///< PrivateKeyInfo DER; borrowed
  std::optional<Certificate> certificate = {};  ///< where there is no key
  std::string label = {};
  Bytes id = {};
};

/// Puts objects that belong together into a store that is written as a whole.
class KEYSTORE_API BundleImporter {
 public:
  virtual ~BundleImporter() = default;
  /// All of them, in this order, or none; label and id of `object` are not looked at. Returns their
  /// entries in this order. Errors: as Importer::import_key.
  virtual Result<std::vector<Entry>> import_bundle(std::span<const NewItem> items,
                                                   const NewObject& object) = 0;
};

/// What to generate.
struct KeySpec {
  KeyType type = KeyType::ec;
  unsigned bits = 0;       ///< RSA
  std::string curve = {};  ///< EC: "P-256", "P-384", "P-521"

  /// "rsa:3072", "ec:p256", "ec:p384", "ec:p521", "ed25519", "ed448". Errors: invalid_argument.
  KEYSTORE_API static Result<KeySpec> parse(std::string_view text);
};

/// Makes keys in the store.
class KEYSTORE_API Generator {
 public:
  virtual ~Generator() = default;
  /// Errors: as Importer::import_key.
  virtual Result<Key> generate_key(const KeySpec& spec, const NewObject& object) = 0;
};

/// Deletes objects.
class KEYSTORE_API Remover {
 public:
  virtual ~Remover() = default;
  /// Deletes the object that `entry` (from this store) describes; a private key takes its public
  /// key object along. Errors: not_found when it is gone, access_denied, unavailable, io.
  virtual Result<void> remove(const Entry& entry) = 0;
};

/// Lets private keys leave the store and come back, enciphered by a key that stays in it.
class KEYSTORE_API KeyWrapper {
 public:
  virtual ~KeyWrapper() = default;
  /// A new AES key of so many bits (128, 192 or 256) that never leaves in the clear. An empty
  /// `object.usage`: wrap and unwrap. Errors: as Importer::import_key, invalid_argument (bits).
  virtual Result<Entry> generate_wrapping_key(unsigned bits, const NewObject& object) = 0;
  /// `key` (from this store) enciphered by the AES key that `wrapping_key` names on its token.
  /// Errors: access_denied (it may not leave, or not by this wrapping key), not_found, ambiguous,
  /// unsupported, pin_*, unavailable.
  virtual Result<WrappedKey> wrap(const Entry& key, const Uri& wrapping_key) = 0;
  /// A key that is not on the token: it goes there as an object of the session that does not stay.
  /// `names` gives label and id. Errors: as wrap(), Importer::import_key.
  virtual Result<WrappedKey> wrap_copy(const Secret& pkcs8, const NewObject& names,
                                       const Uri& wrapping_key) = 0;
  /// Brings a key back that has proven to be the private half of `wrapped.public_key`. Label and id
  /// are those of `object`, of the URI, else of `wrapped`. Errors: malformed (not wrapped by this
  /// key, or changed since), key_mismatch, as wrap(), Importer::import_key.
  virtual Result<Entry> unwrap(const WrappedKey& wrapped, const Uri& wrapping_key,
                               const NewObject& object) = 0;
};

/// A store of a backend. Optional abilities are separate interfaces, null where absent.
class KEYSTORE_API StoreBackend {
 public:
  virtual ~StoreBackend() = default;
  virtual Result<Listing<Entry>> find_entries(const Query& query) const = 0;
  virtual Result<Listing<Key>> find_keys(const Query& query) const = 0;
  virtual const TrustSource* trust() const noexcept { return nullptr; }
  virtual const TrustEditor* trust_editor() const noexcept { return nullptr; }
  virtual Importer* importer() noexcept { return nullptr; }
  virtual BundleImporter* bundle_importer() noexcept { return nullptr; }
  virtual Generator* generator() noexcept { return nullptr; }
  virtual Remover* remover() noexcept { return nullptr; }
  virtual KeyWrapper* wrapper() noexcept { return nullptr; }
};

/// Marks the calling thread as inside a backend's foreign code (a PKCS#11 module), which may call
/// libcrypto and so come back into our own provider: that one then declines.
class KEYSTORE_API BackendCall {
 public:
  BackendCall() noexcept;
  ~BackendCall();
  BackendCall(const BackendCall&) = delete;
  BackendCall& operator=(const BackendCall&) = delete;
  /// Whether this thread is inside one now.
  static bool active() noexcept;
};

}  // namespace keystore
