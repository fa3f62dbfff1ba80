#include "bindings/openssl/provider/dispatch/params.h"

#include <openssl/params.h>

#include <algorithm>

namespace keystore::provider {

std::optional<std::string> text_param(const OSSL_PARAM params[], const char* name) {
  const auto* param = params ? OSSL_PARAM_locate_const(params, name) : nullptr;
  const char* text = nullptr;
  if (param == nullptr || !OSSL_PARAM_get_utf8_string_ptr(param, &text) || text == nullptr)
    return {};
  return std::string(text);
}

std::optional<Bytes> octets_param(const OSSL_PARAM params[], const char* name) {
  const auto* param = params ? OSSL_PARAM_locate_const(params, name) : nullptr;
  const void* data = nullptr;
  std::size_t size = 0;
  if (param == nullptr || !OSSL_PARAM_get_octet_string_ptr(param, &data, &size)) return {};
  const auto* octets = static_cast<const std::uint8_t*>(data);
  return Bytes(octets, octets + size);
}

std::optional<int> int_param(const OSSL_PARAM params[], const char* name) {
  const auto* param = params ? OSSL_PARAM_locate_const(params, name) : nullptr;
  int value = 0;
  if (param == nullptr || !OSSL_PARAM_get_int(param, &value)) return {};
  return value;
}

std::optional<std::size_t> size_param(const OSSL_PARAM params[], const char* name) {
  const auto* param = params ? OSSL_PARAM_locate_const(params, name) : nullptr;
  std::size_t value = 0;
  if (param == nullptr || !OSSL_PARAM_get_size_t(param, &value)) return {};
  return value;
}

bool answer_text(OSSL_PARAM params[], const char* name, const char* text) {
  auto* param = OSSL_PARAM_locate(params, name);
  return param == nullptr || OSSL_PARAM_set_utf8_string(param, text);
}

bool answer_octets(OSSL_PARAM params[], const char* name, BytesView octets) {
  auto* param = OSSL_PARAM_locate(params, name);
  return param == nullptr || OSSL_PARAM_set_octet_string(param, octets.data(), octets.size());
}

bool answer_int(OSSL_PARAM params[], const char* name, int value) {
  auto* param = OSSL_PARAM_locate(params, name);
  return param == nullptr || OSSL_PARAM_set_int(param, value);
}

bool copy_out(BytesView bytes, unsigned char* out, std::size_t* size, std::size_t capacity) {
  if (bytes.size() > capacity) return false;
  std::copy(bytes.begin(), bytes.end(), out);
  *size = bytes.size();
  return true;
}

}  // namespace keystore::provider
