#include "keystore/verify/internal/http.h"

#include <curl/curl.h>
#include <unistd.h>

#include <memory>

#include "keystore/verify/internal/public_address.h"

namespace keystore::verify {
namespace {

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// What the callbacks of one transfer share.
struct Transfer {
  const HttpBounds& bounds;
  Bytes body = {};
  bool too_large = false;
  bool not_public = false;
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  const auto octets = size * count;
  self.too_large = octets > self.bounds.most_octets - self.body.size();
  if (self.too_large) return 0;
  self.body.insert(self.body.end(), data, data + octets);
  return octets;
}

curl_socket_t open_socket(void* transfer, curlsocktype, curl_sockaddr* address) {
  auto& self = *static_cast<Transfer*>(transfer);
  if (!self.bounds.allow_private_addresses && !is_public_address(address->addr)) {
    self.not_public = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool start_curl() {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return started;
}

/// Whether libcurl keeps all of it: without one of these, a request could go anywhere.
bool set_up(CURL* easy, const HttpRequest& request, Transfer& transfer) {
  const auto& bounds = transfer.bounds;
  bool kept = true;
  const auto set = [easy, &kept](CURLoption option, auto value) {
    kept = curl_easy_setopt(easy, option, value) == CURLE_OK && kept;
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, bounds.redirects > 0 ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, static_cast<long>(bounds.redirects));
  set(CURLOPT_POSTREDIR, static_cast<long>(CURL_REDIR_POST_ALL));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(bounds.timeout.count()));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROXY, "");  // a proxy would connect for us, to where it likes
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_USERAGENT, "keystore");
  set(CURLOPT_WRITEFUNCTION, take);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&transfer));
  if (request.body.empty()) return kept;
  set(CURLOPT_POST, 1L);
  set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
  set(CURLOPT_POSTFIELDS, reinterpret_cast<const char*>(request.body.data()));
  return kept;
}

Failure failed(CURL* easy, CURLcode code, const HttpRequest& request, const Transfer& transfer) {
  const auto because = [&](Errc errc, const std::string& why, std::string hint = {}) {
    return fail(errc, "cannot fetch " + request.url + ": " + why, std::move(hint));
  };
  if (transfer.not_public) {
    return because(Errc::refused_by_policy, "it leads to an address that is not public",
                   "--allow-private-addresses lets it");
  }
  if (transfer.too_large) {
    return because(Errc::malformed, "the answer is larger than " +
                                        std::to_string(transfer.bounds.most_octets) + " octets");
  }
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return because(Errc::timed_out, "there was no whole answer in " +
                                          std::to_string(transfer.bounds.timeout.count()) + " ms");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return because(Errc::invalid_argument, "it is not an http or https URL");
    case CURLE_TOO_MANY_REDIRECTS:
      return because(Errc::unavailable, "it leads elsewhere again and again");
    case CURLE_HTTP_RETURNED_ERROR:
      return because(Errc::unavailable, "the server answers with status " + std::to_string(status));
    default:
      return because(Errc::unavailable, curl_easy_strerror(code));
  }
}

}  // namespace

Result<Bytes> http(const HttpRequest& request, const HttpBounds& bounds) {
  const std::unique_ptr<CURL, FreeEasy> easy(start_curl() ? curl_easy_init() : nullptr);
  if (!easy) return fail(Errc::internal, "libcurl does not start");
  Transfer transfer{bounds};
  if (!set_up(easy.get(), request, transfer)) {
    return fail(Errc::internal, "this libcurl does not take what bounds a request");
  }
  const auto type = "Content-Type: " + request.content_type;
  const std::unique_ptr<curl_slist, FreeList> headers(
      request.content_type.empty() ? nullptr : curl_slist_append(nullptr, type.c_str()));
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  const auto code = curl_easy_perform(easy.get());
  if (code != CURLE_OK) return failed(easy.get(), code, request, transfer);
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  constexpr long ok = 200;
  if (status != ok) {
    return fail(Errc::unavailable, "cannot fetch " + request.url +
                                       ": the server answers with status " +
                                       std::to_string(status));
  }
  return std::move(transfer.body);
}

}  // namespace keystore::verify
