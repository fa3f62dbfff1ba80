#include "keystore/uri.h"

#include <fmt/format.h>

#include <memory>

#include "tools/commands.h"
#include "tools/options.h"
#include "tools/output.h"

namespace keystore::cli {
namespace {

Result<int> print_uri(const std::string& text, bool json);
Json attributes_json(const std::vector<UriAttribute>& attributes);
Json path_json(const Uri& uri);
void print_members(std::string_view group, const Json& members);

}  // namespace

void add_uri(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("uri", "Parse a URI and print its parts; touches nothing");
  const auto text = std::make_shared<std::string>();
  command->add_option("URI", *text, "A store's or object's URI")->required();
  add_json(*command, context);
  add_example(*command, "keystore uri 'pkcs11:token=prod;object=web?pin-source=file:/etc/pin'");
  context.on(*command, [text, &context] { return print_uri(*text, context.json); });
}

namespace {

Result<int> print_uri(const std::string& text, bool json) {
  const auto uri = Uri::parse(text);
  if (!uri) return Failure(uri.error());
  const Json object = {{"scheme", uri->scheme()},
                       {"canonical", uri->canonical()},
                       {"path", path_json(*uri)},
                       {"query", attributes_json(uri->query_attributes())}};
  if (json) {
    print_json(object);
    return 0;
  }
  print_line(fmt::format("scheme: {}", uri->scheme()));
  print_line(fmt::format("canonical: {}", uri->canonical()));
  print_members("path", object["path"]);
  print_members("query", object["query"]);
  return 0;
}

bool is_utf8(const std::string& text) {
  try {
    (void)Json(text).dump();
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

Json value_json(const std::string& value) {
  if (is_utf8(value)) return value;
  return {{"hex", to_hex(as_bytes(value))}};
}

Json attributes_json(const std::vector<UriAttribute>& attributes) {
  Json object = Json::object();
  for (const auto& [name, value] : attributes) {
    if (name != "pin-value") object[name] = value_json(value);
  }
  return object;
}

Json path_json(const Uri& uri) {
  if (uri.path().empty()) return attributes_json(uri.path_attributes());
  return {{uri.scheme() == "keystore" ? "name" : "path", value_json(uri.path())}};
}

void print_members(std::string_view group, const Json& members) {
  for (const auto& [name, value] : members.items()) {
    const auto text =
        value.is_string() ? value.get<std::string>() : "hex:" + value["hex"].get<std::string>();
    print_line(fmt::format("{} {}: {}", group, name, text));
  }
}

}  // namespace
}  // namespace keystore::cli
