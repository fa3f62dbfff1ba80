#include "keystore/lifecycle/internal/plan_json.h"

#include <stdexcept>

namespace keystore::lifecycle {
namespace {

Json file_json(const FileState& file);
FileState parse_file(const Json& json);
Json hex_list(const std::vector<Bytes>& values);
Bytes from_hex(const std::string& text);
MovePlan::Data read_plan(const Json& json);

}  // namespace

Json plan_json(const MovePlan::Data& plan) {
  return {{"id", plan.id},
          // As a URI, because a path may hold octets that JSON cannot.
          {"source", Uri::from_path(plan.path).canonical()},
          {"original", file_json(plan.original)},
          {"destination", plan.destination},
          {"reference_uri", plan.reference_uri},
          {"pin_source", plan.pin_source},
          {"label", plan.label},
          {"object_id", to_hex(plan.object_id)},
          {"public_key", to_hex(plan.public_key)},
          {"certificates", hex_list(plan.certificates)},
          {"certificate_matches", plan.certificate_matches},
          {"import_certificates", plan.import_certificates}};
}

Result<MovePlan::Data> parse_plan(const Json& json) {
  try {
    return read_plan(json);
  } catch (const std::exception& fault) {
    return fail(Errc::malformed, std::string("not a plan of a move: ") + fault.what());
  }
}

namespace {

Json file_json(const FileState& file) {
  return {{"sha256", file.sha256},
          {"size", file.size},
          {"mode", file.mode},
          {"owner", file.owner},
          {"group", file.group},
          {"mtime_seconds", file.mtime_seconds},
          {"mtime_nanoseconds", file.mtime_nanoseconds}};
}

FileState parse_file(const Json& json) {
  FileState file;
  json.at("sha256").get_to(file.sha256);
  json.at("size").get_to(file.size);
  json.at("mode").get_to(file.mode);
  json.at("owner").get_to(file.owner);
  json.at("group").get_to(file.group);
  json.at("mtime_seconds").get_to(file.mtime_seconds);
  json.at("mtime_nanoseconds").get_to(file.mtime_nanoseconds);
  return file;
}

MovePlan::Data read_plan(const Json& json) {
  MovePlan::Data plan;
  json.at("id").get_to(plan.id);
  plan.path = Uri::parse(json.at("source").get<std::string>()).value().path();
  plan.original = parse_file(json.at("original"));
  json.at("destination").get_to(plan.destination);
  json.at("reference_uri").get_to(plan.reference_uri);
  json.at("pin_source").get_to(plan.pin_source);
  json.at("label").get_to(plan.label);
  plan.object_id = from_hex(json.at("object_id"));
  plan.public_key = from_hex(json.at("public_key"));
  for (const auto& each : json.at("certificates")) plan.certificates.push_back(from_hex(each));
  json.at("certificate_matches").get_to(plan.certificate_matches);
  json.at("import_certificates").get_to(plan.import_certificates);
  return plan;
}

Json hex_list(const std::vector<Bytes>& values) {
  auto list = Json::array();
  for (const auto& value : values) list.push_back(to_hex(value));
  return list;
}

std::uint8_t nibble(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<std::uint8_t>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<std::uint8_t>(digit - 'a' + 10);
  throw std::invalid_argument("not hexadecimal");
}

Bytes from_hex(const std::string& text) {
  if (text.size() % 2 != 0) throw std::invalid_argument("odd number of hexadecimal digits");
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(nibble(text[i]) << 4 | nibble(text[i + 1])));
  }
  return bytes;
}

}  // namespace
}  // namespace keystore::lifecycle
