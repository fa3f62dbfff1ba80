#include "backends/system/p11kit_dump.h"

#include <fmt/format.h>

#include <array>

#include "backends/system/nss_time.h"
#include "keystore/internal/trust_file.h"

namespace keystore::system {
namespace {

constexpr std::string_view object_start = "[p11-kit-object-v1]";
constexpr std::string_view certificate_start = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view certificate_end = "-----END CERTIFICATE-----";
/// CK_FALSE: there is no such time.
constexpr std::string_view none = "\"%00\"";

struct TimeRow {
  std::string_view attribute;
  Purpose purpose;
};
constexpr std::array time_rows = {
    TimeRow{"nss-server-distrust-after: ", Purpose::server},
    TimeRow{"nss-email-distrust-after: ", Purpose::email},
};

/// Reads line by line; the certificate of an object stands behind its attributes.
class DumpReader {
 public:
  DumpReader(const std::string& path, std::string_view text) : path_(path), text_(text) {}
  Listing<TrustAnchor> read();

 private:
  void read_line(std::string_view line, std::size_t at);
  void read_time(const TimeRow& row, std::string_view value);
  void read_certificate(std::string_view pem);
  std::string place() const { return fmt::format("{}, line {}", path_, line_); }

  const std::string& path_;
  std::string_view text_;
  std::size_t line_ = 0;
  std::size_t certificate_ = std::string_view::npos;  ///< where it begins
  std::map<Purpose, std::chrono::sys_seconds> times_ = {};
  Listing<TrustAnchor> found_ = {};
};

}  // namespace

Listing<TrustAnchor> read_p11kit_dump(const std::string& path, std::string_view text) {
  return DumpReader(path, text).read();
}

namespace {

Listing<TrustAnchor> DumpReader::read() {
  for (std::size_t at = 0; at < text_.size();) {
    const auto end = std::min(text_.find('\n', at), text_.size());
    ++line_;
    read_line(text_.substr(at, end - at), at);
    at = end + 1;
  }
  return std::move(found_);
}

void DumpReader::read_line(std::string_view line, std::size_t at) {
  if (line == object_start) {
    times_.clear();
    certificate_ = text_.npos;
  } else if (line == certificate_start) {
    certificate_ = at;
  } else if (line == certificate_end && certificate_ != text_.npos) {
    read_certificate(text_.substr(certificate_, at + line.size() - certificate_));
  } else {
    for (const auto& row : time_rows) {
      if (line.starts_with(row.attribute)) read_time(row, line.substr(row.attribute.size()));
    }
  }
}

void DumpReader::read_time(const TimeRow& row, std::string_view value) {
  if (value == none) return;
  const bool quoted = value.size() > 1 && value.front() == '"' && value.back() == '"';
  const auto time = parse_nss_time(quoted ? value.substr(1, value.size() - 2) : "");
  if (time) {
    times_[row.purpose] = *time;
  } else {
    found_.skipped.push_back(
        {.code = Errc::malformed,
         .message = fmt::format("{}: {}{} is no time", place(), row.attribute, value)});
  }
}

void DumpReader::read_certificate(std::string_view pem) {
  if (times_.empty()) return;
  auto read = read_trust_file(place(), as_bytes(pem));
  if (!read) {
    found_.skipped.push_back(std::move(read.error()));
    return;
  }
  for (auto& anchor : read->items) {
    anchor.distrust_after = times_;
    found_.items.push_back(std::move(anchor));
  }
}

}  // namespace
}  // namespace keystore::system
