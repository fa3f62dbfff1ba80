#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "backends/pem/decrypt.h"
#include "backends/pem/edit.h"
#include "backends/pem/form.h"
#include "backends/pem/store.h"
#include "keystore/file.h"
#include "keystore/internal/software_key.h"

// The half of PemStore that changes files.

namespace keystore::pem {
namespace {

constexpr mode_t key_mode = 0600;
constexpr mode_t certificate_mode = 0644;

Result<Secret> key_block(const Secret& pkcs8, const Secret* passphrase);
std::string default_label(const Entry& entry);
Edited insert(const ObjectFile& file, const Secret& block, const Entry& entry, bool replace);
std::optional<std::size_t> object_to_replace(const ObjectFile& file, const Entry& entry);
Result<std::size_t> object_of(const ObjectFile& file, const Entry& entry);
Result<Entry> written_entry(const std::string& path, std::size_t begin, Entry entry);
Result<void> delete_file(const std::string& path);

}  // namespace

Result<Entry> PemStore::import_key(const Secret& pkcs8, const NewObject& object) {
  auto key = make_software_key(pkcs8.clone(), {.uri = uri_});
  if (!key) return Failure(key.error());
  const auto block = key_block(pkcs8, object.passphrase);
  if (!block) return Failure(block.error());
  return put(*block, (*key)->entry(), object);
}

Result<Entry> PemStore::import_certificate(const Certificate& certificate,
                                           const NewObject& object) {
  const Entry entry{.uri = uri_, .kind = EntryKind::certificate, .certificate = certificate};
  return put(write_block("CERTIFICATE", certificate.der()), entry, object);
}

Result<Key> PemStore::generate_key(const KeySpec& spec, const NewObject& object) {
  auto pkcs8 = generate_software_key(spec);
  if (!pkcs8) return Failure(pkcs8.error());
  auto entry = import_key(*pkcs8, object);
  if (!entry) return Failure(entry.error());
  auto key = make_software_key(std::move(*pkcs8), std::move(*entry));
  if (!key) return Failure(key.error());
  return Key(std::move(*key));
}

Result<void> PemStore::remove(const Entry& entry) {
  const auto of_reference = entry.attributes.find("file");
  const std::string path =
      of_reference == entry.attributes.end() ? entry.uri.path() : of_reference->second;
  if (path != path_ && std::filesystem::path(path).parent_path() != path_) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is not in {}", entry.uri.canonical(), path_));
  }
  const std::lock_guard lock(mutex_);
  const auto file = ObjectFile::read(path);
  if (!file) return Failure(file.error());
  const auto object = object_of(*file, entry);
  if (!object) return Failure(object.error());
  const Secret rest = without_object(*file, *object);
  const Standing standing = standing_of(path);
  if (rest.empty()) return delete_file(path);
  // No backup: it would keep what its owner wants gone.
  const auto written =
      write_file(path, rest.view(), {.mode = standing.mode, .replace = true, .backup = false});
  if (!written) return Failure(written.error());
  keep_owner(path, standing);
  return {};
}

Result<Entry> PemStore::put(const Secret& block, const Entry& entry, const NewObject& object) {
  const std::lock_guard lock(mutex_);
  const auto path = target_of(object, entry);
  if (!path) return Failure(path.error());
  std::error_code ignored;
  const bool exists = std::filesystem::exists(std::filesystem::symlink_status(*path, ignored));
  auto begin = exists ? change(*path, block, entry, object) : make(*path, block, entry);
  if (!begin) return Failure(begin.error());
  made_.insert(*path);
  return written_entry(*path, *begin, entry);
}

Result<std::size_t> PemStore::make(const std::string& path, const Secret& block,
                                   const Entry& entry) const {
  const bool is_key = entry.kind == EntryKind::private_key;
  const auto written =
      write_file(path, block.view(), {.mode = is_key ? key_mode : certificate_mode});
  if (!written) return Failure(written.error());
  return 0;
}

Result<std::size_t> PemStore::change(const std::string& path, const Secret& block,
                                     const Entry& entry, const NewObject& object) const {
  const bool ours = made_.contains(path);
  if (!ours && !object.replace) {
    return fail(Errc::already_exists, fmt::format("{} exists already", path),
                "name another file, or have this one changed: a backup is kept");
  }
  const auto file = ObjectFile::read(path);
  if (!file && file.error().code != Errc::malformed) return Failure(file.error());
  const bool is_pem = file && !file->is_der();
  const Edited edited =
      is_pem ? insert(*file, block, entry, object.replace) : Edited{.content = block.clone()};
  const Standing standing = standing_of(path);
  const bool held_key = is_pem && std::ranges::any_of(file->objects(), holds_private_key);
  // A key makes a file private that was not; who may read a key file already, still may.
  const bool keep_mode = held_key || (is_pem && entry.kind != EntryKind::private_key);
  const auto written =
      write_file(path, edited.content.view(),
                 {.mode = keep_mode ? standing.mode : key_mode, .replace = true, .backup = !ours});
  if (!written) return Failure(written.error());
  keep_owner(path, standing);
  return edited.begin;
}

