#include "backends/pkcs11/token_link.h"

#include "backends/pkcs11/module.h"

namespace keystore::pkcs11 {

/// One accepted PIN and those before it, which readers may still look at.
struct TokenLink::Kept {
  std::shared_ptr<const AcceptedPin> pin;
  std::unique_ptr<const Kept> before;
};

TokenLink::TokenLink(const Library& library, TokenIdentity identity, Uri uri, OpenOptions options)
    : library_(library),
      identity_(std::move(identity)),
      uri_(std::move(uri)),
      options_(std::move(options)) {}

TokenLink::~TokenLink() { const std::unique_ptr<const Kept> all(kept_.load()); }

Token& TokenLink::token() const {
  return ProcessState::current().module(library_).token(identity_);
}

bool TokenLink::has_pin_source() const noexcept {
  return kept_.load() != nullptr || uri_.query_attribute("pin-value") ||
         uri_.query_attribute("pin-source") || options_.pin_source || options_.pin;
}

bool TokenLink::person_types() const {
  const auto typed = [](const SecretSource& source) {
    return source.kind() == SecretSource::Kind::prompt;
  };
  if (uri_.query_attribute("pin-value")) return false;
  if (const auto text = uri_.query_attribute("pin-source")) {
    const auto source = SecretSource::parse_attribute(*text);
    return source && typed(*source);
  }
  if (options_.pin_source) return typed(*options_.pin_source);
  // Behind a reference stands a PIN that was read when it was loaded.
  return options_.pin && options_.origin == UriOrigin::caller;
}

std::shared_ptr<const AcceptedPin> TokenLink::accepted_pin() const noexcept {
  const auto* kept = kept_.load(std::memory_order_acquire);
  return kept == nullptr ? nullptr : kept->pin;
}

void TokenLink::keep_pin(std::shared_ptr<const AcceptedPin> pin) const {
  if (pin == nullptr || accepted_pin() == pin) return;
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
