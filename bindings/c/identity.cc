#include "keystore/identity.h"

#include "bindings/c/call_limits.h"
#include "bindings/c/guard.h"
#include "bindings/c/handles.h"
#include "bindings/c/open_options.h"

namespace c = keystore::c;

namespace {

keystore::Identity find(const ks_identity::Origin& origin, bool certificates_elsewhere) {
  const auto keys = c::take(keystore::open(origin.uri, origin.open));
  if (!certificates_elsewhere) return c::take(keys.identity());
  const auto store = c::take(keystore::open(origin.certificates, origin.open));
  return c::take(store.identity_of(c::take(keys.key())));
}

}  // namespace

int32_t ks_identity_open(const char* uri, const char* certificates, const ks_open_options* options,
                         ks_identity** out) {
  return c::guard(__func__, [&] {
    const auto wanted = c::open_options(options);
    auto& place = c::require(out, "out");
    ks_identity::Origin origin{.uri = std::string(c::require_text(uri, "uri")),
                               .certificates = certificates == nullptr ? "" : certificates,
                               .open = wanted};
    auto found = find(origin, certificates != nullptr);
    place = new ks_identity(std::move(found), std::move(origin));
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
