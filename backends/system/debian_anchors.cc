#include "backends/system/debian_anchors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>

#include "backends/system/file_changes.h"
#include "backends/system/sources.h"
#include "keystore/internal/run_program.h"

namespace keystore::system {
namespace {

namespace fs = std::filesystem;

constexpr auto local_folder = "/usr/local/share/ca-certificates";
constexpr auto package_folder = "/usr/share/ca-certificates";
constexpr auto selection = "/etc/ca-certificates.conf";
constexpr auto record_folder = "/var/lib/keystore/trust";
constexpr auto updater = "/usr/sbin/update-ca-certificates";
/// Java's hook takes half a minute where it makes its store anew.
constexpr auto longest_update = std::chrono::minutes(5);

/// Steps and changes that belong together.
struct Plan {
  std::vector<std::string> steps = {};
  std::vector<FileChange> changes = {};
};

/// The files below `folder` that hold this certificate.
std::vector<std::string> files_with(const char* folder, const Certificate& certificate);
/// Makes the plan's lines in /etc/ca-certificates.conf start with "!", or not.
Result<bool> select(const std::vector<std::string>& files, bool wanted, Plan& plan);
std::string file_name_for(const Certificate& certificate);
TrustChange change_of(Plan plan, std::function<Result<void>(const std::vector<FileChange>&)> apply);
/// The command. Without --fresh it leaves links to files that are gone in /etc/ssl/certs.
std::vector<std::string> update_after(const std::vector<FileChange>& changes);
Result<void> make_recorded(const std::vector<FileChange>& changes);
Result<void> update(const std::vector<FileChange>& changes);

}  // namespace

Result<TrustChange> plan_to_add(const Certificate& certificate) {
  Plan plan;
  const auto selected = select(files_with(package_folder, certificate), true, plan);
  if (!selected) return Failure(selected.error());
  if (!*selected) {
    const auto path = fmt::format("{}/{}", local_folder, file_name_for(certificate));
    auto before = content_of(path);
    if (!before) return Failure(before.error());
    plan.steps.push_back(fmt::format("write {}", path));
    plan.changes.push_back({path, *std::move(before), certificate.to_pem()});
  }
  return change_of(std::move(plan), make_recorded);
}

Result<TrustChange> plan_to_remove(const Certificate& certificate) {
  Plan plan;
  for (const auto& path : files_with(local_folder, certificate)) {
    auto before = content_of(path);
    if (!before) return Failure(before.error());
    plan.steps.push_back(fmt::format("remove {}", path));
    plan.changes.push_back({path, *std::move(before), std::nullopt});
  }
  const auto deselected = select(files_with(package_folder, certificate), false, plan);
  if (!deselected) return Failure(deselected.error());
  if (plan.changes.empty()) {
    return fail(Errc::unsupported,
                fmt::format("'{}' is trusted by none of the files of update-ca-certificates",
                            certificate.subject()),
                "docs/trust.md says what else is read");
  }
  return change_of(std::move(plan), make_recorded);
}

Result<TrustChange> plan_to_undo() {
  const ChangeRecord record(record_folder);
  const auto number = record.newest();
  if (!number) return Failure(number.error());
  if (*number == 0) return fail(Errc::not_found, "no change of the trust store is left to undo");
  auto made = record.read(*number);
  if (!made) return Failure(made.error());
  Plan plan{.changes = reversed(*std::move(made))};
  for (const auto& change : plan.changes) {
    plan.steps.push_back(fmt::format("{} {}", change.after ? "restore" : "remove", change.path));
  }
  return change_of(std::move(plan), [record, number = *number](const auto& changes) {
    auto done = update(changes);
    return done ? record.remove(number) : done;
  });
}

namespace {

std::vector<std::string> files_with(const char* folder, const Certificate& certificate) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::recursive_directory_iterator i(folder, error), end; !error && i != end;
       i.increment(error)) {
    if (i->path().extension() != ".crt") continue;
    Listing<TrustAnchor> held;
    add_file(i->path(), held);
    const auto holds = std::ranges::any_of(
        held.items, [&](const TrustAnchor& anchor) { return anchor.certificate == certificate; });
    if (holds) found.push_back(i->path());
  }
  std::ranges::sort(found);
  return found;
}

Result<bool> select(const std::vector<std::string>& files, bool wanted, Plan& plan) {
  auto before = content_of(selection);
  if (!before) return Failure(before.error());
  std::istringstream lines(before->value_or(""));
  std::string after;
  bool changed = false;
  for (std::string line; std::getline(lines, line);) {
    const bool deselected = line.starts_with('!');
    const auto name = line.substr(deselected ? 1 : 0);
    const auto file = fmt::format("{}/{}", package_folder, name);
    if (deselected == wanted && std::ranges::find(files, file) != files.end()) {
      line = wanted ? name : "!" + name;
      changed = true;
      plan.steps.push_back(
          fmt::format("{} {} in {}", wanted ? "select" : "deselect", name, selection));
    }
    after += line + "\n";
  }
  if (changed) plan.changes.push_back({selection, *std::move(before), std::move(after)});
  return changed;
}

/// "Example_Root-1a2b3c4d.crt"
std::string file_name_for(const Certificate& certificate) {
  std::string name;
  for (const char c : certificate.subject().substr(certificate.subject().find('=') + 1)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (c == ',') break;
    name += plain ? c : '_';
  }
  constexpr std::size_t longest = 64;
  constexpr std::size_t digits = 8;
  return fmt::format("{}-{}.crt", name.substr(0, longest),
                     to_hex(certificate.sha256()).substr(0, digits));
}

TrustChange change_of(Plan plan,
                      std::function<Result<void>(const std::vector<FileChange>&)> apply) {
  plan.steps.push_back(fmt::format("run {}", fmt::join(update_after(plan.changes), " ")));
  const auto make = [changes = std::move(plan.changes),
                     apply = std::move(apply)]() -> Result<void> {
    if (::access(updater, X_OK) != 0) {
      return fail(Errc::unsupported, fmt::format("there is no {}", updater),
                  "install the package ca-certificates");
    }
    if (::geteuid() != 0) {
      return fail(Errc::access_denied, "only root changes what the operating system trusts",
                  "run the same command as root");
    }
    return apply(changes);
  };
  return {std::move(plan.steps), make};
}

std::vector<std::string> update_after(const std::vector<FileChange>& changes) {
  const bool gone =
      std::ranges::any_of(changes, [](const FileChange& each) { return !each.after; });
  return gone ? std::vector<std::string>{updater, "--fresh"} : std::vector<std::string>{updater};
}

Result<void> make_recorded(const std::vector<FileChange>& changes) {
  const ChangeRecord record(record_folder);
  const auto number = record.add(changes);
  if (!number) return Failure(number.error());
  auto done = update(changes);
  if (!done) static_cast<void>(record.remove(*number));
  return done;
}

Result<void> update(const std::vector<FileChange>& changes) {
  auto done = make(changes);
  if (done) done = run_program(update_after(changes), longest_update);
  if (done) return done;
  if (done.error().hint.empty()) {
    done.error().hint = fmt::format(
        "the files are as before; run {} --fresh when it works again, as it may have done half",
        updater);
  }
  // Back to what it was: nothing half changed stays.
  if (auto back = make(reversed(changes)); !back) {
    done.error().message +=
        "; and what was changed could not be taken back: " + back.error().message;
  }
  return done;
}

}  // namespace
}  // namespace keystore::system
