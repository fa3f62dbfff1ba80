#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backends/pem/object_file.h"
#include "keystore/backend.h"

namespace keystore::pem {

class Passphrase;

/// A file or a folder of files (not of folders). Every search reads the files again.
class PemStore : public StoreBackend, public Importer, public Generator, public Remover {
 public:
  /// `path` is absolute; `index` narrows a file to one of its objects, from 0 on.
  PemStore(Uri uri, std::string path, std::optional<std::size_t> index, const OpenContext& context)
      : uri_(std::move(uri)), path_(std::move(path)), index_(index), context_(context) {}

  Result<Listing<Entry>> find_entries(const Query& query) const override;
  Result<Listing<Key>> find_keys(const Query& query) const override;
  Importer* importer() noexcept override { return this; }
  Generator* generator() noexcept override { return this; }
  Remover* remover() noexcept override { return this; }

  /// Into a file: makes it, or adds to what this store made; another file is changed only with
  /// `object.replace`: a block with the same key or certificate (else the file's only key) gives
  /// way, everything else stays. Into a folder: LABEL.pem.
  Result<Entry> import_key(const Secret& pkcs8, const NewObject& object) override;
  Result<Entry> import_certificate(const Certificate& certificate,
                                   const NewObject& object) override;
  Result<Key> generate_key(const KeySpec& spec, const NewObject& object) override;
  /// Takes the block out and keeps all other octets; a file of nothing else is moved to its backup.
  Result<void> remove(const Entry& entry) override;

 private:
  template <class T, class Search>
  Result<Listing<T>> search(Search search_file) const;
  bool is_folder() const;
  bool selects(std::size_t object) const { return !index_ || *index_ == object; }
  /// The files to look into. Errors: not_found.
  Result<std::vector<std::string>> files() const;
  /// Both add to `found`. Whether something there could be read, matching or not.
  bool find_in(const ObjectFile& file, const Query& query, Listing<Entry>& found) const;
  bool find_keys_in(const ObjectFile& file, const Query& query, Listing<Key>& found) const;
  Result<Key> key_of(const ObjectFile& file, std::size_t object, const Entry& entry,
                     Passphrase& passphrase) const;

  Result<std::string> target_of(const NewObject& object, const Entry& entry) const;
  Result<Entry> put(const Secret& block, const Entry& entry, const NewObject& object);
  /// Both return where in the file the block begins.
  Result<std::size_t> make(const std::string& path, const Secret& block, const Entry& entry) const;
  Result<std::size_t> change(const std::string& path, const Secret& block, const Entry& entry,
                             const NewObject& object) const;

  Uri uri_;
  std::string path_;
  std::optional<std::size_t> index_;
  OpenContext context_;
  std::mutex mutex_ = {};            ///< one change at a time
  std::set<std::string> made_ = {};  ///< files that this store wrote: it may add to them
};

}  // namespace keystore::pem
