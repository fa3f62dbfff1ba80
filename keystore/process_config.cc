#include <atomic>
#include <memory>

#include "keystore/config.h"
#include "keystore/internal/log_writer.h"

namespace keystore {

namespace {

using Outcome = Result<std::shared_ptr<const Config>>;

// Threads that come first at once all read, and one of them wins: nothing waits, so a fork or a
// log line in the middle of reading cannot get stuck.
constinit std::atomic<const Outcome*> kept = nullptr;

Outcome read_config();

}  // namespace

Result<std::shared_ptr<const Config>> process_config() {
  if (const auto* outcome = kept.load(std::memory_order_acquire)) return *outcome;
  auto fresh = std::make_unique<const Outcome>(read_config());
  const Outcome* first = nullptr;
  if (!kept.compare_exchange_strong(first, fresh.get(), std::memory_order_acq_rel)) return *first;
  return *fresh.release();
}

namespace {

Outcome read_config() {
  const auto path = Config::default_path();
  if (path.empty()) return std::make_shared<const Config>();
  auto config = Config::load(path);
  if (!config) return Failure(config.error());
  keep_log_open(config->log);
  return std::make_shared<const Config>(std::move(*config));
}

}  // namespace

}  // namespace keystore
