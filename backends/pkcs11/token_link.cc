#include "backends/pkcs11/token_link.h"

#include <fmt/format.h>

#include <utility>

#include "backends/pkcs11/module.h"

namespace keystore::pkcs11 {
/// One PIN and those before it, which readers may still look at.
struct TokenLink::Kept {
  std::shared_ptr<const HeldPin> pin;
  std::unique_ptr<const Kept> before;
};

TokenLink::TokenLink(const Library& library, TokenIdentity identity, Uri uri, OpenOptions options,
                     Namesakes namesakes)
    : library_(library),
      identity_(std::move(identity)),
      uri_(std::move(uri)),
      options_(std::move(options)),
      namesakes_(namesakes),
      // Tried first, and no answer of the source any more when that is asked.
      given_(std::exchange(options_.held_pin, nullptr)),
      states_pin_(pin_is_stated(uri_, options_)) {
  if (!namesakes_.pin) keep_pin(given_);
}

TokenLink::~TokenLink() { const std::unique_ptr<const Kept> all(kept_.load()); }

Token& TokenLink::token() const {
  return ProcessState::current().module(library_).token(identity_);
}

bool TokenLink::has_pin_source() const {
  return known_pin() != nullptr || (origin() != PinOrigin::nobody && check_whose_pin());
}

bool TokenLink::person_types() const {
  return origin() == PinOrigin::person || origin() == PinOrigin::callback;
}

Result<void> TokenLink::check_whose_pin() const {
  const bool same_for_all = origin() == PinOrigin::once || origin() == PinOrigin::again;
  if (!namesakes_.pin || !same_for_all) return {};
  return fail(Errc::ambiguous,
              fmt::format("cannot log in to token '{}': several tokens fit {}, and one PIN is not "
                          "shown to all of them",
                          identity_.label, uri_.canonical()),
              "name the token in the URI, with its serial where labels are the same");
}

PinRequest TokenLink::request(PinRequest::What what) const {
  return {.what = what,
          .object = identity_.label,
          .serial = namesakes_.label ? identity_.serial : std::string()};
}

bool TokenLink::keeps_pin() const noexcept {
  return options_.config == nullptr || options_.config->policy.pin_cache == PinCache::memory;
}

std::shared_ptr<const HeldPin> TokenLink::known_pin() const noexcept {
  const auto* kept = kept_.load(std::memory_order_acquire);
  return kept == nullptr || kept->pin->forgotten() ? nullptr : kept->pin;
}

std::optional<Secret> TokenLink::stated_pin() const {
  if (!states_pin()) return std::nullopt;
  auto pin = read_pin(uri_, options_, request(PinRequest::What::token_pin));
  return pin ? std::optional(*std::move(pin)) : std::nullopt;
}

bool TokenLink::pin_was_refused() const noexcept {
  const auto* kept = kept_.load(std::memory_order_acquire);
  return (kept != nullptr && kept->pin->refused()) || (given_ != nullptr && given_->refused());
}

void TokenLink::keep_pin(std::shared_ptr<const HeldPin> pin) const {
  if (pin == nullptr || pin->forgotten() || known_pin() == pin) return;
  auto kept = std::make_unique<Kept>();
  kept->pin = std::move(pin);
  const auto* before = kept_.load();
  do {
    static_cast<void>(kept->before.release());
    kept->before.reset(before);
  } while (!kept_.compare_exchange_weak(before, kept.get()));
  static_cast<void>(kept.release());
}

}  // namespace keystore::pkcs11
