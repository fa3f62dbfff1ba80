#include "bindings/openssl/tls/identity_table.h"

#include <algorithm>

namespace keystore::openssl {
namespace {

/// The first of each kind of key.
std::vector<ShownIdentityPtr> side_by_side(const std::vector<ShownIdentityPtr>& identities) {
  std::vector<ShownIdentityPtr> chosen;
  for (const auto& each : identities) {
    const bool fits =
        std::ranges::all_of(chosen, [&](const auto& other) { return each->goes_beside(*other); });
    if (fits) chosen.push_back(each);
  }
  return chosen;
}

std::vector<SignatureScheme> schemes_of(const std::vector<ShownIdentityPtr>& identities) {
  std::vector<SignatureScheme> schemes;
  for (const auto& each : identities) {
    schemes.insert(schemes.end(), each->schemes.begin(), each->schemes.end());
  }
  return schemes;
}

bool share_a_name(const ShownIdentity& a, const ShownIdentity& b) {
  return std::ranges::find_first_of(a.names, b.names) != a.names.end();
}

/// Whether `name` issued the leaf or a certificate of its chain.
bool is_above(const ShownIdentity& shown, const X509_NAME* name) {
  const auto issued_by = [&](const X509* x509) {
    return X509_NAME_cmp(X509_get_issuer_name(x509), name) == 0;
  };
  if (issued_by(shown.leaf.get())) return true;
  for (int i = 0; i < sk_X509_num(shown.chain.get()); ++i) {
    if (issued_by(sk_X509_value(shown.chain.get(), i))) return true;
  }
  return false;
}

bool is_below_any(const ShownIdentity& shown, const STACK_OF(X509_NAME) * names) {
  for (int i = 0; i < sk_X509_NAME_num(names); ++i) {
    if (is_above(shown, sk_X509_NAME_value(names, i))) return true;
  }
  return false;
}

bool contains(const std::vector<SignatureScheme>& schemes, SignatureScheme scheme) {
  return std::ranges::find(schemes, scheme) != schemes.end();
}

}  // namespace

Offer::Offer(std::vector<ShownIdentityPtr> offered)
    : identities(side_by_side(offered)),
      schemes(scheme_list(openssl::schemes_of(identities))),
      tls1_3(std::ranges::any_of(identities, [](const auto& e) { return e->signs_tls1_3(); })) {}

IdentityTable::IdentityTable(std::vector<ShownIdentityPtr> identities)
    : all_(std::move(identities)) {
  std::map<std::string, std::vector<ShownIdentityPtr>> named;
  for (const auto& each : all_) {
    for (const auto& name : each->names) named[name].push_back(each);
    if (each == all_.front() || share_a_name(*each, *all_.front())) named[""].push_back(each);
  }
  for (auto& [name, several] : named) by_name_.emplace(name, Offer(std::move(several)));
}

const Offer& IdentityTable::for_name(std::string_view name) const {
  std::string wanted(name.ends_with('.') ? name.substr(0, name.size() - 1) : name);
  std::ranges::transform(wanted, wanted.begin(), [](unsigned char c) { return std::tolower(c); });
  auto found = by_name_.find(wanted);
  if (const auto dot = wanted.find('.'); found == by_name_.end() && dot != std::string::npos) {
    found = by_name_.find("*" + wanted.substr(dot));
  }
  return found != by_name_.end() ? found->second : by_name_.find("")->second;
}

std::vector<ShownIdentityPtr> IdentityTable::for_issuers(const STACK_OF(X509_NAME) *
                                                         issuers) const {
  if (sk_X509_NAME_num(issuers) <= 0) return side_by_side(all_);
  auto fitting = all_;
  std::erase_if(fitting, [&](const auto& each) { return !is_below_any(*each, issuers); });
  // A server may list a root that our chain does not reach; it will say if it minds.
  if (fitting.empty() && !all_.empty()) fitting.push_back(all_.front());
  return side_by_side(fitting);
}

std::vector<SignatureScheme> IdentityTable::schemes_of_all() const {
  auto schemes = modern_schemes();
  std::erase_if(schemes, [&](SignatureScheme scheme) {
    return std::ranges::any_of(all_, [&](const auto& each) {
      return suits(scheme, *each) && !contains(each->schemes, scheme);
    });
  });
  return schemes;
}

bool suits(SignatureScheme scheme, const ShownIdentity& shown) {
  const auto& shape = shown.identity.key().public_key()->shape();
  const bool ecdsa = spec_of(scheme).algorithm == SignAlgorithm::ecdsa;
  if (ecdsa || shape.type == KeyType::ec) return ecdsa && shape.type == KeyType::ec;
  const auto possible = keystore::schemes_of(shape);
  return std::ranges::find(possible, scheme) != possible.end();
}

std::vector<SignatureScheme> modern_schemes() {
  using enum SignatureScheme;
  return {ecdsa_secp256r1_sha256,
          ecdsa_secp384r1_sha384,
          ecdsa_secp521r1_sha512,
          ed25519,
          ed448,
          rsa_pss_rsae_sha256,
          rsa_pss_rsae_sha384,
          rsa_pss_rsae_sha512,
          rsa_pss_pss_sha256,
          rsa_pss_pss_sha384,
          rsa_pss_pss_sha512,
          rsa_pkcs1_sha256,
          rsa_pkcs1_sha384,
          rsa_pkcs1_sha512};
}

}  // namespace keystore::openssl
