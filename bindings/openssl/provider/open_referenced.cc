#include "bindings/openssl/provider/open_referenced.h"

#include "bindings/openssl/provider/load_options.h"
#include "keystore/registry.h"

namespace keystore::provider {
namespace {

// What a first use looks up in files is in hand after a signature: SoftHSM reads a key of its token
// again for each, but not the copy that we sign EC with.
Result<void> sign_once(const Key& key) {
  if (key.schemes().empty()) return {};
  const auto done = key.sign(key.schemes().front(), {});
  return done ? Result<void>() : Failure(done.error());
}

// `eager`: the program will give up its root folder, so module and token are opened now.
Result<Key> open_now(const Reference& reference, const OpenOptions& options) {
  const auto store = builtin_registry().open(reference.uri, options);
  if (!store) return Failure(store.error());
  auto key = store->key();
  if (key && key->public_key() && key->public_key() != reference.public_key) {
    return fail(Errc::key_mismatch,
                "the key at " + reference.uri.canonical() + " is not the reference's key",
                "write the reference again with 'keystore ref'");
  }
  if (!key) return key;
  const auto works = sign_once(*key);
  return works ? std::move(key) : Failure(works.error());
}

}  // namespace

Result<Reference> checked(Reference reference, const LoadPassphrase& passphrase) {
  const auto options = load_options(passphrase, UriOrigin::data);
  if (!options) return Failure(options.error());
  const auto& config = options->config->openssl;
  const bool complete = reference.public_key.has_value();
  const auto key = complete && config.eager
                       ? open_now(reference, *options)
                       : open_reference(reference, builtin_registry(), *options,
                                        complete ? PinTime::at_use : config.pin);
  if (!key) return Failure(key.error());
  if (!complete) reference.public_key = key->public_key();
  return reference;
}

Result<Key> open_referenced(const Reference& reference, const LoadPassphrase& passphrase) {
  const auto options = load_options(passphrase, UriOrigin::data);
  if (!options) return Failure(options.error());
  const auto& config = options->config->openssl;
  return config.eager ? open_now(reference, *options)
                      : open_reference(reference, builtin_registry(), *options, config.pin);
}

}  // namespace keystore::provider
