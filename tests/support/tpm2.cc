#include "tests/support/tpm2.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "tests/support/process.h"

namespace keystore::testing {
namespace {

constexpr auto transport = "tabrmd:bus_type=session";

void run_tool(const std::vector<std::string>& command);

}  // namespace

Tpm2::Tpm2(std::string_view label)
    : store_("TPM2_PKCS11_STORE", folder() / "store"),
      bus_address_("DBUS_SESSION_BUS_ADDRESS", "unix:path=" + (folder() / "bus").string()),
      module_transport_("TPM2_PKCS11_TCTI", transport),
      tools_transport_("TPM2TOOLS_TCTI", transport) {
  std::filesystem::create_directory(folder() / "store");
  configure({.path = module_path(),
             .env = {{"TPM2_PKCS11_STORE", folder() / "store"},
                     {"TPM2_PKCS11_TCTI", transport},
                     {"DBUS_SESSION_BUS_ADDRESS", "unix:path=" + (folder() / "bus").string()}}});
  start_tpm();
  start_bus();
  start_resource_manager();
  const auto& token = add_named(label, "4711-user-pin", "4711-officer-pin");
  run_tool({"tpm2_ptool", "init"});
  run_tool({"tpm2_ptool", "addtoken", "--pid=1", "--label=" + token.label, "--userpin=" + token.pin,
            "--sopin=" + token.so_pin});
}

bool Tpm2::available() {
  constexpr std::array programs = {
      "swtpm",      "dbus-daemon",    "dbus-send",         "tpm2-abrmd",
      "tpm2_ptool", "tpm2_getrandom", "tpm2_createprimary"};
  return std::ranges::all_of(programs, have_program) && !module_path().empty() &&
         !find_shared_library("libtss2-tcti-swtpm.so.0").empty() &&
         !find_shared_library("libtss2-tcti-tabrmd.so.0").empty();
}

std::filesystem::path Tpm2::module_path() {
  return find_shared_library("libtpm2_pkcs11.so", "pkcs11");
}

void Tpm2::start_tpm() {
  // libtss2-tcti-swtpm finds the second socket by the name of the first.
  const auto socket = (folder() / "tpm").string();
  std::filesystem::create_directory(folder() / "state");
  tpm_.emplace(std::vector<std::string>{
      "swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + (folder() / "state").string(), "--server",
      "type=unixio,path=" + socket, "--ctrl", "type=unixio,path=" + socket + ".ctrl", "--flags",
      "not-need-init,startup-clear"});
  tpm_->wait_until([&] {
    return run({"tpm2_getrandom", "--tcti=swtpm:path=" + socket, "--hex", "1"}).ok();
  });
}

void Tpm2::start_bus() {
  bus_.emplace(std::vector<std::string>{"dbus-daemon", "--session", "--nofork", "--nopidfile",
                                        "--address=unix:path=" + (folder() / "bus").string()});
  bus_->wait_until([] {
    return run({"dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/",
                "org.freedesktop.DBus.GetId"})
        .ok();
  });
}

void Tpm2::start_resource_manager() {
  // tpm2-pkcs11 leaves every key that it has touched in the TPM: 27 in a process by default.
  resource_manager_.emplace(
      std::vector<std::string>{"tpm2-abrmd", "--session", "--allow-root", "--max-transients=100",
                               "--tcti=swtpm:path=" + (folder() / "tpm").string()});
  resource_manager_->wait_until([] { return run({"tpm2_getrandom", "--hex", "1"}).ok(); });
}

namespace {

void run_tool(const std::vector<std::string>& command) {
  const auto outcome = run(command);
  if (!outcome.ok()) {
    throw std::runtime_error(command[0] + " " + command[1] + ": " + outcome.text());
  }
}

}  // namespace
}  // namespace keystore::testing
