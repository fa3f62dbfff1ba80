#include "keystore/trust.h"

#include <algorithm>
#include <array>

#include "keystore/backend.h"

namespace keystore {
namespace {

struct PurposeRow {
  Purpose purpose;
  std::string_view name;
  std::string_view oid;
};

constexpr std::array rows = {
    PurposeRow{Purpose::server, "server", "1.3.6.1.5.5.7.3.1"},
    PurposeRow{Purpose::client, "client", "1.3.6.1.5.5.7.3.2"},
    PurposeRow{Purpose::code, "code", "1.3.6.1.5.5.7.3.3"},
    PurposeRow{Purpose::email, "email", "1.3.6.1.5.5.7.3.4"},
    PurposeRow{Purpose::time_stamping, "timestamp", "1.3.6.1.5.5.7.3.8"},
    PurposeRow{Purpose::ocsp, "ocsp", "1.3.6.1.5.5.7.3.9"},
    PurposeRow{Purpose::any, "any", "2.5.29.37.0"},
};

const PurposeRow& row_of(Purpose purpose) noexcept {
  return *std::ranges::find(rows, purpose, &PurposeRow::purpose);
}

bool names(const std::vector<std::string>& oids, Purpose purpose) {
  return std::ranges::any_of(
      oids, [&](const auto& oid) { return oid == oid_of(Purpose::any) || oid == oid_of(purpose); });
}

using Oids = std::optional<std::vector<std::string>>;

/// Whether all purposes are allowed: by saying nothing, or so.
bool names_all(const Oids& oids) {
  return !oids || std::ranges::find(*oids, oid_of(Purpose::any)) != oids->end();
}

/// What both allow.
Oids both(const Oids& a, const Oids& b) {
  if (!a || (names_all(a) && b)) return b;
  if (names_all(b)) return a;
  auto common = *a;
  std::erase_if(common,
                [&](const std::string& oid) { return std::ranges::find(*b, oid) == b->end(); });
  return common;
}

}  // namespace

std::string_view to_string(Purpose purpose) noexcept { return row_of(purpose).name; }

Result<Purpose> parse_purpose(std::string_view name) {
  const auto* row = std::ranges::find(rows, name, &PurposeRow::name);
  if (row != rows.end()) return row->purpose;
  std::string known;
  for (const auto& each : rows) known += (known.empty() ? "" : ", ") + std::string(each.name);
  return fail(Errc::invalid_argument, "no purpose is named '" + std::string(name) + "'",
              "it is one of " + known);
}

std::string_view oid_of(Purpose purpose) noexcept { return row_of(purpose).oid; }

bool TrustAnchor::trusted_for(Purpose purpose) const {
  return !names(rejected, purpose) && (!trusted || names(*trusted, purpose));
}

bool TrustAnchor::distrusted() const {
  constexpr std::array all = {Purpose::server, Purpose::client, Purpose::email, Purpose::code};
  return std::ranges::all_of(all, [&](Purpose each) { return names(rejected, each); });
}

void TrustAnchor::merge(const TrustAnchor& other) {
  if (label.empty()) label = other.label;
  rejected.insert(rejected.end(), other.rejected.begin(), other.rejected.end());
  std::ranges::sort(rejected);
  rejected.erase(std::unique(rejected.begin(), rejected.end()), rejected.end());
  trusted = both(trusted, other.trusted);
  for (const auto& [purpose, time] : other.distrust_after) {
    const auto [mine, fresh] = distrust_after.try_emplace(purpose, time);
    if (!fresh) mine->second = std::min(mine->second, time);
  }
}

Result<Listing<TrustAnchor>> TrustSource::anchors() const {
  auto all = settings();
  if (all) std::erase_if(all->items, [](const TrustAnchor& each) { return each.distrusted(); });
  return all;
}

Result<Listing<Certificate>> TrustSource::distrusted() const {
  auto all = settings();
  if (!all) return Failure(all.error());
  Listing<Certificate> found{.skipped = std::move(all->skipped)};
  for (auto& each : all->items) {
    if (each.distrusted()) found.items.push_back(std::move(each.certificate));
  }
  return found;
}

}  // namespace keystore
