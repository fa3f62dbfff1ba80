#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/config.h"
#include "keystore/log.h"
#include "tools/commands.h"
#include "tools/output.h"
#include "tools/progress.h"

namespace keystore::cli {
namespace {

using AddCommand = void (*)(CLI::App&, Context&);

/// In the order of `--help`.
constexpr AddCommand commands[] = {
    add_ls,           add_show,   add_new,   add_csr,   add_cert,  add_import,
    add_export,       add_move,   add_rm,    add_ref,   add_sign,  add_verify_signature,
    add_decrypt,      add_verify, add_check, add_token, add_trust, add_uri,
    add_openssl_conf,
};

/// What the library warned of, told at the end: what became the error is not told twice.
class Warnings {
 public:
  void add(std::string_view line) {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
  }
  void print_except(std::string_view error) {
    const std::lock_guard lock(mutex_);
    for (const auto& line : lines_) {
      if (line != error) print_warning(line);
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

constexpr int exit_usage = 2;
constexpr int exit_internal = 70;
constexpr int exit_interrupted = 130;

bool interrupted_in_json = false;

bool wants_json(std::span<char* const> arguments);
void catch_interrupts(bool json);
int run(CLI::App& app, Context& context, std::span<char* const> arguments);
int report_usage(const CLI::App& app, const CLI::ParseError& error, bool json);
std::string spoken_name(const CLI::App& app);
void show_log_of_command(Warnings& warnings);
int flushed(int code, bool json);

}  // namespace

int command_main(int argc, char** argv) {
  const std::span<char* const> arguments(argv, static_cast<std::size_t>(argc));
  const bool json = wants_json(arguments);
  catch_interrupts(json);
  CLI::App app("Keys and certificates, wherever they live.", "keystore");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("keystore ") + KEYSTORE_VERSION);
  app.footer("Every subcommand has a --help with an example.\n\nExample:\n  keystore ls key.pem");
  Context context;
  for (const auto add : commands) add(app, context);
  return flushed(run(app, context, arguments), json);
}

namespace {

bool wants_json(std::span<char* const> arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const char* text) { return std::string_view(text) == "--json"; });
}

/// Only calls that a signal handler may make.
void on_interrupt(int) {
  erase_progress_at_interrupt();
  constexpr std::string_view text = "keystore: error: interrupted\n";
  constexpr std::string_view object =
      R"({"schema":"keystore/1","error":{"code":"cancelled","message":"interrupted"}})"
      "\n";
  if (interrupted_in_json && write(STDOUT_FILENO, object.data(), object.size()) < 0) {
    _exit(exit_interrupted);
  }
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) _exit(exit_interrupted);
  _exit(exit_interrupted);
}

void catch_interrupts(bool json) {
  interrupted_in_json = json;
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
}

int run(CLI::App& app, Context& context, std::span<char* const> arguments) {
  try {
    app.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error, wants_json(arguments));
  }
  // Never destroyed: threads of the library may log until the process ends.
  static auto& warnings = *new Warnings;
  if (context.name() != "uri") show_log_of_command(warnings);
  const auto code = context.chosen()();
  warnings.print_except(code ? std::string_view() : code.error().message);
  return code ? *code : report(code.error(), context.json);
}

int report_usage(const CLI::App& app, const CLI::ParseError& error, bool json) {
  if (error.get_exit_code() == 0) return app.exit(error);
  std::string message = error.what();
  const auto unknown = app.remaining();
  if (app.get_subcommands().empty() && !unknown.empty()) {
    message = "there is no command '" + unknown.front() + "'";
  }
  std::replace(message.begin(), message.end(), '\n', ' ');
  // Words of CLI11 become ours; names in capitals stay.
  const bool is_word = message.size() > 1 && (std::islower(message[1]) != 0 || message[1] == ' ');
  if (is_word) message[0] = static_cast<char>(std::tolower(message[0]));
  while (message.ends_with('.') || message.ends_with(' ')) message.pop_back();
  report({Errc::invalid_argument, message, {}, "see " + spoken_name(app) + " --help"}, json);
  return exit_usage;
}

/// "keystore token init", as far as the command line got.
std::string spoken_name(const CLI::App& app) {
  std::string name = app.get_name();
  for (const auto* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    if (!at->get_name().empty()) name += ' ' + at->get_name();
  }
  return name;
}

/// A library never writes to its host's stderr; this program may.
void show_log_of_command(Warnings& warnings) {
  const auto config = process_config();
  if (!config) return;
  const auto& to = (*config)->log.to;
  if (!to.empty() && to != "stderr") return;
  set_log_sink([&warnings, all = to == "stderr"](LogLevel level, std::string_view line) {
    if (level == LogLevel::warning) {
      warnings.add(line);
    } else if (all) {
      print_log(line);
    }
  });
}

/// Output that did not arrive is a failure, even where the work was done.
int flushed(int code, bool json) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  const int failed = report({Errc::io, "cannot write the result to standard output"}, false);
  return code == 0 || json ? failed : code;
}

}  // namespace
}  // namespace keystore::cli

int main(int argc, char** argv) {
  try {
    return keystore::cli::command_main(argc, argv);
  } catch (const std::exception& fault) {
    std::fprintf(stderr, "keystore: error: internal fault: %s\n", fault.what());
  } catch (...) {
    std::fputs("keystore: error: internal fault\n", stderr);
  }
  return keystore::cli::exit_internal;
}
