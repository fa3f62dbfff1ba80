#pragma once

#include <functional>
#include <memory>

#include "keystore/backend.h"

namespace keystore {

/// A store that was opened by the URI of one of its objects. What lies beside the object (the
/// certificates of a key) is found in the store around it, which is opened when first asked for.
class NarrowedStore final : public StoreBackend {
 public:
  using Open = std::function<Result<std::shared_ptr<StoreBackend>>()>;

  NarrowedStore(std::shared_ptr<StoreBackend> narrowed, Open open_around)
      : narrowed_(std::move(narrowed)), open_around_(std::move(open_around)) {}

  Result<Listing<Entry>> find_entries(const Query& query) const override {
    return narrowed_->find_entries(query);
  }
  Result<Listing<Key>> find_keys(const Query& query) const override {
    return narrowed_->find_keys(query);
  }
  const TrustSource* trust() const noexcept override { return narrowed_->trust(); }
  Importer* importer() noexcept override { return narrowed_->importer(); }
  BundleImporter* bundle_importer() noexcept override { return narrowed_->bundle_importer(); }
  Generator* generator() noexcept override { return narrowed_->generator(); }
  Remover* remover() noexcept override { return narrowed_->remover(); }
  KeyWrapper* wrapper() noexcept override { return narrowed_->wrapper(); }

  Result<Listing<Entry>> find_around(const Query& query) const {
    const auto around = open_around_();
    if (!around) return Failure(around.error());
    return (*around)->find_entries(query);
  }

 private:
  std::shared_ptr<StoreBackend> narrowed_;
  Open open_around_;
};

/// The URI of the store in which `uri` names an object; `uri` itself where it names no object.
Uri uri_around(const Uri& uri);

}  // namespace keystore
