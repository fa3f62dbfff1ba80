#include "tools/new_object.h"

#include <fmt/format.h>

#include <charconv>

#include "keystore/internal/policy.h"
#include "tools/progress.h"

namespace keystore::cli {
namespace {

Result<Bytes> parse_hex(std::string_view text);
Result<KeyUsage> parse_usage(std::string_view text);
Result<void> check_new_key(const Store& store, const KeySpec& spec);

}  // namespace

void NewObjectOptions::add_to(CLI::App& command) {
  command.add_option("--label", label, "Label; default: the URI's");
  command.add_option("--id", id, "Id; default: the URI's, else the key identifier")
      ->type_name("HEX");
  command.add_option("--usage", usage, "sign, decrypt, derive, wrap, unwrap (tokens)")
      ->delimiter(',');
  command.add_flag("--extractable", extractable, "The key may leave the token");
  command.add_flag("--wrappable", wrappable,
                   "The key may leave the token wrapped by another key, never in the clear");
  command.add_flag("--wrap-with-trusted", wrap_with_trusted,
                   "The key may leave the token wrapped by a trusted key only");
  command.add_flag("--force", force, "Replace a file that is there, keeping a backup");
  add_secret(command, "--passphrase", passphrase, "Passphrase of key files");
}

Result<WantedObject> NewObjectOptions::read(const std::string& where) const {
  NewObject object;
  object.label = label;
  auto octets = parse_hex(id);
  if (!octets) return Failure(octets.error());
  object.id = *std::move(octets);
  for (const auto& word : usage) {
    const auto parsed = parse_usage(word);
    if (!parsed) return Failure(parsed.error());
    object.usage.push_back(*parsed);
  }
  object.extractable = extractable;
  object.wrappable = wrappable;
  object.wrap_with_trusted = wrap_with_trusted;
  object.replace = force;
  auto secret = passphrase.read({.what = PinRequest::What::new_passphrase, .object = where});
  if (!secret) return Failure(secret.error());
  return WantedObject(std::move(object), *std::move(secret));
}

Result<Key> generate_key(const Store& store, const KeySpec& spec, const NewObject& object) {
  if (store.generator() == nullptr) {
    return fail(Errc::unsupported, fmt::format("{} cannot make keys", store.uri().canonical()));
  }
  if (const auto good = check_new_key(store, spec); !good) return Failure(good.error());
  const Waiting waiting("making a key in", store.uri().canonical());
  return store.generator()->generate_key(spec, object);
}

namespace {

Result<Bytes> parse_hex(std::string_view text) {
  Bytes octets;
  for (std::size_t at = 0; at < text.size(); at += 2) {
    const auto pair = text.substr(at, 2);
    std::uint8_t octet = 0;
    const auto [end, error] = std::from_chars(pair.data(), pair.data() + pair.size(), octet, 16);
    if (pair.size() != 2 || error != std::errc() || end != pair.data() + pair.size()) {
      return fail(Errc::invalid_argument, fmt::format("--id {} is not hexadecimal", text));
    }
    octets.push_back(octet);
  }
  return octets;
}

/// A key that the policy lets nobody use is not made.
Result<void> check_new_key(const Store& store, const KeySpec& spec) {
  const auto config = process_config();
  if (!config) return Failure(config.error());
  Entry planned{.uri = store.uri()};
  planned.custody = store.uri().scheme() == "pkcs11" ? Custody::token : Custody::file;
  planned.shape = KeyShape{.type = spec.type, .bits = spec.bits};
  return check_policy((*config)->policy, planned);
}

Result<KeyUsage> parse_usage(std::string_view text) {
  if (text == "sign") return KeyUsage::sign;
  if (text == "decrypt") return KeyUsage::decrypt;
  if (text == "derive") return KeyUsage::derive;
  if (text == "wrap") return KeyUsage::wrap;
  if (text == "unwrap") return KeyUsage::unwrap;
  return fail(Errc::invalid_argument,
              fmt::format("--usage {}: not sign, decrypt, derive, wrap or unwrap", text));
}

}  // namespace
}  // namespace keystore::cli
