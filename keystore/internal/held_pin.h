#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "keystore/secret.h"

namespace keystore {

/// A PIN in hand, for the logins to come: read when its key was loaded, or taken by a token. Wiped
/// when its last holder goes or when it is forgotten; whoever is using it at that moment wipes it
/// afterwards. Without locks, so that a forked child goes on with what it inherited. Any thread.
class HeldPin {
 public:
  explicit HeldPin(Secret pin) noexcept : pin_(std::move(pin)) {}

  /// What `use(BytesView)` returns; not set when the PIN is forgotten.
  template <class Use>
  std::optional<std::invoke_result_t<Use, BytesView>> use(const Use& use) const {
    if (!enter()) return std::nullopt;
    const Leave leave{*this};
    return use(pin_.view());
  }
  std::optional<Secret> copy() const {
    return use([](BytesView pin) { return Secret::copy_of(pin); });
  }
  /// A token took it: that was its PIN at least once.
  void accept() const noexcept { accepted_ = true; }
  bool accepted() const noexcept { return accepted_.load(); }
  /// A token did not take it. Forgotten, and known for that.
  void refuse() const noexcept {
    refused_ = true;
    forget();
  }
  bool refused() const noexcept { return refused_.load(); }
  /// For good.
  void forget() const noexcept {
    if (state_.fetch_or(gone) == 0) pin_.wipe();
  }
  bool forgotten() const noexcept { return (state_.load() & gone) != 0; }

 private:
  static constexpr std::uint32_t gone = 1U << 31;
  struct Leave {
    const HeldPin& pin;
    ~Leave() {
      if (pin.state_.fetch_sub(1) == (gone | 1)) pin.pin_.wipe();
    }
  };
  bool enter() const noexcept {
    auto seen = state_.load();
    do {
      if ((seen & gone) != 0) return false;
    } while (!state_.compare_exchange_weak(seen, seen + 1));
    return true;
  }

  mutable std::atomic<std::uint32_t> state_ = 0;  ///< `gone`, and how many are using it
  mutable std::atomic<bool> accepted_ = false;
  mutable std::atomic<bool> refused_ = false;
  mutable Secret pin_;
};

}  // namespace keystore
