#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backends/pfx/bundle.h"
#include "keystore/backend.h"

namespace keystore::pfx {

/// A PKCS#12 file. Its content and its passphrase are kept while the file stays as it is, so that
/// a passphrase is asked for once and its slow derivation done once.
class PfxStore final : public StoreBackend,
                       public Importer,
                       public BundleImporter,
                       public Generator,
                       public Remover {
 public:
  /// `path` is absolute; `index` narrows the bundle to one of its objects, from 0 on.
  PfxStore(Uri uri, std::string path, std::optional<std::size_t> index, const OpenContext& context)
      : uri_(std::move(uri)), path_(std::move(path)), index_(index), context_(context) {}

  Result<Listing<Entry>> find_entries(const Query& query) const override;
  Result<Listing<Key>> find_keys(const Query& query) const override;
  Importer* importer() noexcept override { return this; }
  BundleImporter* bundle_importer() noexcept override { return this; }
  Generator* generator() noexcept override { return this; }
  Remover* remover() noexcept override { return this; }

  /// Makes the file, or adds to what this store made; another file is changed only with
  /// `object.replace`: the same key or certificate gives way, everything else stays.
  Result<Entry> import_key(const Secret& pkcs8, const NewObject& object) override;
  Result<Entry> import_certificate(const Certificate& certificate,
                                   const NewObject& object) override;
  Result<std::vector<Entry>> import_bundle(std::span<const NewItem> items,
                                           const NewObject& object) override;
  Result<Key> generate_key(const KeySpec& spec, const NewObject& object) override;
  /// The last object takes the file along.
  Result<void> remove(const Entry& entry) override;

 private:
  /// One object as it is shown.
  struct Item {
    Entry entry;
    std::shared_ptr<const KeyBackend> key = {};  ///< of a private key
    std::optional<Error> fault = {};
  };
  /// What is in the file.
  struct Content {
    Secret file = {};
    Secret passphrase = {};
    Bundle bundle = {};
    std::vector<Item> items = {};
  };

  /// Null where there is no file and there need not be one. May ask; so no lock is held here.
  Result<std::shared_ptr<const Content>> content() const;
  Result<std::shared_ptr<const Content>> read(Secret file) const;
  Result<std::shared_ptr<const Content>> read(Secret file, const PassphraseSource& ask) const;
  Item item_of(const Bundle& bundle, std::size_t object) const;
  std::shared_ptr<const Content> kept() const;
  void keep(std::shared_ptr<const Content> content) const;
  template <class T, class Take>
  Result<Listing<T>> search(const Query& query, Take take) const;

  Result<Secret> passphrase_for(const NewObject& object) const;
  Result<std::shared_ptr<const Content>> content_to_change(const Secret& passphrase) const;
  Result<void> check_rewrite(const Content& content) const;
  Result<std::shared_ptr<const Content>> write(const std::vector<const Object*>& objects,
                                               const Secret& passphrase, bool legacy);

  Uri uri_;
  std::string path_;
  std::optional<std::size_t> index_;
  OpenContext context_;
  std::mutex change_mutex_ = {};    ///< one change at a time
  std::atomic<bool> made_ = false;  ///< by this store: it may add to it
  mutable std::mutex keep_mutex_ = {};
  mutable std::shared_ptr<const Content> kept_ = {};
};

}  // namespace keystore::pfx
