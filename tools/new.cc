#include <fmt/format.h>

#include <array>
#include <charconv>
#include <memory>

#include "tools/commands.h"
#include "tools/new_object.h"
#include "tools/output.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string uri = {};
  std::string type = {};
  SecretOption pin = {};
  NewObjectOptions object = {};
};

constexpr std::string_view aes_prefix = "aes:";

Result<int> generate(const Options& options, bool json);

}  // namespace

void add_new(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("new", "Make a key in a store");
  const auto options = std::make_shared<Options>();
  command->add_option("URI", options->uri, "The token or the file that shall hold it")->required();
  command
      ->add_option("--type", options->type,
                   "rsa:3072, ec:p256, ec:p384, ec:p521, ed25519 or ed448; aes:256 for a key that "
                   "wraps others (tokens)")
      ->required();
  add_secret(*command, "--pin", options->pin, "PIN of the token");
  options->object.add_to(*command);
  add_json(*command, context);
  add_example(*command,
              "keystore new 'pkcs11:token=prod' --type ec:p256 --label web\n  "
              "keystore new 'pkcs11:token=prod' --type aes:256 --label backup");
  context.on(*command, [options, &context] { return generate(*options, context.json); });
}

namespace {

Result<unsigned> parse_aes(std::string_view type) {
  const auto digits = type.substr(aes_prefix.size());
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error == std::errc() && end == digits.data() + digits.size()) return bits;
  return fail(Errc::invalid_argument, fmt::format("unknown key type '{}'", type),
              "AES keys are aes:128, aes:192 and aes:256");
}

Result<Entry> make_aes(const Store& store, unsigned bits, const NewObject& object) {
  if (store.wrapper() == nullptr) {
    return fail(Errc::unsupported,
                fmt::format("{} holds no wrapping keys", store.uri().canonical()));
  }
  return store.wrapper()->generate_wrapping_key(bits, object);
}

Result<Entry> make_pair(const Store& store, const KeySpec& spec, const NewObject& object) {
  const auto key = generate_key(store, spec, object);
  if (!key) return Failure(key.error());
  return key->entry();
}

Result<int> generate(const Options& options, bool json) {
  const bool aes = options.type.starts_with(aes_prefix);
  const auto bits = aes ? parse_aes(options.type) : Result<unsigned>(0);
  if (!bits) return Failure(bits.error());
  const auto spec = aes ? Result<KeySpec>(KeySpec{}) : KeySpec::parse(options.type);
  if (!spec) return Failure(spec.error());
  const auto wanted = options.object.read(options.uri);
  if (!wanted) return Failure(wanted.error());
  const auto store = open_new_store(options.uri, options.pin);
  if (!store) return Failure(store.error());
  const auto entry =
      aes ? make_aes(*store, *bits, wanted->object()) : make_pair(*store, *spec, wanted->object());
  if (!entry) return Failure(entry.error());
  return print_entries(std::array{*entry}, json);
}

}  // namespace
}  // namespace keystore::cli
