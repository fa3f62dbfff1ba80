#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "keystore/entry.h"
#include "keystore/error.h"

namespace keystore::cli {

/// JSON that keeps the order in which members were added.
using Json = nlohmann::ordered_json;

/// With control characters escaped: a label cannot steer a terminal or look like two lines.
std::string printable(std::string_view text);
/// One line on stdout. Control characters are escaped.
void print_line(std::string_view text);
/// One object on stdout, `"schema":"keystore/1"` in front of its members.
void print_json(const Json& object);
/// `keystore: warning: …` on stderr.
void print_warning(std::string_view text);
/// `keystore: …` on stderr.
void print_log(std::string_view text);

/// Reports a failure (DESIGN.md, section 5): `keystore: error: …` and `keystore: hint: …` on stderr
/// and, with `json`, the error object on stdout. Returns the exit code.
int report(const Error& error, bool json);
int exit_code(Errc code) noexcept;
/// {"code","message","hint","cause"}, the last two where there are any.
Json error_json(const Error& error);

/// ENTRY of DESIGN.md, section 5; `attributes` only for `show`.
Json entry_json(const Entry& entry, bool with_attributes = false);
/// {"what","code","message"}
Json skipped_json(const Error& error);
/// "pkcs11:…  private-key  ec P-256  web"
std::string entry_line(const Entry& entry);
/// "2026-03-01T12:00:00Z"
std::string time_text(std::chrono::sys_seconds time);
/// "ec P-256", "rsa 3072", "ed25519", "other 256"
std::string shape_text(const KeyShape& shape);

/// Prints what a store holds: {"entries":[…],"skipped":[…]} or one line each, what was skipped as
/// warnings.
void print_listing(const Listing<Entry>& found, bool json);
/// Prints what a command made: {"entries":[…]} or one line each. Always 0.
int print_entries(std::span<const Entry> entries, bool json);

}  // namespace keystore::cli
