#include "keystore/lifecycle/internal/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "keystore/file.h"
#include "keystore/internal/config_of.h"
#include "keystore/internal/fd.h"
#include "keystore/lifecycle/internal/crypto.h"
#include "keystore/lifecycle/internal/durable.h"
#include "keystore/lifecycle/internal/pem_text.h"
#include "keystore/store.h"

namespace keystore::lifecycle {
namespace {

Result<struct stat> status_of(const std::string& path);
Result<void> check_names(const std::string& path, const struct stat& status);
std::vector<std::string> other_names(const std::string& path, const struct stat& status);
Result<Key> only_key(const std::string& path, const OpenOptions& options);
std::vector<Certificate> certificates_in(const std::vector<PemBlock>& blocks);
Result<void> copy_attributes(const std::string& from, const std::string& to, int file);
Failure refuse_pfx(const std::string& path);

}  // namespace

Result<std::string> key_file_path(const Uri& source) {
  if (source.scheme() == "pfx") return refuse_pfx(source.path());
  if (source.scheme() != "file") {
    return fail(Errc::unsupported,
                fmt::format("cannot move {}: not a key file", source.canonical()),
                "move takes the path of a file with one private key");
  }
  const std::filesystem::path given(source.path());
  std::error_code error;
  const auto folder =
      std::filesystem::canonical(given.has_parent_path() ? given.parent_path() : ".", error);
  if (error) return Failure(error_from_errno(error.value(), "realpath", "read", source.path()));
  const auto path = (folder / given.filename()).string();
  const auto status = status_of(path);
  if (!status) return Failure(status.error());
  if (!S_ISLNK(status->st_mode)) return path;
  const auto target = std::filesystem::weakly_canonical(path, error);
  return fail(Errc::unsupported, fmt::format("cannot move {}: it is a symbolic link", path),
              fmt::format("move what it points to: {}", target.string()));
}

Result<KeyFile> open_key_file(const std::string& path, const OpenOptions& options) {
  const auto status = status_of(path);
  if (!status) return Failure(status.error());
  if (S_ISDIR(status->st_mode)) {
    return fail(Errc::unsupported, fmt::format("cannot move {}: it is a folder", path),
                "name one key file in it");
  }
  auto state = file_state(path);
  if (!state) return Failure(state.error());
  if (const auto ok = check_names(path, *status); !ok) return Failure(ok.error());
  const auto content = read_unchanged(path, *state);
  if (!content) return Failure(content.error());
  auto key = only_key(path, options);
  if (!key) return Failure(key.error());
  if (key->uri().scheme() == "pfx") return refuse_pfx(path);
  const auto blocks = pem_blocks(as_text(content->view()));
  if (std::count_if(blocks.begin(), blocks.end(), holds_private_key) > 1) {
    return fail(Errc::unsupported,
                fmt::format("cannot move {}: it holds several private keys", path),
                "put each key into a file of its own");
  }
  return KeyFile{path, std::move(*state), std::move(*key), certificates_in(blocks),
                 !blocks.empty()};
}

Result<FileState> file_state(const std::string& path) {
  const auto status = status_of(path);
  if (!status) return Failure(status.error());
  if (!S_ISREG(status->st_mode)) {
    return fail(Errc::unsupported, fmt::format("{} is not a regular file", path));
  }
  const auto content = read_file(path);
  if (!content) return Failure(content.error());
  return FileState{sha256_hex(content->view()),
                   content->size(),
                   status->st_mode & 07777U,
                   status->st_uid,
                   status->st_gid,
                   status->st_mtim.tv_sec,
                   status->st_mtim.tv_nsec};
}

Result<Secret> read_unchanged(const std::string& path, const FileState& state) {
  auto content = read_file(path);
  if (content && sha256_hex(content->view()) != state.sha256) {
    return fail(Errc::already_exists,
                fmt::format("{} was changed since the move was planned", path));
  }
  return content;
}

Result<Fd> open_own(const std::string& path, uid_t owner) {
  Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status = {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    return Failure(error_from_errno(errno, "open", "set the owner and mode of", path));
  }
  const bool own = status.st_uid == ::geteuid() || status.st_uid == owner;
  if (S_ISREG(status.st_mode) && own && status.st_nlink == 1) return file;
  return fail(Errc::access_denied,
              fmt::format("{} is no more the file that was written there", path),
              "see who may write to its folder");
}

Result<void> copy_metadata(const std::string& from, const std::string& to) {
  const auto status = status_of(from);
  if (!status) return Failure(status.error());
  const auto file = open_own(to, status->st_uid);
  if (!file) return Failure(file.error());
  if (::fchown(file->get(), status->st_uid, status->st_gid) != 0) {
    return Failure(error_from_errno(errno, "fchown", "give the owner of the key file to", to));
  }
  if (auto copied = copy_attributes(from, to, file->get()); !copied) return copied;
  if (::fchmod(file->get(), status->st_mode & 07777U) != 0) {
    return Failure(error_from_errno(errno, "fchmod", "set the mode of", to));
  }
  return {};
}

Result<OpenOptions> without_policy(OpenOptions options) {
  const auto config = config_of(options);
  if (!config) return Failure(config.error());
  auto relaxed = std::make_shared<Config>(**config);
  relaxed->policy.require_token = false;
  relaxed->policy.min_rsa_bits = 0;
  options.config = std::move(relaxed);
  return options;
}

namespace {

Result<struct stat> status_of(const std::string& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) {
    return Failure(error_from_errno(errno, "lstat", "read", path));
  }
  return status;
}

// The other name would keep the key after the move.
Result<void> check_names(const std::string& path, const struct stat& status) {
  if (status.st_nlink <= 1) return {};
  const auto others = other_names(path, status);
  return fail(
      Errc::unsupported,
      fmt::format("cannot move {}: the file has {} names (hard links){}{}", path, status.st_nlink,
                  others.empty() ? "" : ", also ", fmt::join(others, ", ")),
      "remove the other names first: they would keep the key");
}

std::vector<std::string> other_names(const std::string& path, const struct stat& status) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder_of(path), error)) {
    const auto other = status_of(file.path().string());
    if (!other || other->st_ino != status.st_ino || other->st_dev != status.st_dev) continue;
    if (file.path() != path) names.push_back(file.path().string());
  }
  return names;
}

