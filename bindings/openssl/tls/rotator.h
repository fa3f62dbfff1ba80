#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "keystore/api.h"
#include "keystore/certificate.h"
#include "keystore/result.h"

// OpenSSL's own headers are not needed to include this one.
struct ssl_ctx_st;

namespace keystore::openssl {

/// What came of a change.
struct RotationReport {
  std::string source = {};               ///< the URI of the key, "trust" or "configuration"
  std::optional<Error> error = {};       ///< set: why what was good before stays in use
  std::optional<Certificate> leaf = {};  ///< what new handshakes show, where an identity changed
};

struct RotationOptions {
  /// Called from the Rotator's thread, which waits for it; must not destroy the Rotator. The log
  /// gets the same.
  std::function<void(const RotationReport&)> report = {};
  /// Files are loaded when they have not changed for so long, so that key and certificate may be
  /// written one after the other.
  std::chrono::milliseconds settle{200};
  /// How often files are looked at though nothing told of a change (network file systems tell
  /// nothing), and what failed is tried again, unless for its PIN.
  std::chrono::milliseconds poll{10'000};
  bool notify = true;  ///< use inotify(7) where there is; without it, changes are seen by polling
};

/// Keeps the identities, anchors and CRLs of a context that configure() has set up as their files
/// are: key and reference files, certificates, CRLs and the configuration, replaced in place, by
/// rename or behind symbolic links. A new identity is used by new handshakes once it is proven: all
/// that configure() checks, and a signature by the key that the certificate's key verifies. One
/// that fails changes nothing, is reported, and is tried again. Identities
/// that were given ready stay.
///
/// One thread of its own, with all signals blocked, which ends with this object; the context then
/// goes on with what it shows. A forked child goes on so as well: it has no such thread until it
/// starts a Rotator itself, and may destroy its copy of this one. Any thread may call members.
class KEYSTORE_API Rotator {
 public:
  /// Takes a reference on `context`. Everything is loaded once to begin with. Errors:
  /// invalid_argument for a context that configure() has not set up; internal without a thread.
  static Result<Rotator> start(ssl_ctx_st* context, RotationOptions options = {});
  Rotator(Rotator&&) noexcept;
  Rotator& operator=(Rotator&&) noexcept;
  ~Rotator();

  /// Loads everything again, though no file changed: for keys and certificates replaced on a token.
  /// Returns at once.
  void check();

 private:
  class Watching;
  explicit Rotator(std::unique_ptr<Watching> watching);
  std::unique_ptr<Watching> watching_;
};

}  // namespace keystore::openssl
