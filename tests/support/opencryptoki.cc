#include "tests/support/opencryptoki.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "tests/support/process.h"

namespace keystore::testing {
namespace {

constexpr int own_namespaces = CLONE_NEWNS | CLONE_NEWIPC;
constexpr auto so_pin_at_delivery = "87654321";

void mount_over(const std::filesystem::path& own, const char* place);

}  // namespace

OpenCryptoki::OpenCryptoki(std::string_view label) {
  lay_over_built_in_places();
  configure({.path = module_path()});
  start_daemon();
  // PINs have four to eight characters here.
  initialise(add_named(label, "4711user", so_pin_at_delivery));
}

bool OpenCryptoki::available() {
  return have_program("pkcsslotd") && have_program("pkcsconf") && !module_path().empty();
}

std::string OpenCryptoki::forbidden() {
  if (geteuid() != 0) return "opencryptoki's daemon needs root";
  // Tried in a child, so that this process stays where it is.
  const pid_t child = fork();
  if (child == 0) _exit(unshare(own_namespaces) == 0 ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  if (status == 0) return {};
  return "this system grants root no mount namespace (CAP_SYS_ADMIN)";
}

std::filesystem::path OpenCryptoki::module_path() {
  return find_shared_library("libopencryptoki.so.0");
}

void OpenCryptoki::lay_over_built_in_places() {
  for (const char* name :
       {"lib", "lib/swtok", "lib/swtok/TOK_OBJ", "etc", "run", "run/lock", "shm"})
    std::filesystem::create_directory(folder() / name);
  write_text(folder() / "etc" / "opencryptoki.conf",
             "version opencryptoki-3.1\nslot 0\n{\nstdll = libpkcs11_sw.so\n}\n");
  if (unshare(own_namespaces) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "a mount namespace of our own");
  }
  mount_over(folder() / "lib", "/var/lib/opencryptoki");
  mount_over(folder() / "etc", "/etc/opencryptoki");
  mount_over(folder() / "run", "/run");
  mount_over(folder() / "shm", "/dev/shm");
}

void OpenCryptoki::start_daemon() {
  daemon_.emplace(std::vector<std::string>{"pkcsslotd", "-f"});
  daemon_->wait_until([] { return run({"pkcsconf", "-i"}).ok(); });
}

void OpenCryptoki::initialise(const Token& token) {
  const auto made =
      run({"pkcsconf", "-I", "-c", "0", "-S", token.so_pin}, {.input = token.label + "\n"});
  const auto opened = run({"pkcsconf", "-u", "-c", "0", "-S", token.so_pin, "-n", token.pin});
  if (!made.ok() || !opened.ok()) {
    throw std::runtime_error("cannot initialise an opencryptoki token: " + made.text() +
                             opened.text());
  }
}

namespace {

void mount_over(const std::filesystem::path& own, const char* place) {
  if (mount(own.c_str(), place, nullptr, MS_BIND, nullptr) != 0)
    throw std::system_error(errno, std::generic_category(), place);
}

}  // namespace
}  // namespace keystore::testing
