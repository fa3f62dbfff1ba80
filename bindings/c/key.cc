#include "keystore/key.h"

#include "bindings/c/buffer.h"
#include "bindings/c/call_limits.h"
#include "bindings/c/guard.h"
#include "bindings/c/handles.h"
#include "bindings/c/key_specs.h"
#include "bindings/c/open_options.h"

namespace c = keystore::c;

namespace {

keystore::KeyShape shape_of(const ks_key& key) {
  return key.entry.shape.value_or(keystore::KeyShape());
}

}  // namespace

int32_t ks_key_open(const char* uri, const ks_open_options* options, ks_key** out) {
  return c::guard(__func__, [&] {
    const auto wanted = c::open_options(options);
    c::hand_out(out, [&] {
      return c::take(c::take(keystore::open(c::require_text(uri, "uri"), wanted)).key());
    });
  });
}

void ks_key_free(ks_key* key) { delete key; }

const ks_entry* ks_key_entry(const ks_key* key) {
  return key == nullptr ? nullptr : &key->entry.view;
}

const uint16_t* ks_key_schemes(const ks_key* key, size_t* count) {
  if (count != nullptr) *count = key == nullptr ? 0 : key->schemes.size();
  return key == nullptr ? nullptr : key->schemes.data();
}

int32_t ks_key_sign(const ks_key* key, uint16_t scheme, const void* data, size_t size,
                    uint32_t timeout_ms, uint8_t* out, size_t* out_size) {
  return c::guard(__func__, [&] {
    const auto& signer = c::require(key, "key");
    const auto message = c::view_of(data, size, "data");
    const auto wanted = c::signature_scheme(scheme);
    const c::Buffer buffer(out, out_size);
    if (!buffer.has_room_for(c::longest_signature(shape_of(signer)))) return;
    buffer.fill(c::take(signer.key.sign(wanted, message, c::call_limits(timeout_ms))));
  });
}

int32_t ks_key_can_sign(const ks_key* key, const ks_sign_spec* spec) {
  bool can = false;
  const auto asked = [&] { can = c::require(key, "key").key.can_sign(c::sign_spec(spec)); };
  return c::guard(__func__, asked) == KS_OK && can ? 1 : 0;
}

int32_t ks_key_sign_digest(const ks_key* key, const ks_sign_spec* spec, const void* data,
                           size_t size, uint32_t timeout_ms, uint8_t* out, size_t* out_size) {
  return c::guard(__func__, [&] {
    const auto& signer = c::require(key, "key");
    const auto input = c::view_of(data, size, "data");
    const auto wanted = c::sign_spec(spec);
    const c::Buffer buffer(out, out_size);
    if (!buffer.has_room_for(c::longest_signature(shape_of(signer)))) return;
    buffer.fill(c::take(signer.key.sign_digest(wanted, input, c::call_limits(timeout_ms))));
  });
}

int32_t ks_key_decrypt(const ks_key* key, const ks_decrypt_spec* spec, const void* data,
                       size_t size, uint32_t timeout_ms, uint8_t* out, size_t* out_size) {
  return c::guard(__func__, [&] {
    const auto& holder = c::require(key, "key");
    const auto ciphertext = c::view_of(data, size, "data");
    const auto wanted = c::decrypt_spec(spec);
    const c::Buffer buffer(out, out_size);
    if (!buffer.has_room_for(c::longest_secret(shape_of(holder)))) return;
    const auto plain = c::take(holder.key.decrypt(wanted, ciphertext, c::call_limits(timeout_ms)));
    buffer.fill(plain.view());
  });
}

int32_t ks_key_derive(const ks_key* key, const void* peer, size_t peer_size, uint32_t timeout_ms,
                      uint8_t* out, size_t* out_size) {
  return c::guard(__func__, [&] {
    const auto& holder = c::require(key, "key");
    const auto other = c::take(keystore::PublicKey::parse(c::view_of(peer, peer_size, "peer")));
    const c::Buffer buffer(out, out_size);
    if (!buffer.has_room_for(c::longest_secret(shape_of(holder)))) return;
    const auto shared = c::take(holder.key.derive(other, c::call_limits(timeout_ms)));
    buffer.fill(shared.view());
  });
}
