#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "keystore/api.h"
#include "keystore/verify/verify.h"

namespace keystore::verify {

/// What may be got from the network, and the bounds of that. Certificates of strangers name the
/// places, so only http and https are spoken, redirects are few, and nobody's own network is
/// reached. Proxies of the environment are not used.
struct FetchOptions {
  bool issuers = false;  ///< missing intermediates (AIA caIssuers: RFC 5280, 4.2.2.1)
  bool ocsp = false;     ///< the responder that the certificate names (AIA: RFC 6960, 3.1)
  bool crls = false;     ///< distribution points (RFC 5280, 4.2.1.13)
  bool ocsp_nonce =
      false;  ///< send one, and take no response without it; many responders have none
  /// Loopback, private, link-local and other addresses that are not public (RFC 6890), checked when
  /// the connection is made, so for redirects and for what a name resolves to as well.
  bool allow_private_addresses = false;
  std::chrono::milliseconds timeout = std::chrono::seconds(5);         ///< of one request
  std::chrono::milliseconds whole_timeout = std::chrono::seconds(20);  ///< of one verify()
  std::size_t most_octets = 10U << 20;                                 ///< of one answer
  unsigned redirects = 3;
  unsigned requests = 20;  ///< of one verify()
};

/// Gets such things and keeps them as long as they are in force, a day at most; failures for a
/// minute. For one thread.
class KEYSTORE_API Fetcher {
 public:
  explicit Fetcher(const FetchOptions& options);
  Fetcher(Fetcher&& other) noexcept;
  Fetcher& operator=(Fetcher&& other) noexcept;
  ~Fetcher();

  struct State;
  State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// As verify() of verify.h, with what is missing got from the network as the Fetcher's options say.
/// Revocation is asked about where `options.crl_check` says. What could not be had is in
/// Verdict::not_fetched; it is an error only where the path needs it.
KEYSTORE_API Result<Verdict> verify(const Certificate& target, const Material& material,
                                    const Trust& trust, const VerifyOptions& options,
                                    std::chrono::sys_seconds at, Fetcher& fetcher);

}  // namespace keystore::verify
