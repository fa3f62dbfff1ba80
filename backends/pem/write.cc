#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "backends/pem/decrypt.h"
#include "backends/pem/edit.h"
#include "backends/pem/form.h"
#include "backends/pem/store.h"
#include "keystore/file.h"
#include "keystore/internal/rewriting.h"
#include "keystore/internal/software_key.h"

// The half of PemStore that changes files.

namespace keystore::pem {
namespace {

constexpr mode_t key_mode = 0600;
constexpr mode_t certificate_mode = 0644;

Result<NewBlock> key_block(const Secret& pkcs8, const Secret* passphrase, const Uri& uri);
NewBlock certificate_block(const Certificate& certificate, const Uri& uri);
std::string default_label(const Entry& entry);
Secret insert(const ObjectFile& file, const NewBlock& block, bool replace, bool takes_only_key);
std::optional<std::size_t> object_to_replace(const ObjectFile& file, const Entry& entry,
                                             bool takes_only_key);
Result<std::size_t> object_of(const ObjectFile& file, const Entry& entry);
Result<Entry> written_entry(const ObjectFile& file, const NewBlock& block);

}  // namespace

Result<Entry> PemStore::import_key(const Secret& pkcs8, const NewObject& object) {
  auto block = key_block(pkcs8, object.passphrase, uri_);
  if (!block) return Failure(block.error());
  return put(*std::move(block), object);
}

Result<Entry> PemStore::import_certificate(const Certificate& certificate,
                                           const NewObject& object) {
  return put(certificate_block(certificate, uri_), object);
}

Result<std::vector<Entry>> PemStore::import_bundle(std::span<const NewItem> items,
                                                   const NewObject& object) {
  std::vector<NewBlock> blocks;
  for (const auto& item : items) {
    if (item.pkcs8 == nullptr) {
      blocks.push_back(certificate_block(*item.certificate, uri_));
      continue;
    }
    auto block = key_block(*item.pkcs8, object.passphrase, uri_);
    if (!block) return Failure(block.error());
    blocks.push_back(*std::move(block));
  }
  return put_all(path_, blocks, object);
}

Result<Key> PemStore::generate_key(const KeySpec& spec, const NewObject& object) {
  return generate_into(*this, spec, object);
}

Result<void> PemStore::remove(const Entry& entry) {
  const auto of_reference = entry.attributes.find("file");
  const std::string path =
      of_reference == entry.attributes.end() ? entry.uri.path() : of_reference->second;
  if (path != path_ && std::filesystem::path(path).parent_path() != path_) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is not in {}", entry.uri.canonical(), path_));
  }
  if (entry.uri.scheme() == "pfx") {
    const auto store = pfx(path, true);
    if (!store) return Failure(store.error());
    return store->remover()->remove(entry);
  }
  const std::lock_guard lock(mutex_);
  const auto file = ObjectFile::read(path);
  if (!file) return Failure(file.error());
  const auto object = object_of(*file, entry);
  if (!object) return Failure(object.error());
  if (file->objects()[*object].member) {
    return fail(Errc::unsupported,
                fmt::format("'{}' is one of several in a PKCS#7 block", entry.uri.canonical()),
                "'keystore import' copies them into a file that can be changed");
  }
  const Secret rest = without_object(*file, *object);
  if (rest.empty()) return delete_file(path);
  auto options = rewriting(path);
  // No backup: it would keep what its owner wants gone.
  options.backup = false;
  const auto written = write_file(path, rest.view(), options);
  if (!written) return Failure(written.error());
  return {};
}

Result<Entry> PemStore::put(NewBlock block, const NewObject& object) {
  const auto path = target_of(object, block.entry);
  if (!path) return Failure(path.error());
  auto made = put_all(*path, {&block, 1}, object);
  if (!made) return Failure(made.error());
  return std::move(made->front());
}

Result<std::vector<Entry>> PemStore::put_all(const std::string& path,
                                             std::span<const NewBlock> blocks,
                                             const NewObject& object) {
  const std::lock_guard lock(mutex_);
  std::error_code ignored;
  const bool exists = std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
  const auto file = exists ? change(path, blocks, object) : make(path, blocks);
  if (!file) return Failure(file.error());
  made_.insert(path);
  std::vector<Entry> entries;
  for (const auto& block : blocks) {
    auto entry = written_entry(*file, block);
    if (!entry) return Failure(entry.error());
    entries.push_back(*std::move(entry));
  }
  return entries;
}

Result<ObjectFile> PemStore::make(const std::string& path, std::span<const NewBlock> blocks) const {
  Secret content;
  bool holds_key = false;
  for (const auto& block : blocks) {
    content = joined(as_text(content.view()), block.text.view(), {});
    holds_key |= block.entry.kind == EntryKind::private_key;
  }
  const auto written =
      write_file(path, content.view(), {.mode = holds_key ? key_mode : certificate_mode});
  if (!written) return Failure(written.error());
  return ObjectFile::parse(path, std::move(content));
}

