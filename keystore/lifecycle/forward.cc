#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "keystore/file.h"
#include "keystore/internal/run_program.h"
#include "keystore/lifecycle/internal/crypto.h"
#include "keystore/lifecycle/internal/destination.h"
#include "keystore/lifecycle/internal/durable.h"
#include "keystore/lifecycle/internal/key_file.h"
#include "keystore/lifecycle/internal/pem_text.h"
#include "keystore/lifecycle/internal/provider_proof.h"
#include "keystore/lifecycle/internal/steps.h"
#include "keystore/reference.h"

namespace keystore::lifecycle {
namespace {

Result<void> import_key(const Work& work, bool again);
Result<void> prove_key_step(const Work& work, bool again);
Result<void> import_certificates(const Work& work, bool again);
Result<void> write_reference(const Work& work, bool again);
Result<void> prove_reference(const Work& work, bool again);
Result<void> back_up(const Work& work, bool again);
Result<void> replace(const Work& work, bool again);
Result<void> protect_backup(const Work& work, bool again);
Result<void> reload(const Work& work, bool again);

constexpr std::array<Step, 9> steps = {{
    {MoveStep::import_key, import_key},
    {MoveStep::prove_key, prove_key_step},
    {MoveStep::import_certificates, import_certificates},
    {MoveStep::write_reference, write_reference},
    {MoveStep::prove_reference, prove_reference},
    {MoveStep::back_up, back_up},
    {MoveStep::replace, replace},
    {MoveStep::protect_backup, protect_backup},
    {MoveStep::reload, reload},
}};

Result<Secret> export_key(const MovePlan::Data& plan);
bool exists(const std::string& path) noexcept;

}  // namespace

std::span<const Step> forward_steps() noexcept { return steps; }

Result<Key> prove_moved_key(const MovePlan::Data& plan) {
  const auto token = open_token(plan);
  if (!token) return Failure(token.error());
  const auto key = find_moved_key(*token, plan);
  if (!key) return Failure(key.error());
  if (!*key) return fail(Errc::not_found, fmt::format("the key {} is not there", plan.destination));
  const auto expected = PublicKey::parse(plan.public_key);
  if (!expected) return Failure(expected.error());
  if (const auto good = prove_key(**key, *expected); !good) return Failure(good.error());
  if (!plan.certificate_matches) return **key;
  const auto leaf = Certificate::parse(plan.certificates.front());
  if (!leaf) return Failure(leaf.error());
  const auto certified = leaf->public_key();
  if (!certified) return Failure(certified.error());
  if (const auto good = prove_key(**key, *certified); !good) return Failure(good.error());
  return **key;
}

namespace {

Result<void> import_key(const Work& work, bool again) {
  const auto& plan = work.plan();
  if (const auto same = read_unchanged(plan.path, plan.original); !same)
    return Failure(same.error());
  const auto token = open_token(plan);
  if (!token) return Failure(token.error());
  if (again) {
    const auto whole = is_whole(*token, plan);
    if (!whole) return Failure(whole.error());
    if (*whole) return {};
    // The file still holds the key: half an import is taken off and made again.
    if (const auto removed = remove_moved_key(*token, plan); !removed) return removed;
  }
  auto* importer = token->importer();
  if (importer == nullptr) {
    return fail(Errc::unsupported, fmt::format("{} takes no keys", token->uri().canonical()));
  }
  const auto pkcs8 = export_key(plan);
  if (!pkcs8) return Failure(pkcs8.error());
  const auto entry = importer->import_key(*pkcs8, {.label = plan.label, .id = plan.object_id});
  if (!entry) return Failure(entry.error());
  return {};
}

Result<Secret> export_key(const MovePlan::Data& plan) {
  const auto file = open_key_file(plan.path, SecretKeeper::options_of(plan.passphrase));
  if (!file) return Failure(file.error());
  return file->key.export_pkcs8(insecure_export_permit());
}

Result<void> prove_key_step(const Work& work, bool) {
  const auto key = prove_moved_key(work.plan());
  if (!key) return Failure(key.error());
  return {};
}

Result<void> import_certificates(const Work& work, bool) {
  const auto& plan = work.plan();
  if (plan.import_certificates.empty()) return {};
  const auto token = open_token(plan);
  if (!token) return Failure(token.error());
  const auto present = token->find_certificates();
  if (!present) return Failure(present.error());
  for (const auto& der : plan.certificates) {
    const auto wanted = std::find(plan.import_certificates.begin(), plan.import_certificates.end(),
                                  sha256_hex(der)) != plan.import_certificates.end();
    const auto same = [&der](const Certificate& each) { return each.der() == der; };
    if (!wanted || std::any_of(present->items.begin(), present->items.end(), same)) continue;
    const auto certificate = Certificate::parse(der);
    if (!certificate) return Failure(certificate.error());
    const bool leaf = plan.certificate_matches && der == plan.certificates.front();
    const auto entry = token->importer()->import_certificate(
        *certificate, leaf ? NewObject{.label = plan.label, .id = plan.object_id} : NewObject{});
    if (!entry) return Failure(entry.error());
  }
  return {};
}

Result<std::string> reference_pem(const MovePlan::Data& plan) {
  const auto key = prove_moved_key(plan);
  if (!key) return Failure(key.error());
  const auto uri = Uri::parse(plan.reference_uri);
  if (!uri) return Failure(uri.error());
  const auto public_key = PublicKey::parse(plan.public_key);
  if (!public_key) return Failure(public_key.error());
  auto reference = Reference::to_key(*uri, *key);
  // As the file has it: a token may not know that a key is restricted to PSS.
  if (auto used = reference.use_public_key(*public_key); !used) return Failure(used.error());
  return reference.to_pem();
}

// As every program of ours reads the new file, not as it was cut: a private key that stayed in it
// would stay on the disk.
Result<void> check_no_key_left(const MovePlan::Data& plan) {
  const auto options = without_policy(SecretKeeper::options_of(plan.passphrase));
  if (!options) return Failure(options.error());
  const auto store = open(Uri::from_path(plan.new_reference_path()), *options);
  if (!store) return Failure(store.error());
  const auto entries = store->find_entries({.kind = EntryKind::private_key});
  if (!entries) return Failure(entries.error());
  for (const auto& entry : entries->items) {
    if (entry.custody != Custody::file) continue;
    return fail(Errc::unsupported,
                fmt::format("cannot move {}: its private key cannot be cut out of it", plan.path),
                "write key and certificates anew (keystore export) and move that file");
  }
  return {};
}

Result<void> write_reference(const Work& work, bool) {
  const auto& plan = work.plan();
  if (auto removed = remove_unfinished(plan.new_reference_path()); !removed) return removed;
  const auto pem = reference_pem(plan);
  if (!pem) return Failure(pem.error());
  const auto content = read_unchanged(plan.path, plan.original);
  if (!content) return Failure(content.error());
  const auto text = with_reference(as_text(content->view()), *pem);
  const auto path = plan.new_reference_path();
  const auto written = write_file(path, as_bytes(text), {.replace = true, .backup = false});
  if (!written) return Failure(written.error());
  if (auto gone = check_no_key_left(plan); !gone) return gone;
  return copy_metadata(plan.path, path);
}

Result<void> prove_reference(const Work& work, bool) {
  if (!work.options.prove_reference) return {};
  const auto& plan = work.plan();
  const auto expected = PublicKey::parse(plan.public_key);
  if (!expected) return Failure(expected.error());
  return prove_through_provider(plan.new_reference_path(), *expected, *plan.pin);
}

Result<void> copy_backup(const MovePlan::Data& plan) {
  if (auto removed = remove_unfinished(plan.backup_path()); !removed) return removed;
  const auto content = read_unchanged(plan.path, plan.original);
  if (!content) return Failure(content.error());
  const auto written =
      write_file(plan.backup_path(), content->view(), {.replace = true, .backup = false});
  if (!written) return Failure(written.error());
  return copy_metadata(plan.path, plan.backup_path());
}

// A second name for the same file: the original itself stays, whatever happens.
Result<void> back_up(const Work& work, bool) {
  const auto& plan = work.plan();
  const auto path = plan.backup_path();
  if (const auto same = read_unchanged(plan.path, plan.original); !same)
    return Failure(same.error());
  if (exists(path)) {
    if (const auto whole = read_unchanged(path, plan.original)) return {};
    if (const auto removed = remove_durably(path); !removed) return removed;
  }
  if (::link(plan.path.c_str(), path.c_str()) != 0) return copy_backup(plan);
  return sync_folder(folder_of(path));
}

Result<void> replace(const Work& work, bool again) {
  const auto& plan = work.plan();
  if (again && !exists(plan.new_reference_path())) return {};
  for (const auto& path : {plan.path, plan.backup_path()}) {
    if (const auto same = read_unchanged(path, plan.original); !same) return Failure(same.error());
  }
  return rename_durably(plan.new_reference_path(), plan.path);
}

Result<void> protect_backup(const Work& work, bool) {
  const auto& plan = work.plan();
  const auto path = plan.backup_path();
  if (const auto same = read_unchanged(path, plan.original); !same) return Failure(same.error());
  const auto file = open_own(path, plan.original.owner);
  if (!file) return Failure(file.error());
  if (::fchmod(file->get(), 0600) != 0) {
    return Failure(error_from_errno(errno, "fchmod", "set the mode of", path));
  }
  return sync_folder(folder_of(path));
}

Result<void> reload(const Work& work, bool) { return run_program(work.options.reload); }

bool exists(const std::string& path) noexcept {
  struct stat status = {};
  return ::lstat(path.c_str(), &status) == 0;
}

}  // namespace
}  // namespace keystore::lifecycle
