#pragma once

#include <string>

#include "keystore/verify/check.h"

namespace keystore::verify::doctor {

enum class ModuleState {
  sound,
  broken,     ///< cannot be loaded
  dangerous,  ///< crashes, or does not return
};

/// Whether the module may be loaded, loads and answers, tried in a child process first; says so in
/// `report` where not. `severity`: of what is found.
ModuleState judge_module(const std::string& path, Severity severity, const CheckOptions& options,
                         TargetReport& report);

/// `pkcs11:` for the tokens of one module.
Uri module_uri(const std::string& path);

}  // namespace keystore::verify::doctor