Result<ObjectFile> PemStore::change(const std::string& path, std::span<const NewBlock> blocks,
                                    const NewObject& object) const {
  const bool ours = made_.contains(path);
  if (!ours && !object.replace) {
    return fail(Errc::already_exists, fmt::format("{} exists already", path),
                "name another file, or have this one replaced (--force), which keeps a backup");
  }
  auto file = ObjectFile::read(path);
  if (!file && file.error().code != Errc::malformed) return file;
  if (file && file->is_pkcs12()) {
    return fail(Errc::invalid_argument, fmt::format("{} is a PKCS#12 file", path),
                fmt::format("name it as pfx:{} to have it changed as such", path));
  }
  const bool is_pem = file && !file->is_der();
  const bool held_key = is_pem && std::ranges::any_of(file->objects(), holds_private_key);
  bool adds_key = false;
  for (const auto& block : blocks) {
    const bool is_key = block.entry.kind == EntryKind::private_key;
    const bool alone = !is_pem && &block == blocks.data();
    file = ObjectFile::parse(
        path, alone ? block.text.clone() : insert(*file, block, object.replace, !adds_key));
    if (!file) return file;
    adds_key |= is_key;
  }
  auto options = rewriting(path);
  options.backup = !ours;
  // A key makes a file private that was not; who may read a key file already, still may.
  const bool keep_mode = held_key || (is_pem && !adds_key);
  if (!keep_mode) options.mode = key_mode;
  const auto written = write_file(path, as_bytes(file->text()), options);
  if (!written) return Failure(written.error());
  return file;
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

Result<NewBlock> key_block(const Secret& pkcs8, const Secret* passphrase, const Uri& uri) {
  auto key = make_software_key(pkcs8.clone(), {.uri = uri});
  if (!key) return Failure(key.error());
  NewBlock block{.entry = (*key)->entry()};
  if (passphrase == nullptr) {
    block.text = write_block("PRIVATE KEY", pkcs8.view());
    return block;
  }
  const auto encrypted = encrypt_pkcs8(pkcs8, *passphrase);
  if (!encrypted) return Failure(encrypted.error());
  block.text = write_block("ENCRYPTED PRIVATE KEY", encrypted->view());
  return block;
}

NewBlock certificate_block(const Certificate& certificate, const Uri& uri) {
  return {.text = write_block("CERTIFICATE", certificate.der()),
          .entry = {.uri = uri, .kind = EntryKind::certificate, .certificate = certificate}};
}

/// The key identifier, so that a key and its certificate meet in one name.
std::string default_label(const Entry& entry) {
  if (entry.public_key) return to_hex(entry.public_key->key_identifier());
  const auto key = entry.certificate->public_key();
  return to_hex(key ? key->key_identifier() : entry.certificate->sha256());
}

Secret insert(const ObjectFile& file, const NewBlock& block, bool replace, bool takes_only_key) {
  const auto old = replace ? object_to_replace(file, block.entry, takes_only_key) : std::nullopt;
  if (old) return replace_object(file, *old, block.text);
  // Some servers take the first block for the key.
  return block.entry.kind == EntryKind::private_key ? add_first(file, block.text)
                                                    : add_last(file, block.text);
}

bool is_older_form_of(const Entry& old, const Entry& entry) {
  if (old.kind != entry.kind) return false;
  if (!entry.certificate) return entry.public_key && old.public_key == entry.public_key;
  return old.certificate->subject_der() == entry.certificate->subject_der() &&
         old.certificate->issuer_der() == entry.certificate->issuer_der();
}

/// The same key, or a certificate of the same names; else, for a key that may take it, the place of
/// the file's only key.
std::optional<std::size_t> object_to_replace(const ObjectFile& file, const Entry& entry,
                                             bool takes_only_key) {
  std::vector<std::size_t> keys;
  for (std::size_t object = 0; object < file.objects().size(); ++object) {
    if (file.objects()[object].member) continue;
    const auto old = file.describe(object);
    if (old && is_older_form_of(*old, entry)) return object;
    if (holds_private_key(file.objects()[object])) keys.push_back(object);
  }
  if (entry.kind == EntryKind::private_key && takes_only_key && keys.size() == 1) {
    return keys.front();
  }
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
Result<Entry> written_entry(const ObjectFile& file, const NewBlock& block) {
  for (std::size_t object = 0; object < file.objects().size(); ++object) {
    const auto& place = file.objects()[object];
    const auto text = file.text().substr(place.begin, place.end - place.begin);
    if (text != as_text(block.text.view())) continue;
    auto now = file.describe(object);
    if (!now) return now;
    now->shape = block.entry.shape;
    now->public_key = block.entry.public_key;
    return now;
  }
  return fail(Errc::internal, fmt::format("{} does not hold what was written", file.path()));
}

}  // namespace
}  // namespace keystore::pem
