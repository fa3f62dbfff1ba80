#include "backends/pem/edit.h"

#include <algorithm>

namespace keystore::pem {
namespace {

/// Its parameters belong to a key.
std::size_t begin_of(const Block& block) {
  return block.parameters.empty() ? block.begin : block.parameters.front().begin;
}

}  // namespace

Secret joined(std::string_view before, BytesView block, std::string_view after) {
  Secret text(before.size() + block.size() + after.size());
  auto out = std::ranges::copy(before, text.writable().begin()).out;
  out = std::ranges::copy(block, out).out;
  std::ranges::copy(after, out);
  return text;
}

Secret replace_object(const ObjectFile& file, std::size_t object, const Secret& block) {
  const Block& old = file.objects()[object];
  const auto begin = begin_of(old);
  return joined(file.text().substr(0, begin), block.view(), file.text().substr(old.end));
}

Secret add_first(const ObjectFile& file, const Secret& block) {
  if (file.objects().empty()) return add_last(file, block);
  const auto begin = begin_of(file.objects().front());
  return joined(file.text().substr(0, begin), block.view(), file.text().substr(begin));
}

Secret add_last(const ObjectFile& file, const Secret& block) {
  const auto text = file.text();
  if (text.empty() || text.ends_with('\n')) return joined(text, block.view(), {});
  const Secret with_line_end = joined(text, as_bytes("\n"), {});
  return joined(as_text(with_line_end.view()), block.view(), {});
}

Secret without_object(const ObjectFile& file, std::size_t object) {
  const Block& old = file.objects()[object];
  Secret rest = joined(file.text().substr(0, begin_of(old)), {}, file.text().substr(old.end));
  const bool blank =
      as_text(rest.view()).find_first_not_of(" \t\r\n\xef\xbb\xbf") == std::string_view::npos;
  return blank ? Secret{} : std::move(rest);
}

}  // namespace keystore::pem
