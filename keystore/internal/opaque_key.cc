#include "keystore/internal/opaque_key.h"

#include "keystore/internal/pkcs8.h"

namespace keystore {
namespace {

class OpaqueKey final : public KeyBackend {
 public:
  OpaqueKey(Secret pkcs8, Entry entry) : pkcs8_(std::move(pkcs8)), entry_(std::move(entry)) {}

  const Entry& entry() const noexcept override { return entry_; }
  std::span<const SignatureScheme> schemes() const noexcept override { return {}; }
  bool can_sign(const SignSpec&) const override { return false; }
  Result<Reply> run(const Request&, const CallLimits&) const override {
    return fail(Errc::unsupported,
                "key '" + entry_.uri.canonical() + "' is of a kind that is not known here");
  }
  Result<Secret> export_pkcs8() const override { return pkcs8_.clone(); }

 private:
  Secret pkcs8_;
  Entry entry_;
};

}  // namespace

std::shared_ptr<const KeyBackend> make_opaque_key(Secret pkcs8, Entry entry) {
  entry.kind = EntryKind::private_key;
  entry.extractable = true;
  entry.shape = KeyShape{.type = has_explicit_curve(pkcs8.view()) ? KeyType::ec : KeyType::other};
  return std::make_shared<const OpaqueKey>(std::move(pkcs8), std::move(entry));
}

}  // namespace keystore
