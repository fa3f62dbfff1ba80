#include <fmt/format.h>

#include <memory>

#include "keystore/tokens.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/token_commands.h"

namespace keystore::cli {
namespace {

Result<int> list(const std::string& text, bool json);
Json token_json(const pkcs11::TokenInfo& token);
std::string token_line(const pkcs11::TokenInfo& token);

}  // namespace

void add_token_ls(CLI::App& token, Context& context) {
  auto* command = token.add_subcommand("ls", "List tokens; logs in nowhere");
  const auto uri = std::make_shared<std::string>("pkcs11:");
  command->add_option("URI", *uri, "Which ones; default: those of all modules");
  add_json(*command, context);
  add_example(*command, "keystore token ls 'pkcs11:token=prod'");
  context.on(*command, [uri, &context] { return list(*uri, context.json); });
}

namespace {

Result<int> list(const std::string& text, bool json) {
  const auto uri = Uri::parse(text);
  if (!uri) return Failure(uri.error());
  if (uri->scheme() != "pkcs11") {
    return fail(Errc::invalid_argument, fmt::format("{} is no pkcs11: URI", text));
  }
  const Waiting waiting("looking for tokens");
  const auto found = pkcs11::list_tokens(*uri, {});
  if (!found) return Failure(found.error());
  for (const auto& error : found->skipped) print_warning("skipped: " + error.message);
  Json tokens = Json::array();
  for (const auto& token : found->items) {
    if (json) {
      tokens.push_back(token_json(token));
    } else {
      print_line(token_line(token));
    }
  }
  if (json) print_json({{"tokens", tokens}});
  return 0;
}

Json token_json(const pkcs11::TokenInfo& token) {
  const Json pin = {{"set", token.pin.set},
                    {"count_low", token.pin.count_low},
                    {"final_try", token.pin.final_try},
                    {"locked", token.pin.locked}};
  return {{"uri", token.uri.canonical()},
          {"label", token.label},
          {"manufacturer", token.manufacturer},
          {"model", token.model},
          {"serial", token.serial},
          {"module", token.module},
          {"slot", token.slot},
          {"initialised", token.initialised},
          {"pin", pin},
          {"mechanisms", token.mechanisms}};
}

std::string token_line(const pkcs11::TokenInfo& token) {
  auto line = fmt::format("{}  slot {}", token.uri.canonical(), token.slot);
  if (!token.initialised) return line + "  not initialised";
  if (!token.pin.set) line += "  no PIN";
  if (token.pin.locked) line += "  PIN locked";
  if (token.pin.final_try) line += "  PIN final try";
  if (token.pin.count_low && !token.pin.final_try && !token.pin.locked)
    line += "  PIN tried wrongly";
  return line;
}

}  // namespace
}  // namespace keystore::cli
