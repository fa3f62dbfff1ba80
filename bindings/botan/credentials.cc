#include "bindings/botan/credentials.h"

#include <algorithm>

#include "bindings/botan/compat.h"
#include "bindings/botan/key.h"

namespace keystore::botan {
namespace {

struct Shown {
  std::shared_ptr<Botan::Private_Key> key;
  std::vector<Botan::X509_Certificate> chain;  ///< leaf first

  explicit Shown(const Identity& identity) : key(private_key(identity.key())) {
    chain.emplace_back(identity.leaf().der());
    for (const auto& issuer : identity.chain()) chain.emplace_back(issuer.der());
  }

  bool is_of(const std::vector<std::string>& types) const {
    return types.empty() || std::ranges::find(types, key->algo_name()) != types.end();
  }
  bool is_issued_by(const std::vector<Botan::X509_DN>& authorities) const {
    return authorities.empty() || std::ranges::any_of(chain, [&](const auto& certificate) {
             return std::ranges::find(authorities, certificate.issuer_dn()) != authorities.end();
           });
  }
};

class Credentials final : public compat::Credentials {
 public:
  Credentials(const std::vector<Identity>& identities,
              std::vector<std::shared_ptr<Botan::Certificate_Store>> trusted)
      : shown_(identities.begin(), identities.end()), trusted_(std::move(trusted)) {}

  std::vector<Botan::Certificate_Store*> trusted_certificate_authorities(
      const std::string&, const std::string&) override {
    std::vector<Botan::Certificate_Store*> lent;
    for (const auto& store : trusted_) lent.push_back(store.get());
    return lent;
  }

 private:
  std::vector<Botan::X509_Certificate> choose_chain(const std::vector<std::string>& types,
                                                    const std::vector<Botan::X509_DN>& authorities,
                                                    const std::string& role,
                                                    const std::string& host) const override {
    const auto names_host = [&](const Shown& shown) {
      return shown.chain.front().matches_dns_name(host);
    };
    // A server is asked for one type after the other: where the host is named, by whatever type,
    // the rest would be another host's.
    const bool named =
        role == "tls-server" && shown_.size() > 1 && std::ranges::any_of(shown_, names_host);
    const auto found = std::ranges::find_if(shown_, [&](const Shown& shown) {
      return shown.is_of(types) && shown.is_issued_by(authorities) && (!named || names_host(shown));
    });
    return found == shown_.end() ? std::vector<Botan::X509_Certificate>() : found->chain;
  }

  std::shared_ptr<Botan::Private_Key> key_of(const Botan::X509_Certificate& leaf) const override {
    const auto found = std::ranges::find_if(
        shown_, [&](const Shown& shown) { return shown.chain.front() == leaf; });
    return found == shown_.end() ? nullptr : found->key;
  }

  std::vector<Shown> shown_;
  std::vector<std::shared_ptr<Botan::Certificate_Store>> trusted_;
};

}  // namespace

std::unique_ptr<Botan::Credentials_Manager> credentials(
    const std::vector<Identity>& identities,
    std::vector<std::shared_ptr<Botan::Certificate_Store>> trusted) {
  return std::make_unique<Credentials>(identities, std::move(trusted));
}

}  // namespace keystore::botan