Result<Key> only_key(const std::string& path, const OpenOptions& options) {
  const auto uri = Uri::from_path(path);
  const auto relaxed = without_policy(options);
  if (!relaxed) return Failure(relaxed.error());
  const auto store = open(uri, *relaxed);
  if (!store) return Failure(store.error());
  const auto entries = store->find_entries({.kind = EntryKind::private_key});
  if (!entries) return Failure(entries.error());
  for (const auto& entry : entries->items) {
    if (entry.custody == Custody::file) continue;
    return fail(Errc::already_exists, fmt::format("{} is a key reference already", path),
                fmt::format("the key is at {}", entry.uri.canonical()));
  }
  if (entries->items.size() > 1) {
    return fail(Errc::unsupported,
                fmt::format("cannot move {}: it holds several private keys", path),
                "put each key into a file of its own");
  }
  return store->key();
}

std::vector<Certificate> certificates_in(const std::vector<PemBlock>& blocks) {
  std::vector<Certificate> certificates;
  for (const auto& block : blocks) {
    if (block.label != "CERTIFICATE") continue;
    if (auto certificate = Certificate::parse_pem(block.text)) {
      certificates.push_back(std::move(*certificate));
    }
  }
  return certificates;
}

Result<std::string> attribute_names(const std::string& path) {
  const auto size = ::llistxattr(path.c_str(), nullptr, 0);
  if (size <= 0) return std::string();
  std::string names(static_cast<std::size_t>(size), '\0');
  const auto filled = ::llistxattr(path.c_str(), names.data(), names.size());
  if (filled < 0) return Failure(error_from_errno(errno, "llistxattr", "read attributes of", path));
  names.resize(static_cast<std::size_t>(filled));
  return names;
}

Result<void> copy_attribute(const std::string& from, const std::string& to, int file,
                            const char* name) {
  const auto size = ::lgetxattr(from.c_str(), name, nullptr, 0);
  std::string value(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  if (size < 0 || ::lgetxattr(from.c_str(), name, value.data(), value.size()) != size ||
      ::fsetxattr(file, name, value.data(), value.size(), 0) != 0) {
    return Failure(error_from_errno(errno, "fsetxattr", fmt::format("copy {} to", name), to));
  }
  return {};
}

// An access list decides who can read; other attributes (labels of the system) are its own matter.
Result<void> copy_attributes(const std::string& from, const std::string& to, int file) {
  const auto names = attribute_names(from);
  if (!names) return Failure(names.error());
  for (std::size_t at = 0; at < names->size();) {
    const std::string name(names->c_str() + at);
    at += name.size() + 1;
    const auto copied = copy_attribute(from, to, file, name.c_str());
    if (!copied && name == "system.posix_acl_access") return copied;
  }
  return {};
}

/// Programs that read PKCS#12 read no reference.
Failure refuse_pfx(const std::string& path) {
  return fail(Errc::unsupported,
              fmt::format("cannot move {}: a key reference cannot stand in a PKCS#12 file", path),
              "'keystore import' copies its key and certificates onto a token; 'keystore ref' then "
              "writes a reference for programs that read PEM");
}

}  // namespace
}  // namespace keystore::lifecycle
