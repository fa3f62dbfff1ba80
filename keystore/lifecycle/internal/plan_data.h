#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "keystore/lifecycle/internal/secret_keeper.h"
#include "keystore/lifecycle/move.h"

namespace keystore::lifecycle {

/// What the file was: what a rollback gives back.
struct FileState {
  std::string sha256 = {};  ///< hexadecimal
  std::uint64_t size = 0;
  mode_t mode = 0600;
  uid_t owner = 0;
  gid_t group = 0;
  std::int64_t mtime_seconds = 0;
  std::int64_t mtime_nanoseconds = 0;

  bool operator==(const FileState&) const = default;
};

/// Everything a later process needs to go on; written down as the first line of the journal.
struct MovePlan::Data {
  std::string id = {};
  std::string path = {};  ///< absolute, of the key file
  FileState original = {};
  std::string destination = {};    ///< canonical URI of the object: token, object, id, type
  std::string reference_uri = {};  ///< the same with what a server needs: pin-source
  std::string pin_source = {};     ///< for later commands; empty: none that may be written down
  std::string label = {};
  Bytes object_id = {};
  Bytes public_key = {};                              ///< SubjectPublicKeyInfo
  std::vector<Bytes> certificates = {};               ///< DER; for the key first, then others
  bool certificate_matches = false;                   ///< the first one is for the key
  std::vector<std::string> import_certificates = {};  ///< SHA-256 (hexadecimal) of those to import

  std::string import_way = {};                    ///< not in the journal
  std::vector<std::string> notes = {};            ///< not in the journal
  std::shared_ptr<SecretKeeper> pin = {};         ///< not in the journal
  std::shared_ptr<SecretKeeper> passphrase = {};  ///< not in the journal

  std::string reference_path() const { return path; }
  /// Written beside the key file, then renamed over it.
  std::string new_reference_path() const { return path + ".keystore-reference-" + id; }
  std::string backup_path() const { return path + ".keystore-backup-" + id; }
};

}  // namespace keystore::lifecycle
