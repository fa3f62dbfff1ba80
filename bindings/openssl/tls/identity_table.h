#pragma once

#include <openssl/ssl.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/openssl/tls/shown_identity.h"

namespace keystore::openssl {

/// Identities that one connection offers side by side, and what their keys allow.
struct Offer {
  std::vector<ShownIdentityPtr> identities = {};
  std::string schemes = {};  ///< as SSL_set1_sigalgs_list takes it
  bool tls1_3 = false;

  explicit Offer(std::vector<ShownIdentityPtr> offered);
};

/// The identities of a context and how connections choose among them. Immutable; any thread.
class IdentityTable {
 public:
  explicit IdentityTable(std::vector<ShownIdentityPtr> identities);

  const std::vector<ShownIdentityPtr>& all() const noexcept { return all_; }

  /// For a client that asks for `name`, empty where it names none. Borrowed. There must be an
  /// identity.
  const Offer& for_name(std::string_view name) const;
  /// For a server that lists these issuers; null or empty: any.
  std::vector<ShownIdentityPtr> for_issuers(const STACK_OF(X509_NAME) * issuers) const;
  /// What every client certificate may be signed with: for each type of key among the identities,
  /// what all of them can; every scheme for the other types.
  std::vector<SignatureScheme> schemes_of_all() const;

 private:
  std::vector<ShownIdentityPtr> all_;
  std::map<std::string, Offer, std::less<>> by_name_;  ///< "www.example.org", "*.example.org", ""
};

/// Whether a key of that type might sign so, were it not for its token.
bool suits(SignatureScheme scheme, const ShownIdentity& shown);

/// Every scheme that we take from peers, best first: none with SHA-1.
std::vector<SignatureScheme> modern_schemes();

}  // namespace keystore::openssl
