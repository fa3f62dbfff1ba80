#include <openssl/crypto.h>

#include "bindings/c/guard.h"
#include "bindings/c/ks.h"
#include "keystore/log.h"

namespace c = keystore::c;

static_assert(static_cast<int>(keystore::LogLevel::error) == KS_LOG_ERROR);
static_assert(static_cast<int>(keystore::LogLevel::warning) == KS_LOG_WARNING);
static_assert(static_cast<int>(keystore::LogLevel::info) == KS_LOG_INFO);
static_assert(static_cast<int>(keystore::LogLevel::debug) == KS_LOG_DEBUG);

int32_t ks_abi_version() { return KS_ABI_VERSION; }

const char* ks_version() { return KEYSTORE_VERSION; }

void ks_wipe(void* data, size_t size) {
  if (data != nullptr) OPENSSL_cleanse(data, size);
}

void ks_set_log_sink(ks_log_callback sink, void* user) {
  c::guard(__func__, [&] {
    if (sink == nullptr) return keystore::set_log_sink({});
    keystore::set_log_sink([sink, user](keystore::LogLevel level, std::string_view line) {
      sink(user, static_cast<std::int32_t>(level), std::string(line).c_str());
    });
  });
}
