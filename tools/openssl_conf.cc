#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "keystore/file.h"
#include "tools/ask.h"
#include "tools/commands.h"
#include "tools/io.h"
#include "tools/openssl_cnf.h"
#include "tools/options.h"
#include "tools/output.h"

namespace keystore::cli {
namespace {

struct Options {
  bool install = false;
  bool remove = false;
  bool yes = false;
  bool montgomery = false;
  std::string system_file = {};
};

Result<int> run(const Options& options, bool json);
Result<std::string> provider_path();
Result<std::string> system_file(const Options& options);
Result<int> install(const std::string& file, const std::string& module, const Options& options,
                    bool json);
Result<int> remove(const std::string& file, bool yes, bool json);
Result<void> writable(const std::string& file);
Result<void> rewrite(const std::string& file, const std::string& text);
void show(const std::string& text);
int report(const std::string& file, const char* what, const std::string& included, bool json);

}  // namespace

void add_openssl_conf(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand(
      "openssl-conf", "Print an openssl.cnf that loads the provider, or install it for the system");
  const auto options = std::make_shared<Options>();
  auto* installs = command->add_flag("--install", options->install,
                                     "Add it to the system's file by an include line");
  command->add_flag("--remove", options->remove, "Take the include line out again")
      ->excludes(installs);
  command->add_option("--openssl-cnf", options->system_file,
                      "The system's file; default: that of OpenSSL");
  command->add_flag("--montgomery", options->montgomery,
                    "The provider shall offer X25519 and X448 keys, which every program pays for");
  command->add_flag("--yes", options->yes, "Do not ask");
  add_json(*command, context);
  add_example(*command, "keystore openssl-conf > openssl.cnf");
  context.on(*command, [options, &context] { return run(*options, context.json); });
}

namespace {

Result<int> run(const Options& options, bool json) {
  if (options.remove) {
    const auto file = system_file(options);
    return file ? remove(*file, options.yes, json) : Failure(file.error());
  }
  const auto module = provider_path();
  if (!module) return Failure(module.error());
  if (options.install) {
    const auto file = system_file(options);
    return file ? install(*file, *module, options, json) : Failure(file.error());
  }
  const auto text = provider_cnf(*module, {}, options.montgomery);
  if (json) {
    print_json({{"module", *module}, {"config", text}});
    return 0;
  }
  const auto written = write_output("-", as_bytes(text), false);
  if (!written) return Failure(written.error());
  return 0;
}

/// BIN/../lib/ossl-modules/keystore.so: built or installed, wherever the tree was put.
Result<std::string> provider_path() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto path = program.parent_path().parent_path() / "lib" / "ossl-modules" / "keystore.so";
  if (!error && std::filesystem::exists(path, error)) return path.string();
  return fail(Errc::not_found, fmt::format("the provider is not at {}", path.string()),
              "build or install it together with this command");
}

Result<std::string> system_file(const Options& options) {
  const auto path = options.system_file.empty()
                        ? std::string(X509_get_default_cert_area()) + "/openssl.cnf"
                        : options.system_file;
  std::error_code error;
  const auto real = std::filesystem::canonical(path, error);
  if (error) return Failure(error_from_errno(error.value(), "realpath", "find", path));
  return real.string();
}

Result<int> install(const std::string& file, const std::string& module, const Options& options,
                    bool json) {
  const auto before = read_input(file);
  if (!before) return Failure(before.error());
  const auto sections = read_sections(file);
  if (!sections) return Failure(sections.error());
  const auto included = included_file(file);
  const auto after = with_include(as_text(*before), included);
  const auto text = provider_cnf(module, *sections, options.montgomery);
  const bool has_lines = after == as_text(*before);
  const auto old = has_lines ? read_input(included) : Result<Bytes>(Bytes());
  if (has_lines && old && as_text(*old) == text) {
    show(fmt::format("{} loads the provider already: nothing to do\n", file));
    return report(file, "included", included, json);
  }
  if (const auto allowed = writable(file); !allowed) return Failure(allowed.error());
  if (!has_lines) show(fmt::format("{} gets these lines:\n{}\n", file, include_lines(included)));
  show(fmt::format("{} is new:\n\n{}\n", included, text));
  if (const auto agreed = confirm("go on?", options.yes); !agreed) {
    return Failure(agreed.error());
  }
  const WriteOptions readable = {.mode = 0644, .replace = true, .backup = false};
  if (const auto written = write_file(included, as_bytes(text), readable); !written) {
    return Failure(written.error());
  }
  if (!has_lines) {
    if (const auto written = rewrite(file, after); !written) {
      unlink(included.c_str());
      return Failure(written.error());
    }
  }
  return report(file, "included", included, json);
}

Result<int> remove(const std::string& file, bool yes, bool json) {
  const auto before = read_input(file);
  if (!before) return Failure(before.error());
  const auto included = included_file(file);
  const auto after = without_include(as_text(*before), included);
  if (after == as_text(*before)) {
    show(fmt::format("{} has no lines that --install added: nothing to do\n", file));
    return report(file, "removed", included, json);
  }
  if (const auto allowed = writable(file); !allowed) return Failure(allowed.error());
  show(fmt::format("{} loses these lines, {} goes:\n{}", file, included, include_lines(included)));
  if (const auto agreed = confirm("go on?", yes); !agreed) return Failure(agreed.error());
  if (const auto written = rewrite(file, after); !written) return Failure(written.error());
  unlink(included.c_str());
  return report(file, "removed", included, json);
}

void show(const std::string& text) { std::fputs(text.c_str(), stderr); }

int report(const std::string& file, const char* what, const std::string& included, bool json) {
  if (json) {
    print_json({{"file", file}, {what, included}});
  } else {
    print_line(file);
  }
  return 0;
}

/// Whether the file can be replaced, before anybody is asked.
Result<void> writable(const std::string& file) {
  const auto folder = std::filesystem::path(file).parent_path().string();
  for (const auto& path : {folder, file}) {
    if (faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0) continue;
    auto error = error_from_errno(errno, "faccessat", "write", path);
    error.hint = "run it as a user who may, for the system's own file as root";
    return Failure(std::move(error));
  }
  return {};
}

/// Whole or not at all, with the owner and mode that it had.
Result<void> rewrite(const std::string& file, const std::string& text) {
  struct stat old = {};
  if (stat(file.c_str(), &old) != 0) return Failure(error_from_errno(errno, "stat", "read", file));
  const WriteOptions options = {.mode = old.st_mode & 07777U,
                                .owner = FileOwner{.user = old.st_uid, .group = old.st_gid},
                                .replace = true,
                                .backup = false};
  const auto written = write_file(file, as_bytes(text), options);
  if (!written) return Failure(written.error());
  return {};
}

}  // namespace
}  // namespace keystore::cli
