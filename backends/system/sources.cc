#include "backends/system/sources.h"

#include <algorithm>

#include "backends/system/certdata.h"
#include "keystore/file.h"
#include "keystore/internal/trust_file.h"

namespace keystore::system {
namespace {

void add(Result<Listing<TrustAnchor>> read, Listing<TrustAnchor>& found) {
  if (!read) {
    found.skipped.push_back(std::move(read.error()));
    return;
  }
  std::ranges::move(read->items, std::back_inserter(found.items));
  std::ranges::move(read->skipped, std::back_inserter(found.skipped));
}

}  // namespace

void add_file(const std::string& path, Listing<TrustAnchor>& found) {
  const auto content = read_file(path);
  if (!content) {
    found.skipped.push_back(content.error());
  } else {
    add(read_trust_file(path, content->view()), found);
  }
}

void add_certdata(const std::string& path, Listing<TrustAnchor>& found) {
  const auto content = read_file(path);
  if (!content) {
    found.skipped.push_back(content.error());
  } else {
    add(read_certdata(path, as_text(content->view())), found);
  }
}

}  // namespace keystore::system
