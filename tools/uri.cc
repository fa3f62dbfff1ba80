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

/// Text ends at a NUL for too many readers: what holds one is octets.
Json value_json(const std::string& value) {
  if (is_utf8(value) && value.find('\0') == value.npos) return value;
  return {{"hex", to_hex(as_bytes(value))}};
}

/// A vendor's attribute that is there several times (RFC 7512, 2.3) becomes a list.
Json attributes_json(const std::vector<UriAttribute>& attributes) {
  Json object = Json::object();
  for (const auto& [name, text] : attributes) {
    if (name == "pin-value") continue;
    auto value = value_json(text);
    if (!object.contains(name)) {
      object[name] = std::move(value);
    } else if (auto& there = object[name]; there.is_array()) {
      there.push_back(std::move(value));
    } else {
      there = Json::array({there, std::move(value)});
    }
  }
  return object;
}

Json path_json(const Uri& uri) {
  if (uri.path().empty()) return attributes_json(uri.path_attributes());
  return {{uri.scheme() == "keystore" ? "name" : "path", value_json(uri.path())}};
}

void print_members(std::string_view group, const Json& members) {
  for (const auto& [name, member] : members.items()) {
    for (const auto& value : member.is_array() ? member : Json::array({member})) {
      const auto text =
          value.is_string() ? value.get<std::string>() : "hex:" + value["hex"].get<std::string>();
      print_line(fmt::format("{} {}: {}", group, name, text));
    }
  }
}

}  // namespace
}  // namespace keystore::cli
