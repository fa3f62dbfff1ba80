#include "bindings/openssl/tls/rotation.h"

#include <algorithm>
#include <utility>

#include "bindings/openssl/tls/file_watch.h"
#include "bindings/openssl/tls/handshake.h"
#include "bindings/openssl/tls/staging.h"
#include "keystore/log.h"

namespace keystore::openssl {
namespace {

/// Where a store is files: their paths.
void add_paths(const std::string& text, const Config* config, std::vector<std::string>& paths) {
  const auto uri = Uri::parse(text);
  if (!uri) return;
  if (uri->scheme() == "file" || uri->scheme() == "pfx") paths.push_back(uri->path());
  if (uri->scheme() != "keystore" || config == nullptr) return;
  const auto found = std::ranges::find(config->identities, uri->path(), &IdentityConfig::name);
  if (found == config->identities.end()) return;
  for (const auto& key : found->keys) add_paths(key, nullptr, paths);
  if (found->chain) add_paths(*found->chain, nullptr, paths);
}

/// Whether the same may come right although no file changes: a token comes back, a certificate
/// becomes valid. Never a PIN: each try may count.
bool may_pass(Errc code) {
  return code != Errc::pin_required && code != Errc::pin_incorrect && code != Errc::pin_locked;
}

bool shows_the_same(const ShownIdentity& a, const ShownIdentity& b) {
  return a.identity.leaf() == b.identity.leaf() && a.identity.chain() == b.identity.chain() &&
         a.identity.key().uri() == b.identity.key().uri();
}

/// Schemes of client certificates are part of what a context says before it knows the certificate.
Result<void> check_fits(const ShownIdentity& shown, const ContextState& state) {
  if (state.options().role == Role::server) return {};
  const auto lacking = std::ranges::find_if(state.schemes(), [&](SignatureScheme scheme) {
    return suits(scheme, shown) && std::ranges::find(shown.schemes, scheme) == shown.schemes.end();
  });
  if (lacking == state.schemes().end()) return {};
  return fail(Errc::unsupported,
              "key '" + shown.identity.key().uri().canonical() + "' makes no " +
                  std::string(to_string(*lacking)) +
                  " signatures, which the clients of this context have offered until now",
              "start the program again, or use a key that can");
}

}  // namespace

Rotation::Rotation(SSL_CTX* context, ContextState& state, const RotationOptions& options)
    : context_(context),
      state_(state),
      options_(options),
      now_(state.options()),
      configuration_{.name = "configuration"},
      trust_{.name = "trust"} {
  if (now_.open.config == nullptr) without_config_.push_back(&now_.open);
  for (auto& source : now_.identities) {
    identities_.push_back({.name = source.key});
    if (!source.key.empty()) source.ready.reset();
    if (source.open && source.open->config == nullptr) without_config_.push_back(&*source.open);
  }
  if (!without_config_.empty()) {
    if (const auto path = Config::default_path(); !path.empty()) configuration_.paths = {path};
    if (const auto config = process_config(); config) use_default(*config);
  }
  find_paths();
}

void Rotation::use_default(const std::shared_ptr<const Config>& config) {
  for (auto* open : without_config_) open->config = config;
}

std::vector<std::string> Rotation::paths() const {
  auto all = configuration_.paths;
  all.insert(all.end(), trust_.paths.begin(), trust_.paths.end());
  for (const auto& each : identities_) all.insert(all.end(), each.paths.begin(), each.paths.end());
  return all;
}

void Rotation::find_paths() {
  for (std::size_t i = 0; i < identities_.size(); ++i) {
    auto& paths = identities_[i].paths;
    paths.clear();
    const auto& source = now_.identities[i];
    if (source.ready) continue;
    const auto* config = (source.open ? *source.open : now_.open).config.get();
    add_paths(source.key, config, paths);
    if (!source.certificates.empty()) add_paths(source.certificates, config, paths);
  }
  trust_.paths = now_.crls;
  for (const auto& uri : now_.trust) add_paths(uri, now_.open.config.get(), trust_.paths);
}

void Rotation::expect_everything() {
  trust_.due = true;
  for (auto& each : identities_) each.due = true;
}

bool Rotation::look() {
  bool waiting = false;
  if (!configuration_.paths.empty() && is_ready(configuration_, waiting)) load_configuration();
  if (!now_.identities_only && is_ready(trust_, waiting)) load_trust_part();
  for (std::size_t i = 0; i < identities_.size(); ++i) {
    if (!now_.identities[i].ready && is_ready(identities_[i], waiting)) load_identity_part(i);
  }
  return waiting;
}

bool Rotation::is_ready(Part& part, bool& waiting) const {
  auto fresh = fingerprint(part.paths);
  const bool changed = part.due || fresh != part.loaded;
  const bool settled = part.due || fresh == part.seen;
  const auto now = std::chrono::steady_clock::now();
  const bool again = part.error && may_pass(part.error->code) && now - part.tried >= options_.poll;
  part.seen = std::move(fresh);
  if (changed && !settled) waiting = true;
  if (!(changed && settled) && !again) return false;
  part.loaded = part.seen;
  part.tried = now;
  part.changed = changed;
  part.due = false;
  return true;
}

void Rotation::load_configuration() {
  auto config = Config::load(configuration_.paths.front());
  if (!config) return fail_part(configuration_, config.error());
  succeed(configuration_, {}, false);
  use_default(std::make_shared<const Config>(*std::move(config)));
  find_paths();
  expect_everything();
}

void Rotation::load_identity_part(std::size_t index) {
  auto& part = identities_[index];
  auto staged = stage(now_.identities[index]);
  if (!staged) return fail_part(part, staged.error());
  const auto current = state_.current();
  auto shown = current->identities.all();
  const auto before = std::exchange(shown[index], *staged);
  state_.replace(
      std::make_shared<const Snapshot>(Snapshot{IdentityTable(std::move(shown)), current->trust}));
  succeed(part, (*staged)->identity.leaf(), !shows_the_same(*before, **staged));
}

Result<ShownIdentityPtr> Rotation::stage(const IdentitySource& source) const {
  auto shown = load_identity(source, now_, now_in_seconds());
  if (!shown) return shown;
  if (auto proven = (*shown)->identity.prove(); !proven) return Failure(proven.error());
  if (auto fits = check_fits(**shown, state_); !fits) return Failure(fits.error());
  if (auto taken = try_on(context_, IdentityTable({*shown})); !taken) return Failure(taken.error());
  return shown;
}

void Rotation::load_trust_part() {
  auto trust = load_trust(now_);
  if (!trust) return fail_part(trust_, trust.error());
  const auto current = state_.current();
  const bool changed = current->trust->session_context != (*trust)->session_context;
  state_.replace(
      std::make_shared<const Snapshot>(Snapshot{current->identities, *std::move(trust)}));
  succeed(trust_, {}, changed);
}

void Rotation::succeed(Part& part, const std::optional<Certificate>& leaf, bool changed) {
  const bool mended = std::exchange(part.error, {}).has_value();
  if (!changed && !mended) return;
  log(LogLevel::info, "TLS: '" + part.name + "' is in use as it is now" +
                          (leaf ? ": " + leaf->subject() + ", serial " + leaf->serial() : ""));
  if (options_.report) options_.report({.source = part.name, .leaf = leaf});
}

void Rotation::fail_part(Part& part, const Error& error) {
  const bool known = !part.changed && part.error && part.error->message == error.message;
  part.error = error;
  if (known) return;
  log(LogLevel::warning, "TLS: '" + part.name + "' stays in use as it was: " + error.message +
                             (error.hint.empty() ? "" : " (" + error.hint + ")"));
  if (options_.report) options_.report({.source = part.name, .error = error});
}

}  // namespace keystore::openssl
