#include <array>
#include <utility>

#include "keystore/verify/verify.h"

namespace keystore::verify {
namespace {

template <class T, std::size_t N>
using Words = std::array<std::pair<std::string_view, T>, N>;

constexpr Words<Profile, 2> profiles = {
    {{"rfc5280", Profile::rfc5280}, {"webpki", Profile::webpki}}};
constexpr Words<CrlCheck, 3> crl_checks = {
    {{"none", CrlCheck::none}, {"leaf", CrlCheck::leaf}, {"chain", CrlCheck::chain}}};

template <class T, std::size_t N>
Result<T> parse(std::string_view what, const Words<T, N>& words, std::string_view text) {
  std::string known;
  for (const auto& [word, value] : words) {
    if (word == text) return value;
    known += known.empty() ? "" : ", ";
    known += word;
  }
  return fail(Errc::invalid_argument,
              "there is no " + std::string(what) + " '" + std::string(text) + "'",
              "use one of " + known);
}

}  // namespace

Result<Profile> parse_profile(std::string_view text) { return parse("profile", profiles, text); }
Result<CrlCheck> parse_crl_check(std::string_view text) {
  return parse("CRL check", crl_checks, text);
}

}  // namespace keystore::verify
