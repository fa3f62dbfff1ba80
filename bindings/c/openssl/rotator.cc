#include "bindings/openssl/tls/rotator.h"

#include "bindings/c/flat_entry.h"
#include "bindings/c/guard.h"
#include "bindings/c/ks_openssl.h"

namespace c = keystore::c;
namespace tls = keystore::openssl;

struct ks_rotator {
  tls::Rotator rotator;
};

namespace {

constexpr ks_rotator_options default_options = KS_ROTATOR_OPTIONS_INIT;

std::function<void(const tls::RotationReport&)> reporter(const ks_rotator_options& options) {
  if (options.report == nullptr) return {};
  return [report = options.report, user = options.user](const tls::RotationReport& told) {
    std::optional<c::FlatError> error;
    std::optional<c::FlatCertificate> leaf;
    if (told.error) error.emplace(*told.error);
    if (told.leaf) leaf.emplace(*told.leaf);
    const ks_rotation_report flat = {.source = told.source.c_str(),
                                     .error = error ? &error->view : nullptr,
                                     .leaf = leaf ? &leaf->view : nullptr};
    report(user, &flat);
  };
}

tls::RotationOptions options_of(const ks_rotator_options* given) {
  const auto options = c::read_sized(given, default_options, "options");
  tls::RotationOptions made{.report = reporter(options)};
  if (options.settle_ms != 0) made.settle = std::chrono::milliseconds(options.settle_ms);
  if (options.poll_ms != 0) made.poll = std::chrono::milliseconds(options.poll_ms);
  return made;
}

}  // namespace

int32_t ks_rotator_start(ssl_ctx_st* context, ks_rotator** out) {
  return ks_rotator_start_with(context, nullptr, out);
}

int32_t ks_rotator_start_with(ssl_ctx_st* context, const ks_rotator_options* options,
                              ks_rotator** out) {
  return c::guard(__func__, [&] {
    c::require(context, "context");
    auto& place = c::require(out, "out");
    place = new ks_rotator{c::take(tls::Rotator::start(context, options_of(options)))};
  });
}

void ks_rotator_free(ks_rotator* rotator) { delete rotator; }

void ks_rotator_check(ks_rotator* rotator) {
  c::guard(__func__, [&] { c::require(rotator, "rotator").rotator.check(); });
}
