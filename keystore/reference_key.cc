#include <algorithm>
#include <atomic>

#include "keystore/internal/config_of.h"
#include "keystore/internal/held_pin.h"
#include "keystore/internal/pin_origin.h"
#include "keystore/internal/policy.h"
#include "keystore/internal/public_key_parsed.h"
#include "keystore/log.h"
#include "keystore/reference.h"
#include "keystore/registry.h"

namespace keystore {
namespace {

/// In Entry::attributes of every such key.
constexpr const char* reference_attribute = "reference";

/// The key of the store, once found. Immutable but for the proof.
struct Opened {
  explicit Opened(Key found) : key(std::move(found)), proven(key.public_key().has_value()) {}
  Key key;
  /// Whether it was seen to be the reference's key: by its public half, else by a first signature.
  mutable std::atomic<bool> proven;
};

Entry describe(const Reference& reference) {
  const auto object = reference.uri.path_attribute("object");
  return {.uri = reference.uri,
          .kind = EntryKind::private_key,
          .label = object ? std::string(*object) : reference.uri.path(),
          .id =
              [&] {
                const auto id = as_bytes(reference.uri.path_attribute("id").value_or(""));
                return Bytes(id.begin(), id.end());
              }(),
          .custody = reference.uri.scheme() == "pfx" ? Custody::file : Custody::token,
          .shape = reference.public_key->shape(),
          .public_key = reference.public_key,
          .attributes = {{reference_attribute, "yes"}}};
}

std::vector<SignatureScheme> schemes_for(const Reference& reference) {
  if (!reference.schemes.empty()) return reference.schemes;
  const auto all = schemes_of(reference.public_key->shape());
  return {all.begin(), all.end()};
}

/// Opens its store at the first operation. No lock is taken, so that a fork at any moment leaves
/// the child none to wait for: threads that come first together each open, and the first to finish
/// publishes its key for all.
class ReferenceKey final : public KeyBackend {
 public:
  ReferenceKey(const Reference& reference, const Registry& registry, OpenOptions options)
      : uri_(reference.uri),
        entry_(describe(reference)),
        schemes_(schemes_for(reference)),
        hashing_(reference.hashing),
        registry_(registry),
        options_(std::move(options)) {}
  ~ReferenceKey() override { const std::unique_ptr<const Opened> last(opened_.load()); }
  ReferenceKey(const ReferenceKey&) = delete;
  ReferenceKey& operator=(const ReferenceKey&) = delete;

  const Entry& entry() const noexcept override { return entry_; }
  std::span<const SignatureScheme> schemes() const noexcept override { return schemes_; }
  bool can_sign(const SignSpec& spec) const override;
  Result<Reply> run(const Request& request, const CallLimits& limits) const override;
  Result<Secret> export_pkcs8() const override;

 private:
  Result<const Opened*> opened() const;
  Result<Key> find() const;
  Result<void> prove(const Opened& opened, const SignRequest& request, BytesView signature) const;
  Failure swapped() const;

