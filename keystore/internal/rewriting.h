#pragma once

#include <string>

#include "keystore/file.h"

namespace keystore {

/// How the file at `path` is written anew: in its place, with the mode and the owner that it has. A
/// new file of this process where there is none.
WriteOptions rewriting(const std::string& path);

}  // namespace keystore
