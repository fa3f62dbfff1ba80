#include "keystore/verify/doctor/tls_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "keystore/uri.h"

namespace keystore::verify::doctor {
namespace {

std::optional<TlsAddress> with_port(std::string_view host, std::string_view port);

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

std::optional<TlsAddress> host_and_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos || !is_port(text.substr(colon + 1))) return {};
  return with_port(text.substr(0, colon), text.substr(colon + 1));
}

std::optional<TlsAddress> with_port(std::string_view host, std::string_view port) {
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of("/[]@ ") != host.npos) return {};
  if (!bracketed && host.find(':') != host.npos) return {};
  return TlsAddress{std::string(host), std::string(port)};
}

}  // namespace

std::optional<TlsAddress> TlsAddress::parse(std::string_view target) {
  constexpr std::string_view scheme = "tls://";
  if (target.starts_with(scheme)) {
    const auto place = target.substr(scheme.size());
    const auto whole = host_and_port(place);
    return whole ? whole : with_port(place, {});
  }
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::path(target), error)) return {};
  // A host is no scheme that stores have.
  const auto uri = Uri::parse(target);
  const bool bare_path = uri && uri->scheme() == "file" && !target.starts_with("file:");
  if (!bare_path && (uri || uri.error().code != Errc::invalid_argument)) return {};
  return host_and_port(target);
}

bool TlsAddress::is_numeric() const {
  std::array<unsigned char, 16> address = {};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

}  // namespace keystore::verify::doctor
