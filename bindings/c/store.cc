#include "keystore/store.h"

#include "bindings/c/guard.h"
#include "bindings/c/handles.h"
#include "bindings/c/open_options.h"
#include "bindings/c/query.h"

namespace c = keystore::c;

int32_t ks_store_open(const char* uri, ks_store** out) {
  return ks_store_open_with(uri, nullptr, out);
}

int32_t ks_store_open_with(const char* uri, const ks_open_options* options, ks_store** out) {
  return c::guard(__func__, [&] {
    const auto wanted = c::open_options(options);
    c::hand_out(out, [&] { return c::take(keystore::open(c::require_text(uri, "uri"), wanted)); });
  });
}

void ks_store_free(ks_store* store) { delete store; }

const char* ks_store_uri(const ks_store* store) {
  return store == nullptr ? "" : store->uri.c_str();
}

int32_t ks_store_list(const ks_store* store, const ks_query* query, ks_listing** out) {
  return c::guard(__func__, [&] {
    auto& place = c::require(out, "out");
    auto found = c::take(c::require(store, "store").store.find_entries(c::query_of(query)));
    auto listing = std::make_unique<ks_listing>();
    for (auto& entry : found.items) listing->entries.emplace_back(std::move(entry));
    for (auto& error : found.skipped) listing->skipped.emplace_back(std::move(error));
    place = listing.release();
  });
}

void ks_listing_free(ks_listing* listing) { delete listing; }

size_t ks_listing_count(const ks_listing* listing) {
  return listing == nullptr ? 0 : listing->entries.size();
}

const ks_entry* ks_listing_entry(const ks_listing* listing, size_t index) {
  return index < ks_listing_count(listing) ? &listing->entries[index].view : nullptr;
}

size_t ks_listing_skipped_count(const ks_listing* listing) {
  return listing == nullptr ? 0 : listing->skipped.size();
}

const ks_error* ks_listing_skipped(const ks_listing* listing, size_t index) {
  return index < ks_listing_skipped_count(listing) ? &listing->skipped[index].view : nullptr;
}

int32_t ks_store_key(const ks_store* store, const ks_query* query, ks_key** out) {
  return c::guard(__func__, [&] {
    c::hand_out(out,
                [&] { return c::take(c::require(store, "store").store.key(c::query_of(query))); });
  });
}

int32_t ks_store_identity(const ks_store* store, const ks_query* query, ks_identity** out) {
  return c::guard(__func__, [&] {
    c::hand_out(out, [&] {
      return c::take(c::require(store, "store").store.identity(c::query_of(query)));
    });
  });
}
