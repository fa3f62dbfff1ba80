#include "backends/system/certdata.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <vector>

#include "backends/system/nss_time.h"

namespace keystore::system {
namespace {

/// One attribute: the word after its type, or the octets of a MULTILINE_OCTAL.
struct Value {
  std::string word = {};
  Bytes octets = {};
};
using Object = std::map<std::string, Value, std::less<>>;

/// Reads line by line. A new object begins at each CKA_CLASS.
class CertdataReader {
 public:
  explicit CertdataReader(std::string_view text) : rest_(text) {}
  Result<std::vector<Object>> objects();
  std::size_t line() const noexcept { return line_; }

 private:
  std::optional<std::string_view> next_line();
  bool read_octal(Bytes& out);

  std::string_view rest_;
  std::size_t line_ = 0;
};

struct TrustRow {
  std::string_view attribute;
  Purpose purpose;
};
constexpr std::array trust_rows = {
    TrustRow{"CKA_TRUST_SERVER_AUTH", Purpose::server},
    TrustRow{"CKA_TRUST_EMAIL_PROTECTION", Purpose::email},
    TrustRow{"CKA_TRUST_CODE_SIGNING", Purpose::code},
};
constexpr std::array distrust_rows = {
    TrustRow{"CKA_NSS_SERVER_DISTRUST_AFTER", Purpose::server},
    TrustRow{"CKA_NSS_EMAIL_DISTRUST_AFTER", Purpose::email},
};

/// What tells which certificate a trust object is about.
using Name = std::pair<Bytes, Bytes>;
Name name_of(const Object& object);
const Value& value_of(const Object& object, std::string_view attribute);
Result<TrustAnchor> anchor_of(const Object& object);
void add_trust(TrustAnchor& anchor, const Object& trust);
bool says_distrust(const Object& trust);

}  // namespace

Result<Listing<TrustAnchor>> read_certdata(const std::string& path, std::string_view text) {
  CertdataReader reader(text);
  const auto objects = reader.objects();
  if (!objects) {
    return fail(Errc::malformed,
                fmt::format("{}, line {}: {}", path, reader.line(), objects.error().message));
  }
  std::map<Name, const Object*> trusts;
  for (const auto& object : *objects) {
    const auto& kind = value_of(object, "CKA_CLASS").word;
    if (kind == "CKO_NSS_TRUST" || kind == "CKO_NETSCAPE_TRUST") trusts[name_of(object)] = &object;
  }
  Listing<TrustAnchor> found;
  for (const auto& object : *objects) {
    if (value_of(object, "CKA_CLASS").word != "CKO_CERTIFICATE") continue;
    auto anchor = anchor_of(object);
    const auto trust = trusts.extract(name_of(object));
    if (!anchor) {
      found.skipped.push_back(anchor.error());
      found.skipped.back().message = path + ": " + found.skipped.back().message;
      continue;
    }
    anchor->trusted.emplace();
    if (trust) add_trust(*anchor, *trust.mapped());
    found.items.push_back(*std::move(anchor));
  }
  for (const auto& [name, trust] : trusts) {
    if (!says_distrust(*trust)) continue;
    found.skipped.push_back({.code = Errc::unsupported,
                             .message = fmt::format("{}: '{}' is distrusted by its name and serial "
                                                    "number alone, which cannot be kept",
                                                    path, value_of(*trust, "CKA_LABEL").word)});
  }
  return found;
}

namespace {

Result<std::vector<Object>> CertdataReader::objects() {
  std::vector<Object> objects;
  bool begun = false;
  while (const auto line = next_line()) {
    if (line->empty() || line->front() == '#') continue;
    if (*line == "BEGINDATA") {
      begun = true;
      continue;
    }
    if (!begun || !line->starts_with("CKA_")) continue;
    const auto type = line->find(' ');
    const auto value = type == line->npos ? type : line->find(' ', type + 1);
    const std::string name(line->substr(0, type));
    if (name == "CKA_CLASS") objects.emplace_back();
    if (objects.empty()) return fail(Errc::malformed, name + " stands before any CKA_CLASS");
    auto& attribute = objects.back()[name];
    if (type != line->npos && line->substr(type + 1) == "MULTILINE_OCTAL") {
      if (!read_octal(attribute.octets)) return fail(Errc::malformed, "not octets in octal");
    } else if (value != line->npos) {
      attribute.word = line->substr(value + 1);
      if (attribute.word.size() > 1 && attribute.word.front() == '"') {
        attribute.word = attribute.word.substr(1, attribute.word.size() - 2);
      }
    } else {
      return fail(Errc::malformed, name + " has no value");
    }
  }
  if (objects.empty()) return fail(Errc::malformed, "no object: this is no certdata.txt");
  return objects;
}

std::optional<std::string_view> CertdataReader::next_line() {
  if (rest_.empty()) return {};
  ++line_;
  const auto end = rest_.find('\n');
  auto line = rest_.substr(0, end);
  rest_ = end == rest_.npos ? "" : rest_.substr(end + 1);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return line;
}

/// Lines of \ooo, up to END.
bool CertdataReader::read_octal(Bytes& out) {
  while (const auto line = next_line()) {
    if (*line == "END") return true;
    if (line->size() % 4 != 0) return false;
    for (std::size_t at = 0; at < line->size(); at += 4) {
      const auto digits = line->substr(at + 1, 3);
      std::uint8_t octet = 0;
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), octet, 8);
      const bool whole = error == std::errc() && end == digits.data() + digits.size();
      if ((*line)[at] != '\\' || !whole) return false;
      out.push_back(octet);
    }
  }
  return false;
}

