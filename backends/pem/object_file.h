#pragma once

#include <string>
#include <vector>

#include "backends/pem/blocks.h"
#include "keystore/backend.h"
#include "keystore/key.h"
#include "keystore/query.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore::pem {

/// The objects of one file as it is at this moment. Its octets are wiped with it.
class ObjectFile {
 public:
  /// Errors: as read_file(); malformed (neither PEM nor a known DER).
  static Result<ObjectFile> read(const std::string& path);
  /// What a file at `path` would be with this content. Errors: malformed; unsupported (too many
  /// blocks).
  static Result<ObjectFile> parse(const std::string& path, Secret content);

  const std::string& path() const noexcept { return path_; }
  std::string_view text() const noexcept { return as_text(content_.view()); }
  /// Blocks that stand for an object, unreadable ones as well; their place here, from 1 on, is the
  /// `index` of URIs.
  const std::vector<Block>& objects() const noexcept { return objects_; }
  bool is_der() const noexcept;
  /// A file for another backend.
  bool is_pkcs12() const noexcept;

  /// `file:PATH`, with an index where the file holds several.
  Uri uri_of(std::size_t object) const;
  /// Without a passphrase. Errors name file and block.
  Result<Entry> describe(std::size_t object) const;

 private:
  ObjectFile(std::string path, Secret content, std::vector<Block> objects)
      : path_(std::move(path)), content_(std::move(content)), objects_(std::move(objects)) {}

  std::string path_;
  Secret content_;
  std::vector<Block> objects_;
};

/// "key at offset 12 of /x.pem: …", code and cause kept.
Error in_block(const ObjectFile& file, std::size_t object, Error error);

}  // namespace keystore::pem
