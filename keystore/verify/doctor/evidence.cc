#include "keystore/verify/doctor/evidence.h"

#include <fmt/format.h>

#include <algorithm>

#include "keystore/internal/public_key_parsed.h"
#include "keystore/verify/doctor/report.h"

namespace keystore::verify::doctor {
namespace {

std::string file_of(const Entry& entry);
bool is_pkcs12(const Entry& entry);
void add_keys(const Listing<Key>& keys, Evidence& evidence);
void add_certificates_of(const Store& store, Evidence& evidence);

}  // namespace

bool FoundKey::is_for(const Certificate& certificate) const {
  if (!public_key) return false;
  const auto own = certificate.public_key();
  return own && same_public_key(*own, *public_key);
}

Result<Evidence> gather(const Store& store) {
  auto entries = store.find_entries();
  if (!entries) return Failure(entries.error());
  Evidence evidence{.unreadable = std::move(entries->skipped)};
  bool any_key = false;
  for (auto& entry : entries->items) {
    any_key |= entry.kind == EntryKind::private_key;
    if (entry.kind == EntryKind::certificate && entry.certificate) {
      evidence.certificates.push_back({*entry.certificate, file_of(entry), !is_pkcs12(entry)});
    } else if (entry.kind == EntryKind::private_key) {
      auto public_key = entry.public_key;
      auto file = file_of(entry);
      evidence.keys.push_back({std::move(entry), std::move(file), {}, std::move(public_key)});
    }
  }
  if (any_key) {
    const auto keys = store.find_keys();
    if (keys) add_keys(*keys, evidence);
    if (!keys) evidence.unreadable.push_back(keys.error());
  }
  add_certificates_of(store, evidence);
  return evidence;
}

std::string rewrite_command(const std::string& file, const Evidence& evidence,
                            const std::string& arguments) {
  for (const auto& key : evidence.keys) {
    const auto encrypted = key.entry.attributes.find("encrypted");
    const bool plain = encrypted != key.entry.attributes.end() && encrypted->second == "no";
    if (key.file == file && !plain) return {};
  }
  return fmt::format("keystore export {0} {1}{2} && cp {1} {0} && rm {1}", shell_word(file),
                     shell_word(file + ".new"), arguments);
}

namespace {

/// Where the object stands: of a reference its file, not the token that it names.
std::string file_of(const Entry& entry) {
  const auto named = entry.attributes.find("file");
  if (named != entry.attributes.end()) return named->second;
  const auto& scheme = entry.uri.scheme();
  return scheme == "file" || scheme == "pfx" ? entry.uri.path() : std::string();
}

bool is_pkcs12(const Entry& entry) {
  const auto format = entry.attributes.find("format");
  return format != entry.attributes.end() && format->second == "PKCS#12";
}

/// Gives each listed key its handle.
void add_keys(const Listing<Key>& keys, Evidence& evidence) {
  for (const auto& key : keys.items) {
    const auto listed = std::ranges::find_if(evidence.keys, [&](const FoundKey& found) {
      return !found.key && found.entry.uri == key.entry().uri;
    });
    if (listed == evidence.keys.end()) continue;
    listed->key = key;
    if (!listed->public_key) listed->public_key = key.public_key();
  }
  // What was skipped while listing is told already.
  for (const auto& error : keys.skipped) {
    const bool told = std::ranges::any_of(
        evidence.unreadable, [&](const Error& other) { return other.message == error.message; });
    if (!told) evidence.unreadable.push_back(error);
  }
}

/// A URI of a key alone leaves out its certificate and the issuers beside it.
void add_certificates_of(const Store& store, Evidence& evidence) {
  for (const auto& found : evidence.keys) {
    const bool there = std::ranges::any_of(
        evidence.certificates,
        [&](const FoundCertificate& other) { return found.is_for(other.certificate); });
    if (there || !found.key) continue;
    const auto identity = store.identity_of(*found.key);
    if (!identity) continue;
    evidence.certificates.push_back({identity->leaf()});
    for (const auto& issuer : identity->chain()) evidence.certificates.push_back({issuer});
  }
}

}  // namespace
}  // namespace keystore::verify::doctor
