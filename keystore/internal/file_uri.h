#pragma once

#include <optional>
#include <string>

#include "keystore/result.h"
#include "keystore/uri.h"

namespace keystore {

/// What a `file:` or `pfx:` URI names.
struct FileUri {
  std::string path = {};                  ///< absolute
  std::optional<std::size_t> index = {};  ///< of one object in the file, from 0 on
};

/// Errors: invalid_argument (no path, an attribute that such URIs do not have, index).
Result<FileUri> parse_file_uri(const Uri& uri);

/// The `pfx:` URI of `path`, which is taken as it is.
Uri pfx_uri(const std::string& path);

}  // namespace keystore
