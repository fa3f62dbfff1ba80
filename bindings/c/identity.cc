#include "keystore/identity.h"

#include "bindings/c/call_limits.h"
#include "bindings/c/guard.h"
#include "bindings/c/handles.h"
#include "bindings/c/open_options.h"

namespace c = keystore::c;

int32_t ks_identity_open(const char* uri, const char* certificates, const ks_open_options* options,
                         ks_identity** out) {
  return c::guard(__func__, [&] {
    const auto wanted = c::open_options(options);
    c::hand_out(out, [&] {
      const auto keys = c::take(keystore::open(c::require_text(uri, "uri"), wanted));
      if (certificates == nullptr) return c::take(keys.identity());
      const auto store = c::take(keystore::open(certificates, wanted));
      return c::take(store.identity_of(c::take(keys.key())));
    });
  });
}

void ks_identity_free(ks_identity* identity) { delete identity; }

int32_t ks_identity_key(const ks_identity* identity, ks_key** out) {
  return c::guard(__func__, [&] {
    c::hand_out(out, [&] { return c::require(identity, "identity").identity.key(); });
  });
}

size_t ks_identity_certificate_count(const ks_identity* identity) {
  return identity == nullptr ? 0 : identity->certificates.size();
}

const ks_certificate* ks_identity_certificate(const ks_identity* identity, size_t index) {
  return index < ks_identity_certificate_count(identity) ? &identity->certificates[index].view
                                                         : nullptr;
}

int32_t ks_identity_prove(const ks_identity* identity, uint32_t timeout_ms) {
  return c::guard(__func__, [&] {
    c::take(c::require(identity, "identity").identity.prove(c::call_limits(timeout_ms)));
  });
}
