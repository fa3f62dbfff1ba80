#include "keystore/internal/temporary_folder.h"

#include <stdlib.h>

namespace keystore {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::error_code error;
  auto name = (fs::temp_directory_path(error) / "keystore-XXXXXX").string();
  if (::mkdtemp(name.data()) != nullptr) path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
}

}  // namespace keystore