Result<std::string> PemStore::target_of(const NewObject& object, const Entry& entry) const {
  if (!is_folder()) return path_;
  const std::string label = object.label.empty() ? default_label(entry) : object.label;
  if (label.starts_with('.') ||
      label.find_first_of(std::string_view("/\0", 2)) != std::string::npos) {
    return fail(Errc::invalid_argument, fmt::format("label '{}' is no file name", label));
  }
  return (std::filesystem::path(path_) / (label + ".pem")).string();
}

namespace {

Result<Secret> key_block(const Secret& pkcs8, const Secret* passphrase) {
  if (passphrase == nullptr) return write_block("PRIVATE KEY", pkcs8.view());
  const auto encrypted = encrypt_pkcs8(pkcs8, *passphrase);
  if (!encrypted) return Failure(encrypted.error());
  return write_block("ENCRYPTED PRIVATE KEY", encrypted->view());
}

/// The key identifier, so that a key and its certificate meet in one name.
std::string default_label(const Entry& entry) {
  if (entry.public_key) return to_hex(entry.public_key->key_identifier());
  const auto key = entry.certificate->public_key();
  return to_hex(key ? key->key_identifier() : entry.certificate->sha256());
}

Edited insert(const ObjectFile& file, const Secret& block, const Entry& entry, bool replace) {
  const auto old = replace ? object_to_replace(file, entry) : std::nullopt;
  if (old) return replace_object(file, *old, block);
  // Some servers take the first block for the key.
  return entry.kind == EntryKind::private_key ? add_first(file, block) : add_last(file, block);
}

bool is_older_form_of(const Entry& old, const Entry& entry) {
  if (old.kind != entry.kind) return false;
  if (entry.public_key) return old.public_key == entry.public_key;
  return old.certificate->subject_der() == entry.certificate->subject_der() &&
         old.certificate->issuer_der() == entry.certificate->issuer_der();
}

/// The same key, or a certificate of the same names; else, for a key, the file's only key.
std::optional<std::size_t> object_to_replace(const ObjectFile& file, const Entry& entry) {
  std::vector<std::size_t> keys;
  for (std::size_t object = 0; object < file.objects().size(); ++object) {
    const auto old = file.describe(object);
    if (old && is_older_form_of(*old, entry)) return object;
    if (holds_private_key(file.objects()[object])) keys.push_back(object);
  }
  if (entry.kind == EntryKind::private_key && keys.size() == 1) return keys.front();
  return std::nullopt;
}

/// Where `entry` is in the file now. What else is known of it is compared too: the file may have
/// changed since it was listed.
Result<std::size_t> object_of(const ObjectFile& file, const Entry& entry) {
  for (std::size_t object = 0; object < file.objects().size(); ++object) {
    const auto now = file.describe(object);
    if (!now || now->uri != entry.uri || now->kind != entry.kind) continue;
    const bool same_key =
        !now->public_key || !entry.public_key || now->public_key == entry.public_key;
    if (same_key && now->certificate == entry.certificate) return object;
  }
  return fail(Errc::not_found, fmt::format("'{}' is gone", entry.uri.canonical()));
}

/// What was written, as a listing shows it, and what is known beyond that of an encrypted key.
Result<Entry> written_entry(const std::string& path, std::size_t begin, Entry entry) {
  const auto file = ObjectFile::read(path);
  if (!file) return Failure(file.error());
  for (std::size_t object = 0; object < file->objects().size(); ++object) {
    if (file->objects()[object].begin != begin) continue;
    auto now = file->describe(object);
    if (!now) return now;
    now->shape = entry.shape;
    now->public_key = entry.public_key;
    return now;
  }
  return fail(Errc::internal, fmt::format("{} changed while it was written", path));
}

/// A link is refused, as in write_file(): deleting it would leave the key where it is.
Result<void> delete_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_symlink(path, ignored)) {
    return fail(Errc::access_denied, fmt::format("cannot remove {}: it is a symbolic link", path),
                "name the file that the link points to");
  }
  if (unlink(path.c_str()) == 0) return {};
  return Failure(error_from_errno(errno, "unlink", "remove", path));
}

}  // namespace
}  // namespace keystore::pem
