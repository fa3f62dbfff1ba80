#include <algorithm>

#include "keystore/verify/internal/fetcher_state.h"

namespace keystore::verify {
namespace {

constexpr auto longest_kept = std::chrono::hours(24);
constexpr auto failure_kept = std::chrono::minutes(1);
constexpr std::size_t most_octets_kept = 64U << 20;

}  // namespace

Fetcher::Fetcher(const FetchOptions& options) : state_(std::make_unique<State>(options)) {}
Fetcher::Fetcher(Fetcher&& other) noexcept = default;
Fetcher& Fetcher::operator=(Fetcher&& other) noexcept = default;
Fetcher::~Fetcher() = default;

void Fetcher::State::begin() {
  failures.clear();
  requests_left_ = options.requests;
  deadline_ = std::chrono::steady_clock::now() + options.whole_timeout;
}

const Bytes* Fetcher::State::get(const HttpRequest& request, std::chrono::sys_seconds at,
                                 const Lifetime& lifetime) {
  const auto name = request.url + '\n' + std::string(as_text(request.body));
  auto found = kept_.find(name);
  if (found == kept_.end() || found->second.end < at) {
    if (octets_ > most_octets_kept) {
      kept_.clear();
      octets_ = 0;
    }
    found = kept_.insert_or_assign(name, ask(request, at, lifetime)).first;
    if (found->second.body) octets_ += found->second.body->size();
  }
  const auto& body = found->second.body;
  if (body) return &*body;
  failures.push_back(body.error());
  return nullptr;
}

Fetcher::State::Kept Fetcher::State::ask(const HttpRequest& request, std::chrono::sys_seconds at,
                                         const Lifetime& lifetime) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline_ - std::chrono::steady_clock::now());
  if (requests_left_ == 0 || left.count() <= 0) {
    const auto* bound = requests_left_ == 0 ? "requests" : "time";
    // Not kept: the next verify() has bounds of its own.
    return {fail(Errc::timed_out,
                 "cannot fetch " + request.url + ": the bound on " + bound + " is reached"),
            {}};
  }
  --requests_left_;
  auto body = http(request, {.timeout = std::min(options.timeout, left),
                             .most_octets = options.most_octets,
                             .redirects = options.redirects,
                             .allow_private_addresses = options.allow_private_addresses});
  if (!body) return {std::move(body), at + failure_kept};
  const auto end = lifetime(*body);
  if (end) return {std::move(body), std::min(*end, at + longest_kept)};
  return {fail(end.error().code, "what is at " + request.url + " " + end.error().message),
          at + failure_kept};
}

}  // namespace keystore::verify
