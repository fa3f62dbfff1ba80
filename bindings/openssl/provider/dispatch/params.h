#pragma once

#include <openssl/core.h>

#include <cstddef>
#include <optional>
#include <string>

#include "keystore/bytes.h"

namespace keystore::provider {

/// Parameters that OpenSSL hands over, by name; not set where it gave none of that kind.
std::optional<std::string> text_param(const OSSL_PARAM params[], const char* name);
std::optional<Bytes> octets_param(const OSSL_PARAM params[], const char* name);
std::optional<int> int_param(const OSSL_PARAM params[], const char* name);
std::optional<std::size_t> size_param(const OSSL_PARAM params[], const char* name);

/// Answers to parameters that OpenSSL asks for; nothing happens where it does not ask. False when
/// the answer does not fit.
bool answer_text(OSSL_PARAM params[], const char* name, const char* text);
bool answer_octets(OSSL_PARAM params[], const char* name, BytesView octets);
bool answer_int(OSSL_PARAM params[], const char* name, int value);

/// Copies a result into OpenSSL's buffer. False when it is too small.
bool copy_out(BytesView bytes, unsigned char* out, std::size_t* size, std::size_t capacity);

}  // namespace keystore::provider
