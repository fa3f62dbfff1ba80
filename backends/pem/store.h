#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backends/pem/object_file.h"
#include "keystore/backend.h"
#include "keystore/store.h"

namespace keystore::pem {

class Passphrase;

/// An object about to be written.
struct NewBlock {
  Secret text = {};
  Entry entry;
};

/// A file or a folder of files (not of folders). Every search reads the files again. What is
/// PKCS#12 among them is opened as `pfx:`.
class PemStore : public StoreBackend,
                 public Importer,
                 public BundleImporter,
                 public Generator,
                 public Remover {
 public:
  /// `path` is absolute; `index` narrows a file to one of its objects, from 0 on.
  PemStore(Uri uri, std::string path, std::optional<std::size_t> index, const OpenContext& context)
      : uri_(std::move(uri)), path_(std::move(path)), index_(index), context_(context) {}

  Result<Listing<Entry>> find_entries(const Query& query) const override;
  Result<Listing<Key>> find_keys(const Query& query) const override;
  Importer* importer() noexcept override { return this; }
  /// Into a file; a folder holds each object by itself.
  BundleImporter* bundle_importer() noexcept override { return is_folder() ? nullptr : this; }
  Generator* generator() noexcept override { return this; }
  Remover* remover() noexcept override { return this; }

  /// Into a file: makes it, or adds to what this store made; another file is changed only with
  /// `object.replace`: a block with the same key or certificate (else the file's only key) gives
  /// way, everything else stays. Into a folder: LABEL.pem.
  Result<Entry> import_key(const Secret& pkcs8, const NewObject& object) override;
  Result<Entry> import_certificate(const Certificate& certificate,
                                   const NewObject& object) override;
  /// As import_key(), the whole file written at once.
  Result<std::vector<Entry>> import_bundle(std::span<const NewItem> items,
                                           const NewObject& object) override;
  Result<Key> generate_key(const KeySpec& spec, const NewObject& object) override;
  /// Takes the block out and keeps all other octets; a file of nothing else is moved to its backup.
  Result<void> remove(const Entry& entry) override;

 private:
  template <class T, class SearchFile, class SearchStore>
  Result<Listing<T>> search(SearchFile search_file, SearchStore search_store) const;
  /// The PKCS#12 file `path`, opened once. `may_ask`: for its passphrase.
  Result<Store> pfx(const std::string& path, bool may_ask) const;
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
  Result<Entry> put(NewBlock block, const NewObject& object);
  Result<std::vector<Entry>> put_all(const std::string& path, std::span<const NewBlock> blocks,
                                     const NewObject& object);
  /// Both return what the file is then.
  Result<ObjectFile> make(const std::string& path, std::span<const NewBlock> blocks) const;
  Result<ObjectFile> change(const std::string& path, std::span<const NewBlock> blocks,
                            const NewObject& object) const;

  Uri uri_;
  std::string path_;
  std::optional<std::size_t> index_;
  OpenContext context_;
  std::mutex mutex_ = {};            ///< one change at a time
  std::set<std::string> made_ = {};  ///< files that this store wrote: it may add to them
  mutable std::mutex pfx_mutex_ = {};
  mutable std::map<std::pair<std::string, bool>, Store> pfx_ = {};
};

}  // namespace keystore::pem
