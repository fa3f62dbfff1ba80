#pragma once

#include <string>

#include "keystore/secret_source.h"
#include "keystore/verify/check.h"

namespace keystore::verify::doctor {

/// Whether a PIN source that was written down can be read by this process, and by nobody else.
/// Those that ask, or that can be read only once, are left alone. False: it cannot be read.
/// `whose`: "pkcs11:token=web".
bool judge_pin_source(const SecretSource& source, const std::string& whose, TargetReport& report);
/// That of a URI, where it names one.
bool judge_pin_source(const Uri& uri, TargetReport& report);

/// What a store said about the PIN that it was given. False: `error` is about something else.
bool judge_pin_error(const Error& error, TargetReport& report);

}  // namespace keystore::verify::doctor
