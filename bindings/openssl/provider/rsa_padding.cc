#include "bindings/openssl/provider/rsa_padding.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <charconv>
#include <span>
#include <string>

#include "bindings/openssl/provider/dispatch/params.h"

namespace keystore::provider {
namespace {

struct Word {
  int number;
  const char* text;
};

constexpr Word paddings[] = {{RSA_NO_PADDING, OSSL_PKEY_RSA_PAD_MODE_NONE},
                             {RSA_PKCS1_PADDING, OSSL_PKEY_RSA_PAD_MODE_PKCSV15},
                             {RSA_PKCS1_OAEP_PADDING, OSSL_PKEY_RSA_PAD_MODE_OAEP},
                             {RSA_PKCS1_OAEP_PADDING, "oeap"},  // libcrypto's old misspelling
                             {RSA_X931_PADDING, OSSL_PKEY_RSA_PAD_MODE_X931},
                             {RSA_PKCS1_PSS_PADDING, OSSL_PKEY_RSA_PAD_MODE_PSS}};

constexpr Word salts[] = {{RSA_PSS_SALTLEN_DIGEST, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST},
                          {RSA_PSS_SALTLEN_MAX, OSSL_PKEY_RSA_PSS_SALT_LEN_MAX},
                          {RSA_PSS_SALTLEN_AUTO, OSSL_PKEY_RSA_PSS_SALT_LEN_AUTO}};

std::optional<int> number_of(std::span<const Word> words, const std::string& text) {
  for (const auto& word : words) {
    if (text == word.text) return word.number;
  }
  return std::nullopt;
}

const char* text_of(std::span<const Word> words, int number) {
  for (const auto& word : words) {
    if (number == word.number) return word.text;
  }
  return nullptr;
}

bool answer(OSSL_PARAM* param, std::span<const Word> words, int number) {
  if (param == nullptr) return true;
  if (param->data_type != OSSL_PARAM_UTF8_STRING) return OSSL_PARAM_set_int(param, number);
  const auto* word = text_of(words, number);
  return OSSL_PARAM_set_utf8_string(param, word ? word : std::to_string(number).c_str());
}

}  // namespace

std::optional<int> padding_param(const OSSL_PARAM params[]) {
  const auto text = text_param(params, OSSL_PKEY_PARAM_PAD_MODE);
  return text ? number_of(paddings, *text) : int_param(params, OSSL_PKEY_PARAM_PAD_MODE);
}

std::optional<int> salt_param(const OSSL_PARAM params[]) {
  const auto text = text_param(params, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN);
  if (!text) return int_param(params, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN);
  if (const auto word = number_of(salts, *text)) return word;
  int number = 0;
  const auto* end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, number);
  return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

bool answer_padding(OSSL_PARAM params[], int padding) {
  return answer(OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_PAD_MODE), paddings, padding);
}

bool answer_salt(OSSL_PARAM params[], int salt) {
  return answer(OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_RSA_PSS_SALTLEN), salts, salt);
}

}  // namespace keystore::provider
