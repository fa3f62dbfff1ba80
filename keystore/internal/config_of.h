#pragma once

#include <memory>

#include "keystore/backend.h"

namespace keystore {

/// The configuration that `options` hold, else the process's. Errors: as process_config().
inline Result<std::shared_ptr<const Config>> config_of(const OpenOptions& options) {
  if (options.config != nullptr) return options.config;
  return process_config();
}

}  // namespace keystore
