#pragma once

#include <string>

#include "keystore/bytes.h"
#include "keystore/result.h"

namespace keystore::cli {

/// The whole of FILE, or of standard input for "-". Nothing secret. Errors: as error_from_errno.
Result<Bytes> read_input(const std::string& file);
/// Writes to standard output for "-", else a file whole or not at all; `force` replaces one that is
/// there and keeps a backup. Errors: as write_file.
Result<void> write_output(const std::string& file, BytesView content, bool force,
                          unsigned mode = 0644);

}  // namespace keystore::cli
