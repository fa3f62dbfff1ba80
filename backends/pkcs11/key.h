#pragma once

#include <atomic>
#include <memory>

#include "backends/pkcs11/key_place.h"
#include "backends/pkcs11/mechanism.h"
#include "backends/pkcs11/object.h"
#include "keystore/backend.h"

namespace keystore::pkcs11 {

/// A private key on a token. What describes it never changes; where it is now (object handle,
/// token, session) is looked up once in each process and again after healing.
class TokenKey final : public KeyBackend {
 public:
  TokenKey(std::shared_ptr<const TokenLink> link, Entry entry, Abilities abilities,
           bool always_authenticate);
  ~TokenKey() override;

  const Entry& entry() const noexcept override { return entry_; }
  std::span<const SignatureScheme> schemes() const noexcept override { return schemes_; }
  bool can_sign(const SignSpec& spec) const override;
  Result<Reply> run(const Request& request, const CallLimits& limits) const override;
  Result<Secret> export_pkcs8() const override;

  /// For the store that just found it: spares the search.
  void found_at(std::uint64_t epoch, CK_OBJECT_HANDLE object) const;

 private:
  struct Outcome {
    CK_RV rv = CKR_OK;
    const char* call = "";
    std::optional<Error> error = {};  ///< instead of `rv`: final
    /// The session may be in the middle of an operation: not every token ends it when it fails, as
    /// the standard wants (PKCS#11 2.40, C_Sign).
    bool in_operation = false;
  };

  /// Whether each use wants a login of its own (CKA_ALWAYS_AUTHENTICATE).
  enum class EachUse { no, noticed, declared };

  /// What the attempt before calls for, and the handle that it was made with.
  struct Setback {
    Remedy remedy = Remedy::none;
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  };

  Result<Reply> sign(const SignRequest& request, const CallLimits& limits) const;
  Result<Reply> decrypt(const DecryptRequest& request, const CallLimits& limits) const;
  Result<Reply> derive(const DeriveRequest& request, const CallLimits& limits) const;

  /// Runs `attempt(session, handle)` where the key is; mends what can be mended and tries again.
  template <class Attempt>
  Result<void> carry_out(std::string_view verb, const CallLimits& limits,
                         const Attempt& attempt) const;
  template <class Attempt>
  Result<void> carry_out_slowly(std::string_view verb, const CallLimits& limits, Setback setback,
                                const Attempt& attempt) const;

  KeyPlace* place_in(std::uint64_t generation) const noexcept;
  KeyPlace& place_here() const;
  Outcome start(const Session& session, const Function<CK_C_SignInit>& init, Plan& plan,
                CK_OBJECT_HANDLE handle, const CallLimits& limits) const;
  Outcome log_in_for_use(const Session& session, const CallLimits& limits) const;
  Remedy remedy_after(const Outcome& outcome, const KeyPlace& place, const Session& session,
                      CK_OBJECT_HANDLE handle) const;
  Outcome nonsense(const char* call, std::string_view verb, std::string_view what) const;
  std::string action(std::string_view verb) const;
  /// A reason, with what it hinders and a way out.
  Error explained(std::string_view verb, Error reason) const;

  const std::shared_ptr<const TokenLink> link_;
  const Entry entry_;
  const KeyShape shape_;
  const Abilities abilities_;
  const std::vector<SignatureScheme> schemes_;
  mutable std::atomic<EachUse> each_use_;
  mutable std::atomic<KeyPlace*> place_ = nullptr;
};

/// What a search for a private key found in `epoch` of its token, as a key. `half` is its public
/// half.
std::shared_ptr<const KeyBackend> make_key(std::shared_ptr<const TokenLink> link,
                                           const Uri& token_uri, const Object& object,
                                           std::optional<PublicKey> half,
                                           const MechanismTable& mechanisms, std::uint64_t epoch);

}  // namespace keystore::pkcs11
