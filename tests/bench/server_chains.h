#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace keystore::bench {

/// A file with a server certificate and one with its intermediate, as a server sends them.
struct ServerChain {
  std::string leaf = {};
  std::string chain = {};
};

/// Typical certificates of public servers: P-256 keys with names, uses, policies and the places of
/// their issuer, an RSA 2048 intermediate, an RSA 4096 root. `folder`/bundle.pem is the system's
/// bundle and that root. Throws.
std::vector<ServerChain> make_server_chains(const std::filesystem::path& folder, unsigned count);

}  // namespace keystore::bench
