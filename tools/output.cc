#include "tools/output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>

#include "keystore/internal/entry_key.h"
#include "tools/progress.h"

namespace keystore::cli {
namespace {

Json key_json(const Entry& entry);
Json certificate_json(const Certificate& certificate);
void put(const std::string& text, std::FILE* stream);

}  // namespace

void print_listing(const Listing<Entry>& found, bool json) {
  if (!json) {
    print_entries(found.items, false);
    for (const auto& error : found.skipped) print_warning("skipped: " + error.message);
    return;
  }
  Json entries = Json::array();
  for (const auto& entry : found.items) entries.push_back(entry_json(entry));
  Json skipped = Json::array();
  for (const auto& error : found.skipped) skipped.push_back(skipped_json(error));
  print_json({{"entries", entries}, {"skipped", skipped}});
}

std::string printable(std::string_view text) {
  std::string clean;
  bool in_c1 = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    const bool c1 = octet == 0xc2 && next >= 0x80 && next < 0xa0;  // U+0080 to U+009F in UTF-8
    if (octet < 0x20 || octet == 0x7f || c1 || in_c1) {
      clean += fmt::format("\\x{:02x}", octet);
    } else {
      clean += text[i];
    }
    in_c1 = c1;
  }
  return clean;
}

void print_line(std::string_view text) { put(printable(text) + '\n', stdout); }

void print_json(const Json& object) {
  Json whole = {{"schema", "keystore/1"}};
  whole.update(object);
  put(whole.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n', stdout);
}

void print_warning(std::string_view text) {
  put(fmt::format("keystore: warning: {}\n", printable(text)), stderr);
}

void print_log(std::string_view text) {
  put(fmt::format("keystore: {}\n", printable(text)), stderr);
}

Json error_json(const Error& error) {
  Json object = {{"code", to_string(error.code)}, {"message", error.message}};
  if (!error.hint.empty()) object["hint"] = error.hint;
  if (error.cause) {
    object["cause"] = {{"subsystem", error.cause->subsystem},
                       {"call", error.cause->call},
                       {"code", error.cause->code}};
  }
  return object;
}

int report(const Error& error, bool json) {
  if (json) print_json({{"error", error_json(error)}});
  auto text = fmt::format("keystore: error: {}\n", printable(error.message));
  if (!error.hint.empty()) text += fmt::format("keystore: hint: {}\n", printable(error.hint));
  put(text, stderr);
  return exit_code(error.code);
}

int exit_code(Errc code) noexcept {
  switch (code) {
    case Errc::not_trusted:
    case Errc::key_mismatch:
      return 1;
    case Errc::invalid_argument:
      return 2;
    case Errc::not_found:
    case Errc::ambiguous:
      return 3;
    case Errc::pin_required:
    case Errc::pin_incorrect:
    case Errc::pin_locked:
      return 4;
    case Errc::unavailable:
    case Errc::timed_out:
    case Errc::io:
      return 5;
    case Errc::unsupported:
    case Errc::refused_by_policy:
    case Errc::access_denied:
    case Errc::already_exists:
      return 6;
    case Errc::malformed:
      return 7;
    case Errc::internal:
      return 70;
    case Errc::cancelled:
      return 130;
  }
  return 70;
}

Json entry_json(const Entry& entry, bool with_attributes) {
  Json object = {{"uri", entry.uri.canonical()},
                 {"kind", to_string(entry.kind)},
                 {"label", entry.label},
                 {"id", to_hex(entry.id)},
                 {"custody", to_string(entry.custody)}};
  object["extractable"] = may_leave(entry);
  if (auto key = key_json(entry); !key.empty()) object["key"] = std::move(key);
  if (entry.certificate) object["certificate"] = certificate_json(*entry.certificate);
  if (with_attributes) {
    object["attributes"] = Json::object();
    for (const auto& [name, value] : entry.attributes) object["attributes"][name] = value;
  }
  return object;
}

Json skipped_json(const Error& error) {
  const auto end = error.message.find(": ");
  return {{"what", error.message.substr(0, end)},
          {"code", to_string(error.code)},
          {"message", error.message}};
}

std::string entry_line(const Entry& entry) {
  auto line = fmt::format("{}  {}", entry.uri.canonical(), to_string(entry.kind));
  if (entry.shape) line += "  " + shape_text(*entry.shape);
  if (entry.certificate) line += "  " + entry.certificate->subject();
  if (!entry.label.empty()) line += "  " + entry.label;
  return line;
}

std::string time_text(std::chrono::sys_seconds time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string shape_text(const KeyShape& shape) {
  const auto type = to_string(shape.type);
  if (!shape.curve.empty()) return fmt::format("{} {}", type, shape.curve);
  const bool sized = shape.type == KeyType::rsa || shape.type == KeyType::dsa;
  if (sized || (shape.type == KeyType::other && shape.bits > 0)) {
    return fmt::format("{} {}", type, shape.bits);
  }
  return std::string(type);
}

int print_entries(std::span<const Entry> entries, bool json) {
  Json list = Json::array();
  for (const auto& entry : entries) {
    if (json) {
      list.push_back(entry_json(entry));
    } else {
      print_line(entry_line(entry));
    }
  }
  if (json) print_json({{"entries", list}});
  return 0;
}

namespace {

Json key_json(const Entry& entry) {
  Json object = Json::object();
  const auto key = public_key_of(entry);
  if (const auto shape = shape_of(entry)) {
    object["type"] = to_string(shape->type);
    object["bits"] = shape->bits;
    if (!shape->curve.empty()) object["curve"] = shape->curve;
  }
  if (key) object["spki_sha256"] = to_hex(key->spki_sha256());
  return object;
}

Json certificate_json(const Certificate& certificate) {
  return {{"subject", certificate.subject()},
          {"issuer", certificate.issuer()},
          {"serial", certificate.serial()},
          {"not_before", time_text(certificate.not_before())},
          {"not_after", time_text(certificate.not_after())},
          {"sha256", to_hex(certificate.sha256())},
          {"names", certificate.names()}};
}

void put(const std::string& text, std::FILE* stream) {
  const ProgressPause pause;
  std::fwrite(text.data(), 1, text.size(), stream);
}

}  // namespace
}  // namespace keystore::cli
