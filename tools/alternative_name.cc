#include "tools/alternative_name.h"

#include <arpa/inet.h>

#include <array>

#include "keystore/verify/host_name.h"

namespace keystore::cli {
namespace {

constexpr std::string_view dns = "dns:";
constexpr std::string_view email = "email:";

bool is_address(const std::string& text);

}  // namespace

Result<std::string> recognised_name(std::string_view typed) {
  std::string name(typed);
  for (const std::string_view prefix : {"dns:", "ip:", "email:", "uri:"}) {
    if (name.starts_with(prefix)) return to_ascii(std::move(name));
  }
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (is_address(name)) return "ip:" + name;
  if (name.find("://") != name.npos) return "uri:" + name;
  return to_ascii((name.find('@') != name.npos ? "email:" : "dns:") + name);
}

Result<std::string> to_ascii(std::string name) {
  std::size_t host = 0;
  if (name.starts_with(dns)) host = name.starts_with("dns:*.") ? dns.size() + 2 : dns.size();
  if (name.starts_with(email)) host = name.rfind('@') + 1;
  if (host == 0) return name;
  const auto ascii = verify::ascii_host(std::string_view(name).substr(host));
  if (!ascii) return Failure(ascii.error());
  return name.substr(0, host) + *ascii;
}

namespace {

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> octets{};
  return inet_pton(AF_INET, text.c_str(), octets.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), octets.data()) == 1;
}

}  // namespace
}  // namespace keystore::cli