  const Uri uri_;
  const Entry entry_;
  const std::vector<SignatureScheme> schemes_;
  const std::vector<SignatureScheme> hashing_;
  const Registry& registry_;
  const OpenOptions options_;
  mutable std::atomic<const Opened*> opened_ = nullptr;
};

Result<Reply> as_reply(auto result) {
  if (!result) return Failure(result.error());
  return Reply(*std::move(result));
}

Result<Reply> ask(const Key& key, const SignRequest& request, const CallLimits& limits) {
  return as_reply(key.sign_digest(request.spec, request.input, limits));
}

Result<Reply> ask(const Key& key, const DecryptRequest& request, const CallLimits& limits) {
  return as_reply(key.decrypt(request.spec, request.ciphertext, limits));
}

Result<Reply> ask(const Key& key, const DeriveRequest& request, const CallLimits& limits) {
  return as_reply(key.derive(request.peer, limits));
}

// What the reference says, until the key itself is there. A scheme that takes a digest means that
// its algorithm does, with any digest.
bool ReferenceKey::can_sign(const SignSpec& spec) const {
  if (const auto* ready = opened_.load(std::memory_order_acquire)) return ready->key.can_sign(spec);
  if (schemes_.empty() || spec.algorithm == SignAlgorithm::rsa_raw) return hashing_.empty();
  return std::ranges::any_of(schemes_, [&](SignatureScheme scheme) {
    const auto each = spec_of(scheme);
    if (each.algorithm != spec.algorithm) return false;
    const bool hashed = std::ranges::find(hashing_, scheme) != hashing_.end();
    return !hashed || (spec.input == SignInput::message && spec.digest == each.digest);
  });
}

Result<Reply> ReferenceKey::run(const Request& request, const CallLimits& limits) const {
  const auto opened = this->opened();
  if (!opened) return Failure(opened.error());
  auto reply =
      std::visit([&](const auto& asked) { return ask((*opened)->key, asked, limits); }, request);
  if (!reply || (*opened)->proven.load(std::memory_order_relaxed)) return reply;
  if (const auto* signing = std::get_if<SignRequest>(&request)) {
    if (auto good = prove(**opened, *signing, std::get<Bytes>(*reply)); !good) {
      return Failure(good.error());
    }
  }
  return reply;
}

Result<Secret> ReferenceKey::export_pkcs8() const {
  const auto opened = this->opened();
  if (!opened) return Failure(opened.error());
  return (*opened)->key.export_pkcs8(insecure_export_permit());
}

Result<const Opened*> ReferenceKey::opened() const {
  if (const auto* ready = opened_.load(std::memory_order_acquire)) return ready;
  auto key = find();
  if (!key) return Failure(key.error());
  auto made = std::make_unique<const Opened>(*std::move(key));
  const Opened* first = nullptr;
  if (opened_.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel)) {
    return made.release();
  }
  return first;
}

Result<Key> ReferenceKey::find() const {
  const auto store = registry_.open(uri_, options_);
  if (!store) return Failure(store.error());
  auto key = store->key({.kind = EntryKind::private_key});
  if (!key) return key;
  if (key->entry().attributes.contains(reference_attribute)) {
    return fail(Errc::malformed,
                "the key reference to '" + uri_.canonical() + "' leads to another reference");
  }
  const auto& found = key->public_key();
  if (found && !same_public_key(*found, *entry_.public_key)) return swapped();
  return key;
}

Result<void> ReferenceKey::prove(const Opened& opened, const SignRequest& request,
                                 BytesView signature) const {
  const auto good = entry_.public_key->verify(request.spec, request.input, signature);
  if (!good) return Failure(good.error());
  if (!*good) return swapped();
  opened.proven.store(true, std::memory_order_relaxed);
  return {};
}

Failure ReferenceKey::swapped() const {
  return fail(Errc::key_mismatch,
              "the key '" + uri_.canonical() +
                  "' is not the one that its reference was written for: the token was swapped or "
                  "the object replaced",
              "put the right token back, or write the reference again with 'keystore ref'");
}

PinRequest pin_request(const Uri& uri) {
  const auto token = uri.path_attribute("token");
  return {.what = PinRequest::What::token_pin,
          .object = token ? std::string(*token) : uri.canonical()};
}

/// The configuration's source for the PIN of `keystore:NAME`; null where it names none.
std::optional<SecretSource> source_of_identity(const Uri& uri, const Config& config) {
  if (uri.scheme() != "keystore") return std::nullopt;
  const auto found = std::ranges::find(config.identities, uri.path(), &IdentityConfig::name);
  return found == config.identities.end() ? std::nullopt : found->pin;
}

/// Reads the PIN now, with the rights and the callback of the program that loads the key: later
/// both may be gone. What could not be read is tried again at use, and so is a source whose PIN
/// the token refuses.
void read_pin_at_load(const Uri& uri, OpenOptions& options) {
  if (!options.pin_source) options.pin_source = source_of_identity(uri, *options.config);
  const auto origin = pin_origin(uri, options);
  if (origin == PinOrigin::nobody) return;
  auto pin = read_pin(uri, options, pin_request(uri));
  options.pin = {};
  if (!pin) {
    log(LogLevel::warning,
        "cannot read the PIN of '" + uri.canonical() + "' at load: " + pin.error().message);
    return;
  }
  options.held_pin = std::make_shared<const HeldPin>(*std::move(pin));
  if (options.config->policy.pin_cache == PinCache::none && origin != PinOrigin::again) {
    log(LogLevel::warning, "the PIN of '" + uri.canonical() +
                               "' is good for one login: policy pin_cache is \"none\" and its "
                               "source cannot be read again; file: and cred: can");
  }
}

/// What is known to be refused is refused at load, before a PIN is asked.
Result<void> check_load(const Reference& reference, const Config& config) {
  if (auto allowed = check_data_uri(config, reference.uri); !allowed) return allowed;
  if (!reference.public_key) return {};
  return check_policy(config.policy, describe(reference));
}

}  // namespace

Result<Key> open_reference(const Reference& reference, const Registry& registry,
                           const OpenOptions& options, PinTime pin) {
  const auto config = config_of(options);
  if (!config) return Failure(config.error());
  auto bounded = options;
  bounded.origin = UriOrigin::data;
  bounded.config = *config;
  if (auto allowed = check_load(reference, **config); !allowed) return Failure(allowed.error());
  if (pin == PinTime::at_load) read_pin_at_load(reference.uri, bounded);
  if (!reference.public_key) {
    const auto store = registry.open(reference.uri, bounded);
    if (!store) return Failure(store.error());
    return store->key({.kind = EntryKind::private_key});
  }
  return Key(std::make_shared<const ReferenceKey>(reference, registry, std::move(bounded)));
}

}  // namespace keystore
