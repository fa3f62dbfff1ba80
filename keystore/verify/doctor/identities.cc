#include <algorithm>

#include "keystore/internal/config_of.h"
#include "keystore/verify/doctor/report.h"
#include "keystore/verify/doctor/stores.h"

namespace keystore::verify::doctor {
namespace {

bool asks_nobody(const std::optional<SecretSource>& pin);
FoundKey unseen(const Uri& key);
OpenOptions without_pin(OpenOptions options);
Result<Evidence> visible_halves(const Uri& key, bool certificates, const OpenOptions& options);

}  // namespace

std::optional<IdentityConfig> identity_of(const Uri& uri, const CheckOptions& options) {
  if (uri.scheme() != "keystore") return {};
  const auto config = config_of(options.open);
  if (!config) return {};
  const auto& all = (*config)->identities;
  const auto found = std::ranges::find(all, uri.path(), &IdentityConfig::name);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

void Stores::glance(const IdentityConfig& identity, Target& target) {
  auto& report = target.report;
  const auto key = Uri::parse(identity.keys.front());
  if (!key) {
    report.error = key.error();
  } else if (key->scheme() != "pkcs11" && asks_nobody(identity.pin)) {
    examine(target);
  } else if (key->scheme() == "pkcs11" && tokens_.usable(*key, report)) {
    take_chain(identity, target);
    take_visible(tokens_.with_module(*key), !identity.chain, target);
  } else {
    take_chain(identity, target);
  }
}

void Stores::take_rest(const Uri& uri, Target& target) {
  const auto& error = target.report.error;
  if (const auto identity = identity_of(uri, options_)) {
    take_chain(*identity, target);
  } else if (!error || error->code != Errc::not_found) {
    target.evidence.keys.push_back(unseen(uri));
  }
}

void Stores::take_chain(const IdentityConfig& identity, Target& target) {
  const auto chain = identity.chain ? std::optional(Uri::parse(*identity.chain)) : std::nullopt;
  if (chain && *chain && (*chain)->scheme() != "pkcs11") {
    auto evidence = read(**chain, options_.open, target.report);
    if (evidence) target.evidence.certificates = std::move(evidence->certificates);
  }
  for (const auto& text : identity.keys) {
    if (const auto key = Uri::parse(text)) target.evidence.keys.push_back(unseen(*key));
  }
}

void Stores::take_visible(const Uri& key, bool certificates, Target& target) {
  auto seen = bounded<Result<Evidence>>(patience_,
                                        [key, certificates, options = without_pin(options_.open)] {
                                          return visible_halves(key, certificates, options);
                                        });
  if (!seen) {
    say_stuck(key, target.report);
  } else if (!*seen) {
    if (!target.report.error) target.report.error = seen->error();
  } else {
    std::ranges::move((*seen)->certificates, std::back_inserter(target.evidence.certificates));
    std::ranges::move((*seen)->keys, std::back_inserter(target.evidence.keys));
  }
}

namespace {

/// What a secret of a file is read from without a person, a program or a descriptor that is used
/// up.
bool asks_nobody(const std::optional<SecretSource>& pin) {
  using Kind = SecretSource::Kind;
  if (!pin) return true;
  return pin->kind() != Kind::prompt && pin->kind() != Kind::cmd && pin->kind() != Kind::fd;
}

FoundKey unseen(const Uri& key) { return {.entry = {.uri = key, .custody = Custody::token}}; }

OpenOptions without_pin(OpenOptions options) {
  options.pin = {};
  options.pin_source = {};
  options.held_pin = {};
  return options;
}

Result<Evidence> visible_halves(const Uri& key, bool certificates, const OpenOptions& options) {
  const auto object = key.without_path_attribute("type")
                          .without_query_attribute("pin-source")
                          .without_query_attribute("pin-value");
  const auto store = open(object, options);
  if (!store) return Failure(store.error());
  const auto halves = store->find_entries({.kind = EntryKind::public_key});
  if (!halves) return Failure(halves.error());
  Evidence evidence;
  for (const auto& half : halves->items) {
    evidence.keys.push_back({.entry = half, .public_key = half.public_key});
    if (!certificates || !half.public_key) continue;
    const auto token =
        open(object.without_path_attribute("object").without_path_attribute("id"), options);
    const auto beside = token ? token->find_certificates({.public_key = half.public_key})
                              : Result<Listing<Certificate>>(Failure(token.error()));
    if (!beside) return Failure(beside.error());
    for (const auto& each : beside->items) evidence.certificates.push_back({each});
  }
  return evidence;
}

}  // namespace
}  // namespace keystore::verify::doctor
