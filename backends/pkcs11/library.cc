#include "backends/pkcs11/library.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "backends/pkcs11/error.h"
#include "backends/pkcs11/process_state.h"
#include "backends/pkcs11/trace.h"
#include "keystore/backend.h"
#include "keystore/internal/worker_pool.h"

namespace keystore::pkcs11 {
namespace {

/// All loaded libraries, newest first; grows only.
constinit std::atomic<const Library*> libraries = nullptr;

const Library* find_library(const std::string& path);
const Library* find_library(const CK_FUNCTION_LIST* functions);
Result<void> check_policy(const std::string& path, const Config& config);
Result<void> check_file(const std::string& path);
Result<const CK_FUNCTION_LIST*> load_functions(const std::string& path);
const ModuleConfig* configuration_of(const std::string& path, const Config& config);

}  // namespace

Result<const Library*> load_library(const std::string& path, const Config& config) {
  if (!path.starts_with('/')) {
    return fail(Errc::invalid_argument, fmt::format("module '{}' is not an absolute path", path));
  }
  if (auto allowed = check_policy(path, config); !allowed) return Failure(allowed.error());
  if (const auto* found = find_library(path)) return found;
  const std::scoped_lock lock(ProcessState::current().loading());
  if (const auto* found = find_library(path)) return found;
  if (auto sound = check_file(path); !sound) return Failure(sound.error());
  open_trace();
  auto library = std::make_unique<Library>();
  library->path = path;
  if (const auto* own = configuration_of(path, config)) {
    library->init_args = own->args;
    library->env = own->env;
  }
  set_environment(*library);
  auto functions = load_functions(path);
  end_workers_first();
  if (!functions) return Failure(functions.error());
  if (const auto* same = find_library(*functions)) return same;
  library->functions = *functions;
  library->previous = libraries.load();
  libraries = library.release();
  return libraries.load();
}

void set_environment(const Library& library) {
  for (const auto& [name, value] : library.env) ::setenv(name.c_str(), value.c_str(), 0);
}

namespace {

const Library* find_library(const std::string& path) {
  const auto* library = libraries.load(std::memory_order_acquire);
  while (library != nullptr && library->path != path) library = library->previous;
  return library;
}

/// Another path to a library that is loaded: a symbolic link.
const Library* find_library(const CK_FUNCTION_LIST* functions) {
  const auto* library = libraries.load(std::memory_order_acquire);
  while (library != nullptr && library->functions != functions) library = library->previous;
  return library;
}

Result<void> check_policy(const std::string& path, const Config& config) {
  const auto& allowed = config.policy.module_allow;
  if (allowed.empty() || std::ranges::find(allowed, path) != allowed.end()) return {};
  return fail(Errc::refused_by_policy,
              fmt::format("module '{}' is refused by policy.module_allow", path),
              fmt::format("add it to module_allow in {}", config.origin));
}

Result<void> refuse_writable(const std::string& path, std::string_view what) {
  return fail(Errc::access_denied, fmt::format("module '{}' is not loaded: {}", path, what),
              "a module must be owned by root or by you, and nobody else may be able to write it");
}

Result<void> check_file(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) {
    auto error = error_from_errno(errno, "stat", "load module", path);
    if (error.code == Errc::not_found) error.hint = "install the module or correct its path";
    return Failure(std::move(error));
  }
  if (!S_ISREG(info.st_mode))
    return fail(Errc::malformed, fmt::format("module '{}' is not a file", path));
  if (info.st_uid != 0 && info.st_uid != ::geteuid()) {
    return refuse_writable(path, "it belongs to another user");
  }
  const bool group_is_others = info.st_gid != 0 && info.st_gid != ::getegid();
  if ((info.st_mode & S_IWOTH) != 0 || ((info.st_mode & S_IWGRP) != 0 && group_is_others)) {
    return refuse_writable(path, "others may write it");
  }
  const auto folder = std::filesystem::path(path).parent_path();
  if (::stat(folder.c_str(), &info) == 0 && (info.st_mode & S_IWOTH) != 0 &&
      (info.st_mode & S_ISVTX) == 0) {
    return refuse_writable(path, "others may write its folder");
  }
  return {};
}

bool is_elf(const std::string& path) {
  std::array<char, 4> magic = {};
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return true;  // dlopen() says why
  const auto got = ::read(file, magic.data(), magic.size());
  ::close(file);
  return got == 4 && magic == std::array{'\x7f', 'E', 'L', 'F'};
}

Failure not_a_module(const std::string& path, std::string_view why) {
  return fail(Errc::malformed, fmt::format("'{}' is not a PKCS#11 module: {}", path, why),
              "name the module of your token, for example /usr/lib/softhsm/libsofthsm2.so");
}

/// PKCS#11 3.0, where the module has it: the list starts as the one of 2.40.
const CK_FUNCTION_LIST* functions_by_interface(void* handle) {
  const auto get = reinterpret_cast<GetInterfaceFunction>(::dlsym(handle, "C_GetInterface"));
  if (get == nullptr) return nullptr;
  Interface* interface = nullptr;
  std::array<CK_UTF8CHAR, 8> name = {'P', 'K', 'C', 'S', ' ', '1', '1', 0};
  const auto start = std::chrono::steady_clock::now();
  const auto rv = get(name.data(), nullptr, &interface, 0);
  if (tracing()) trace_call("C_GetInterface(PKCS 11)", rv, start);
  if (rv != CKR_OK || interface == nullptr) return nullptr;
  return static_cast<const CK_FUNCTION_LIST*>(interface->functions);
}

Result<const CK_FUNCTION_LIST*> load_functions(const std::string& path) {
  if (!is_elf(path)) return not_a_module(path, "it is no shared library");
  const BackendCall inside;
  // Never RTLD_DEEPBIND: it crashes programs that bring their own allocator. Never closed.
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return fail(Errc::unavailable, fmt::format("cannot load module '{}': {}", path, ::dlerror()));
  }
  if (const auto* functions = functions_by_interface(handle)) return functions;
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(handle, "C_GetFunctionList"));
  if (get == nullptr) return not_a_module(path, "it has no C_GetFunctionList");
  CK_FUNCTION_LIST* functions = nullptr;
  const auto start = std::chrono::steady_clock::now();
  const auto rv = get(&functions);
  if (tracing()) trace_call("C_GetFunctionList()", rv, start);
  if (rv != CKR_OK || functions == nullptr) {
    return Failure(
        error_from_rv(rv, "C_GetFunctionList", fmt::format("cannot load module '{}'", path)));
  }
  return functions;
}

const ModuleConfig* configuration_of(const std::string& path, const Config& config) {
  const auto found = std::ranges::find(config.modules, path, &ModuleConfig::path);
  return found == config.modules.end() ? nullptr : &*found;
}

}  // namespace
}  // namespace keystore::pkcs11
