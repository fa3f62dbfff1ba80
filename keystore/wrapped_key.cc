#include "keystore/wrapped_key.h"

#include <algorithm>
#include <array>
#include <optional>

#include "keystore/internal/der.h"
#include "keystore/internal/pem_block.h"

namespace keystore {
namespace {

constexpr std::uint32_t version_1 = 1;
constexpr std::uint8_t context_class = 0x80;
constexpr std::uint8_t class_bits = 0xC0;

struct Row {
  WrapMechanism mechanism;
  std::string_view name;
};
constexpr std::array rows = {Row{WrapMechanism::aes_kwp, "aes-kwp"},
                             Row{WrapMechanism::aes_pkcs7, "aes-pkcs7"}};

Failure malformed(std::string_view what) {
  return fail(Errc::malformed, "the wrapped key " + std::string(what));
}

Failure from_the_future(std::string_view what) {
  return fail(Errc::unsupported,
              "the wrapped key is of a " + std::string(what) + " that is not known here",
              "use a newer version of keystore");
}

std::optional<WrapMechanism> known_mechanism(BytesView content) {
  const auto number = der_integer(content);
  if (!number) return {};
  const auto* row = std::ranges::find(rows, static_cast<WrapMechanism>(*number), &Row::mechanism);
  return row == rows.end() ? std::nullopt : std::optional(row->mechanism);
}

/// A token's key, without anything that belongs to whoever uses it.
Result<Uri> read_uri(BytesView text) {
  auto uri = Uri::parse(as_text(text));
  if (!uri) return malformed("names its wrapping key by a malformed URI: " + uri.error().message);
  if (uri->scheme() != "pkcs11") return malformed("names no key on a token as its wrapping key");
  for (const auto* name : {"pin-value", "pin-source"}) {
    if (uri->query_attribute(name)) return malformed("names a PIN");
  }
  return uri;
}

/// Tags of versions to come may follow.
bool ends_well(DerReader reader) {
  while (!reader.at_end()) {
    const auto element = reader.next();
    if (!element || (element->tag & class_bits) != context_class) return false;
  }
  return true;
}

}  // namespace

std::string_view to_string(WrapMechanism mechanism) noexcept {
  const auto* row = std::ranges::find(rows, mechanism, &Row::mechanism);
  return row == rows.end() ? "unknown" : row->name;
}

Result<WrappedKey> WrappedKey::parse(BytesView der) {
  const auto body = der_content(der, der_tag::sequence);
  if (!body) return malformed("is not one DER sequence");
  DerReader reader(*body);
  const auto version = reader.next(der_tag::integer);
  if (!version || version->empty()) return malformed("has no version");
  if (der_integer(*version) != version_1) return from_the_future("version");
  const auto number = reader.next(der_tag::integer);
  const auto text = reader.next(der_tag::utf8_string);
  const auto spki = reader.next();
  const auto label = reader.next(der_tag::utf8_string);
  const auto id = reader.next(der_tag::octet_string);
  const auto wrapped = reader.next(der_tag::octet_string);
  if (!number || !text || !spki || spki->tag != der_tag::sequence || !label || !id || !wrapped ||
      wrapped->empty()) {
    return malformed("lacks a part");
  }
  const auto mechanism = known_mechanism(*number);
  if (!mechanism) return from_the_future("mechanism");
  auto uri = read_uri(*text);
  if (!uri) return Failure(uri.error());
  auto public_key = PublicKey::parse(spki->whole);
  if (!public_key) return Failure(public_key.error());
  if (!ends_well(reader)) return malformed("has something unknown at its end");
  return WrappedKey{*mechanism,
                    *std::move(uri),
                    *std::move(public_key),
                    std::string(as_text(*label)),
                    Bytes(id->begin(), id->end()),
                    Bytes(wrapped->begin(), wrapped->end())};
}

Result<WrappedKey> WrappedKey::parse_pem(std::string_view text) {
  const auto block = find_pem_block(text, std::array{pem_label});
  if (!block) return Failure(block.error());
  return parse(block->der);
}

Bytes WrappedKey::to_der() const {
  Bytes body;
  append_der(body, der_tag::integer, der_integer_content(version_1));
  append_der(body, der_tag::integer, der_integer_content(static_cast<std::uint32_t>(mechanism)));
  append_der(body, der_tag::utf8_string, as_bytes(wrapping_key.canonical()));
  body.insert(body.end(), public_key.spki().begin(), public_key.spki().end());
  append_der(body, der_tag::utf8_string, as_bytes(label));
  append_der(body, der_tag::octet_string, id);
  append_der(body, der_tag::octet_string, wrapped);
  Bytes der;
  append_der(der, der_tag::sequence, body);
  return der;
}

std::string WrappedKey::to_pem() const { return keystore::to_pem(pem_label, to_der()); }

}  // namespace keystore
