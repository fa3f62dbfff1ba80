#pragma once

#include <memory>
#include <vector>

#include "backends/pkcs11/known_keys.h"
#include "backends/pkcs11/library.h"
#include "backends/pkcs11/token_link.h"
#include "backends/pkcs11/wanted.h"
#include "keystore/backend.h"

namespace keystore::pkcs11 {

/// A token that the store's URI fits, and the URI it goes by.
struct LinkedToken {
  std::shared_ptr<const TokenLink> link;
  Uri uri;
};

/// The objects of all tokens that a `pkcs11:` URI fits. Immutable.
class TokenStore final : public StoreBackend,
                         public Importer,
                         public Generator,
                         public Remover,
                         public KeyWrapper {
 public:
  /// Loads the modules; touches no token. Errors: as find_modules(), load_library(); of several
  /// modules one that loads is enough.
  static Result<std::shared_ptr<StoreBackend>> create(const Uri& uri, const OpenOptions& options);
  TokenStore(Uri uri, OpenOptions options, Wanted wanted, std::vector<const Library*> libraries,
             std::vector<Error> unloaded)
      : uri_(std::move(uri)),
        options_(std::move(options)),
        wanted_(std::move(wanted)),
        libraries_(std::move(libraries)),
        unloaded_(std::move(unloaded)) {}

  Result<Listing<Entry>> find_entries(const Query& query) const override;
  Result<Listing<Key>> find_keys(const Query& query) const override;
  Importer* importer() noexcept override { return this; }
  Generator* generator() noexcept override { return this; }
  Remover* remover() noexcept override { return this; }
  KeyWrapper* wrapper() noexcept override { return this; }

  Result<Entry> import_key(const Secret& pkcs8, const NewObject& object) override;
  Result<Entry> import_certificate(const Certificate& certificate,
                                   const NewObject& object) override;
  Result<std::string> rehearse_import(const KeySpec& spec) override;
  Result<Key> generate_key(const KeySpec& spec, const NewObject& object) override;
  Result<void> remove(const Entry& entry) override;
  Result<Entry> generate_wrapping_key(unsigned bits, const NewObject& object) override;
  Result<WrappedKey> wrap(const Entry& key, const Uri& wrapping_key) override;
  Result<WrappedKey> wrap_copy(const Secret& pkcs8, const NewObject& names,
                               const Uri& wrapping_key) override;
  Result<Entry> unwrap(const WrappedKey& wrapped, const Uri& wrapping_key,
                       const NewObject& object) override;

 private:
  /// As find_tokens(); where there are none, modules that did not load may have them.
  Result<Listing<LinkedToken>> tokens() const;
  Result<Listing<KnownKey>> keys_on(const LinkedToken& linked, const Wanted& wanted) const;
  /// The answer that this process had before, if it is still good.
  std::optional<Key> known_key(const KeyQuestion& question) const;

  const Uri uri_;
  const OpenOptions options_;
  const Wanted wanted_;
  const std::vector<const Library*> libraries_;
  const std::vector<Error> unloaded_;
};

/// The tokens in `libraries` that `uri` fits. Finding none is not_found where `uri` names a token,
/// listing those that are there. Modules that fail are among `skipped`, unless all do.
Result<Listing<LinkedToken>> find_tokens(const Uri& uri, const OpenOptions& options,
                                         const std::vector<const Library*>& libraries,
                                         const Patience& patience);
/// The one token. Errors: as find_tokens(); not_found; ambiguous, listing the candidates.
Result<LinkedToken> find_token(const Uri& uri, const OpenOptions& options,
                               const std::vector<const Library*>& libraries,
                               const Patience& patience);

}  // namespace keystore::pkcs11
