#include "bindings/openssl/x509/alternative_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "keystore/internal/openssl_error.h"

namespace keystore::openssl {
namespace {

using GeneralNamePtr = std::unique_ptr<GENERAL_NAME, FreeWith<GENERAL_NAME_free>>;

Result<GeneralNamePtr> parse_one(const std::string& name);

}  // namespace

Result<GeneralNamesPtr> parse_alternative_names(std::span<const std::string> names) {
  const OpensslErrorMark mark;
  GeneralNamesPtr all(sk_GENERAL_NAME_new_null());
  for (const auto& name : names) {
    auto one = parse_one(name);
    if (!one) return Failure(one.error());
    if (sk_GENERAL_NAME_push(all.get(), one->get()) == 0) throw std::bad_alloc();
    (void)one->release();
  }
  return all;
}

bool is_host_name(std::string_view text) noexcept {
  if (text.starts_with("*.")) text.remove_prefix(2);
  if (text.empty() || text.size() > 253 || text.find("..") != text.npos) return false;
  if (text.front() == '.' || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

namespace {

bool is_printable_ascii(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<GeneralNamePtr> parse_one(const std::string& name) {
  struct Row {
    std::string_view word;
    int type;
  };
  constexpr Row rows[] = {
      {"dns:", GEN_DNS}, {"ip:", GEN_IPADD}, {"email:", GEN_EMAIL}, {"uri:", GEN_URI}};
  const auto* const row = std::find_if(std::begin(rows), std::end(rows),
                                       [&](const Row& r) { return name.starts_with(r.word); });
  if (row == std::end(rows)) {
    return fail(Errc::invalid_argument, fmt::format("'{}' is no alternative name", name),
                "say dns:NAME, ip:ADDRESS, email:ADDRESS or uri:URI");
  }
  const auto value = name.substr(row->word.size());
  const bool good = row->type == GEN_DNS ? is_host_name(value) : is_printable_ascii(value);
  GeneralNamePtr made(
      good ? a2i_GENERAL_NAME(nullptr, nullptr, nullptr, row->type, value.c_str(), 0) : nullptr);
  if (made) return made;
  return fail(Errc::invalid_argument, fmt::format("'{}' is not well formed", name),
              row->type == GEN_DNS ? "names outside ASCII are written in their xn-- form" : "");
}

}  // namespace
}  // namespace keystore::openssl
