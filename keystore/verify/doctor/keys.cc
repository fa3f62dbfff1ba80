#include "keystore/verify/doctor/keys.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <set>

#include "keystore/internal/public_key_parsed.h"
#include "keystore/verify/doctor/report.h"

namespace keystore::verify::doctor {
namespace {

void judge_file(const std::string& file, TargetReport& report);
bool says(const Entry& entry, const std::string& attribute, std::string_view value);

/// OpenSSL's security bits of RSA with 2048 bits and of EC with 224 (NIST SP 800-57, part
/// 1, 5.6.1).
constexpr int least_security_bits = 112;

}  // namespace

void judge_keys(Target& target) {
  std::set<std::string> files;
  for (const auto& found : target.evidence.keys) {
    const auto& entry = found.entry;
    const auto name = entry.uri.canonical();
    if (entry.custody == Custody::token && entry.extractable) {
      add(target.report, Code::key_extractable,
          fmt::format("key {} may be taken out of its token", name),
          {"make a new key on the token, which stays there unless asked otherwise (keystore new), "
           "and have its certificate issued anew; a token cannot forget the copies of this one"});
    }
    if (entry.custody != Custody::file || found.file.empty()) continue;
    if (files.insert(found.file).second) judge_file(found.file, target.report);
    if (says(entry, "encrypted", "no")) {
      add(target.report, Code::key_not_encrypted, fmt::format("key {} is not encrypted", name),
          {fmt::format(
              "move it onto a token (keystore move {} pkcs11:token=NAME), or write it with "
              "a passphrase where its program can be given one (keystore export {} "
              "NEW-FILE --passphrase prompt)",
              shell_word(found.file), shell_word(found.file))});
    }
  }
}

void judge_strength(const PublicKey& key, const std::string& what, TargetReport& report) {
  const auto* pkey = pkey_of(key);
  if (pkey == nullptr || EVP_PKEY_get_security_bits(pkey) >= least_security_bits) return;
  const auto& shape = key.shape();
  const auto size = shape.curve.empty() ? fmt::format("{} bits", shape.bits) : shape.curve;
  add(report, Code::key_weak,
      fmt::format("{} is too weak: {} {}", what, to_string(shape.type), size),
      {"make a new key (keystore new … --type ec:p256 or rsa:3072) and have a certificate issued "
       "for it (keystore csr)"});
}

namespace {

void judge_file(const std::string& file, TargetReport& report) {
  struct stat status = {};
  if (stat(file.c_str(), &status) != 0) return;
  const bool others = (status.st_mode & (S_IROTH | S_IWOTH)) != 0;
  const bool group = (status.st_mode & (S_IRGRP | S_IWGRP)) != 0;
  if (!others && !group) return;
  // A group is somebody's choice; everybody is nobody's.
  add(report, Code::key_readable_by_others,
      fmt::format("key file {} can be read or changed by {} (mode {:04o})", file,
                  others ? "every user" : "its group", status.st_mode & 07777U),
      {others ? "take the others' rights; who could read it until now may have a copy"
              : "take the group's rights, unless everybody in it may pass for the key's owner",
       fmt::format("chmod {} {}", others ? "go-rwx" : "g-rwx", shell_word(file))},
      others ? Severity::error : Severity::warning);
}

bool says(const Entry& entry, const std::string& attribute, std::string_view value) {
  const auto found = entry.attributes.find(attribute);
  return found != entry.attributes.end() && found->second == value;
}

}  // namespace
}  // namespace keystore::verify::doctor
