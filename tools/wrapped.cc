#include "tools/wrapped.h"

#include <fmt/format.h>

#include <filesystem>

#include "keystore/file.h"
#include "tools/io.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

Result<WrappedKey> read_wrapped(const std::string& file);
Result<KeyWrapper*> wrapper_of(const Store& store);

}  // namespace

Result<Entry> export_wrapped(const WrappedExport& request) {
  const auto wrap_key = Uri::parse(request.wrap_key);
  if (!wrap_key) return Failure(wrap_key.error());
  const auto store = open_store(request.source, request.pin);
  if (!store) return Failure(store.error());
  const auto wrapper = wrapper_of(*store);
  if (!wrapper) return Failure(wrapper.error());
  const auto key = store->key();
  if (!key) return Failure(key.error());
  const auto wrapped = (*wrapper)->wrap(key->entry(), *wrap_key);
  if (!wrapped) return Failure(wrapped.error());
  const auto pem = wrapped->to_pem();
  if (auto written = write_output(request.file, as_bytes(pem), request.force, 0600); !written) {
    return Failure(written.error());
  }
  const auto path = std::filesystem::absolute(request.file).lexically_normal();
  Entry entry{.uri = Uri::from_path(path.string()), .label = wrapped->label, .id = wrapped->id};
  entry.shape = wrapped->public_key.shape();
  entry.public_key = wrapped->public_key;
  return entry;
}

Result<Entry> import_wrapped(const WrappedImport& request) {
  const auto wrap_key = Uri::parse(request.wrap_key);
  if (!wrap_key) return Failure(wrap_key.error());
  const auto wrapped = read_wrapped(request.file);
  if (!wrapped) return Failure(wrapped.error());
  const auto store = open_store(request.destination, request.pin);
  if (!store) return Failure(store.error());
  const auto wrapper = wrapper_of(*store);
  if (!wrapper) return Failure(wrapper.error());
  return (*wrapper)->unwrap(*wrapped, *wrap_key, request.object);
}

Result<void> refuse_wrapped(const std::string& source) {
  const auto uri = Uri::parse(source);
  if (!uri || uri->scheme() != "file") return {};
  const auto content = read_file(uri->path());
  if (!content) return {};
  const auto wrapped = WrappedKey::parse_pem(as_text(content->view()));
  if (!wrapped) return {};
  return fail(Errc::invalid_argument, fmt::format("{} holds a wrapped key", uri->path()),
              fmt::format("--wrap-key names the key that opens it; it was wrapped by {}",
                          wrapped->wrapping_key.canonical()));
}

namespace {

Result<WrappedKey> read_wrapped(const std::string& file) {
  const auto content = read_file(file);
  if (!content) return Failure(content.error());
  auto wrapped = WrappedKey::parse_pem(as_text(content->view()));
  if (wrapped) return wrapped;
  auto error = wrapped.error();
  error.message = fmt::format("cannot restore from {}: {}", file, error.message);
  return Failure(std::move(error));
}

Result<KeyWrapper*> wrapper_of(const Store& store) {
  if (auto* wrapper = store.wrapper()) return wrapper;
  return fail(Errc::unsupported,
              fmt::format("{} does not wrap keys: tokens do", store.uri().canonical()),
              "a key file is kept encrypted with --passphrase");
}

}  // namespace
}  // namespace keystore::cli
