#include "tools/options.h"

namespace keystore::cli {

Result<std::optional<SecretSource>> SecretOption::source() const {
  if (text.empty()) return std::optional<SecretSource>();
  auto parsed = SecretSource::parse(text);
  if (!parsed) return Failure(parsed.error());
  return std::optional(*std::move(parsed));
}

Result<std::optional<Secret>> SecretOption::read(const PinRequest& request) const {
  const auto from = source();
  if (!from) return Failure(from.error());
  if (!*from) return std::optional<Secret>();
  auto secret = (*from)->read(request);
  if (!secret) return Failure(secret.error());
  return std::optional(*std::move(secret));
}

void add_json(CLI::App& command, Context& context) {
  command.add_flag("--json", context.json, "Print one JSON object");
}

void add_secret(CLI::App& command, const std::string& name, SecretOption& option,
                const std::string& help) {
  command
      .add_option(name, option.text,
                  help +
                      ": prompt, file:PATH, fd:N, cred:NAME, cmd:PROGRAM ARG, or the unsafe "
                      "env:NAME and pass:TEXT")
      ->type_name("SRC");
}

void add_example(CLI::App& command, const std::string& lines) {
  command.footer("\nExample:\n  " + lines);
}

Result<OpenOptions> open_options(const SecretOption& pin) {
  auto source = pin.source();
  if (!source) return Failure(source.error());
  OpenOptions options;
  options.pin_source = *std::move(source);
  options.pin = [](const PinRequest& request) {
    return read_secret_from_terminal(request.prompt());
  };
  return options;
}

}  // namespace keystore::cli
