#pragma once

#include "keystore/verify/check.h"

namespace keystore::verify::doctor {

/// Whether the machine is set up: the configuration, its modules and the tokens in them, what can
/// be seen of its identities without a login, and OpenSSL's configuration.
void judge_installation(const CheckOptions& options, std::chrono::sys_seconds at,
                        TargetReport& report);

/// Whether programs that read OpenSSL's configuration ($OPENSSL_CONF, else the system's) get our
/// provider, after `default`.
void judge_provider(const CheckOptions& options, TargetReport& report);

}  // namespace keystore::verify::doctor