Name name_of(const Object& object) {
  return {value_of(object, "CKA_ISSUER").octets, value_of(object, "CKA_SERIAL_NUMBER").octets};
}

const Value& value_of(const Object& object, std::string_view attribute) {
  static const Value none;
  const auto found = object.find(attribute);
  return found == object.end() ? none : found->second;
}

Result<TrustAnchor> anchor_of(const Object& object) {
  const auto& label = value_of(object, "CKA_LABEL").word;
  auto certificate = Certificate::parse(value_of(object, "CKA_VALUE").octets);
  if (!certificate) {
    certificate.error().message = fmt::format("'{}': {}", label, certificate.error().message);
    return Failure(certificate.error());
  }
  TrustAnchor anchor{.certificate = *std::move(certificate), .label = label};
  for (const auto& row : distrust_rows) {
    if (const auto time = parse_nss_time(as_text(value_of(object, row.attribute).octets))) {
      anchor.distrust_after[row.purpose] = *time;
    }
  }
  return anchor;
}

/// Trusted for what it names as a delegator, distrusted where it says so; neither for the rest.
void add_trust(TrustAnchor& anchor, const Object& trust) {
  for (const auto& row : trust_rows) {
    const auto& says = value_of(trust, row.attribute).word;
    const std::string oid(oid_of(row.purpose));
    if (says.ends_with("TRUSTED_DELEGATOR")) {
      anchor.trusted->push_back(oid);
      // NSS knows no trust for clients of its own: who may vouch for servers may vouch for them.
      if (row.purpose == Purpose::server) anchor.trusted->emplace_back(oid_of(Purpose::client));
    } else if (says.ends_with("NOT_TRUSTED") || says.ends_with("UNTRUSTED")) {
      anchor.rejected.push_back(oid);
      if (row.purpose == Purpose::server) anchor.rejected.emplace_back(oid_of(Purpose::client));
    }
  }
}

bool says_distrust(const Object& trust) {
  for (const auto& row : trust_rows) {
    const auto& says = value_of(trust, row.attribute).word;
    if (says.ends_with("NOT_TRUSTED") || says.ends_with("UNTRUSTED")) return true;
  }
  return false;
}

}  // namespace
}  // namespace keystore::system
