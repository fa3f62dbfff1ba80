#include "backends/system/store.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "backends/system/debian_anchors.h"
#include "backends/system/sources.h"
#include "keystore/bytes.h"

namespace keystore::system {
namespace {

Listing<TrustAnchor> merged(Listing<TrustAnchor> found);
Entry describe(TrustAnchor anchor);
bool matches(const Query& query, const TrustAnchor& anchor);
std::string common_name(const std::string& subject);

}  // namespace

Result<Listing<Entry>> SystemStore::find_entries(const Query& query) const {
  auto all = read();
  if (!all) return Failure(all.error());
  Listing<Entry> found{.skipped = std::move(all->skipped)};
  for (auto& anchor : all->items) {
    if (!wanted(anchor) || !matches(query, anchor)) continue;
    auto entry = describe(std::move(anchor));
    if (query.kind.value_or(entry.kind) != entry.kind) continue;
    if (query.label.value_or(entry.label) != entry.label) continue;
    if (query.id && *query.id != entry.id) continue;
    found.items.push_back(std::move(entry));
  }
  return found;
}

Result<Listing<Key>> SystemStore::find_keys(const Query&) const { return Listing<Key>{}; }

Result<Listing<TrustAnchor>> SystemStore::settings() const {
  auto all = read();
  if (!all) return all;
  std::erase_if(all->items,
                [&](const TrustAnchor& anchor) { return !anchor.distrusted() && !wanted(anchor); });
  return all;
}

Result<TrustChange> SystemStore::plan_add(const Certificate& certificate) const {
  if (!certificate.is_ca() && !certificate.self_issued()) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is no CA certificate: nothing could be trusted by it",
                            certificate.subject()),
                fmt::format("add the certificate of its issuer, '{}'", certificate.issuer()));
  }
  const auto known = find(certificate);
  if (!known) return Failure(known.error());
  if (*known && (*known)->distrusted()) {
    return fail(Errc::refused_by_policy,
                fmt::format("'{}' is distrusted by a source of the system's trust, which wins",
                            certificate.subject()));
  }
  if (*known) {
    return fail(Errc::already_exists,
                fmt::format("'{}' is trusted already", certificate.subject()));
  }
  return plan_to_add(certificate);
}

Result<TrustChange> SystemStore::plan_remove(const Certificate& certificate) const {
  const auto known = find(certificate);
  if (!known) return Failure(known.error());
  if (!*known || (*known)->distrusted()) {
    return fail(Errc::not_found, fmt::format("'{}' is not trusted", certificate.subject()));
  }
  return plan_to_remove(certificate);
}

Result<TrustChange> SystemStore::plan_undo() const { return plan_to_undo(); }

Result<std::optional<TrustAnchor>> SystemStore::find(const Certificate& certificate) const {
  auto all = read();
  if (!all) return Failure(all.error());
  const auto found = std::ranges::find(all->items, certificate, &TrustAnchor::certificate);
  if (found == all->items.end()) return std::nullopt;
  return *std::move(found);
}

Result<Listing<TrustAnchor>> SystemStore::read() const {
  Listing<TrustAnchor> found;
  add_bundle_and_folder(found);
  add_p11kit(found);
  if (!certdata_.empty()) add_certdata(certdata_, found);
  if (found.items.empty() && !found.skipped.empty()) return Failure(found.skipped.front());
  return merged(std::move(found));
}

bool SystemStore::wanted(const TrustAnchor& anchor) const {
  if (narrowing_.purpose && !anchor.trusted_for(*narrowing_.purpose)) return false;
  return !narrowing_.sha256 || to_hex(anchor.certificate.sha256()) == *narrowing_.sha256;
}

namespace {

/// One anchor for each certificate, in the order of its first appearance.
Listing<TrustAnchor> merged(Listing<TrustAnchor> found) {
  Listing<TrustAnchor> once{.skipped = std::move(found.skipped)};
  std::map<Bytes, std::size_t> places;
  for (auto& anchor : found.items) {
    const auto [place, fresh] = places.try_emplace(anchor.certificate.der(), once.items.size());
    if (fresh) {
      once.items.push_back(std::move(anchor));
    } else {
      once.items[place->second].merge(anchor);
    }
  }
  return once;
}

Entry describe(TrustAnchor anchor) {
  const auto& certificate = anchor.certificate;
  Entry entry{.uri = Uri::parse("system:").value().with_query_attribute(
                  "sha256", to_hex(certificate.sha256()))};
  const bool for_nothing = anchor.trusted && anchor.trusted->empty();
  entry.kind =
      anchor.distrusted() || for_nothing ? EntryKind::certificate : EntryKind::trust_anchor;
  entry.label = anchor.label.empty() ? common_name(certificate.subject()) : anchor.label;
  entry.custody = Custody::system;
  if (anchor.trusted)
    entry.attributes["trusted-for"] = fmt::format("{}", fmt::join(*anchor.trusted, " "));
  if (!anchor.rejected.empty()) {
    entry.attributes["rejected-for"] = fmt::format("{}", fmt::join(anchor.rejected, " "));
  }
  for (const auto& [purpose, time] : anchor.distrust_after) {
    entry.attributes["distrusted-after-for-" + std::string(to_string(purpose))] =
        std::to_string(time.time_since_epoch().count());
  }
  entry.certificate = std::move(anchor.certificate);
  return entry;
}

bool matches(const Query& query, const TrustAnchor& anchor) {
  if (!query.public_key) return true;
  const auto key = anchor.certificate.public_key();
  return key && *key == *query.public_key;
}

/// Of an RFC 2253 text; where there is none, the whole of it.
std::string common_name(const std::string& subject) {
  const auto start = subject.starts_with("CN=") ? 0 : subject.find(",CN=");
  if (start == subject.npos) return subject;
  const auto value = subject.find('=', start) + 1;
  auto end = value;
  while (end < subject.size() && subject[end] != ',') end += subject[end] == '\\' ? 2 : 1;
  return subject.substr(value, std::min(end, subject.size()) - value);
}

}  // namespace
}  // namespace keystore::system
