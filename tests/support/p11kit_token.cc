#include "tests/support/p11kit_token.h"

#include "tests/support/process.h"

namespace keystore::testing {

P11KitToken::P11KitToken() {
  configure({.path = client_path(),
             .env = {{"P11_KIT_SERVER_ADDRESS", "unix:path=" + socket().string()}}});
  start_server();
}

bool P11KitToken::available() {
  return SoftHsm::available() && have_program("p11-kit") && !client_path().empty();
}

std::filesystem::path P11KitToken::client_path() {
  return find_shared_library("p11-kit-client.so", "pkcs11");
}

void P11KitToken::kill_server() {
  server_.reset();
  std::filesystem::remove(socket());
}

void P11KitToken::start_server() {
  server_ = std::make_unique<Server>(
      std::vector<std::string>{"p11-kit", "server", "--foreground", "--provider", module_path(),
                               "--name", socket().string(), "pkcs11:"});
  // It says where it listens, and then it does.
  server_->wait_until([&] { return std::filesystem::exists(socket()); });
}

}  // namespace keystore::testing
