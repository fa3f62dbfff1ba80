#include "keystore/reference.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "keystore/config.h"
#include "keystore/internal/der.h"
#include "keystore/internal/pem_block.h"
#include "keystore/internal/policy.h"
#include "keystore/internal/public_key_parsed.h"

namespace keystore {
namespace {

constexpr std::uint32_t version_1 = 1;
constexpr std::string_view pkcs11_provider_version = "PKCS#11 Provider URI v1.0";
constexpr std::uint8_t context_class = 0x80;
constexpr std::uint8_t class_bits = 0xC0;

Failure malformed(std::string_view what) {
  return fail(Errc::malformed, "the key reference " + std::string(what),
              "write it again with 'keystore ref'");
}

/// The URI as data may give it.
Result<Uri> read_uri(BytesView text) {
  auto uri = Uri::parse(as_text(text));
  if (!uri) return malformed("holds a malformed URI: " + uri.error().message);
  if (uri->scheme() != "pkcs11" && uri->scheme() != "keystore" && uri->scheme() != "pfx") {
    return fail(
        Errc::unsupported,
        "a key reference names a key on a token or in a PKCS#12 file, or an identity, not '" +
            uri->scheme() + ":'");
  }
  if (auto allowed = check_data_pin(*uri); !allowed) return Failure(allowed.error());
  return uri;
}

/// The algorithm's OBJECT IDENTIFIER in a SubjectPublicKeyInfo; empty where there is none.
BytesView algorithm_of(BytesView spki) {
  const auto body = der_content(spki, der_tag::sequence).value_or(BytesView());
  const auto algorithm = DerReader(body).next(der_tag::sequence).value_or(BytesView());
  return DerReader(algorithm).next(der_tag::object_identifier).value_or(BytesView());
}

bool is_known(SignatureScheme scheme) { return to_string(scheme) != "unknown"; }

/// Schemes that this version has no name for are left out: a newer one may have written them.
std::optional<std::vector<SignatureScheme>> read_schemes(BytesView content) {
  std::vector<SignatureScheme> schemes;
  DerReader reader(content);
  while (!reader.at_end()) {
    const auto number = reader.next(der_tag::integer);
    const auto value = number ? der_integer(*number) : std::nullopt;
    if (!value || *value > 0xFFFF) return {};
    const auto scheme = static_cast<SignatureScheme>(*value);
    if (is_known(scheme)) schemes.push_back(scheme);
  }
  return schemes;
}

/// What may follow the public key: [0], [1], and tags of versions to come.
Result<void> read_tail(DerReader reader, Reference& reference) {
  for (const auto& [tag, schemes] : {std::pair(der_tag::context_0, &reference.schemes),
                                     std::pair(der_tag::context_1, &reference.hashing)}) {
    const auto content = reader.next(tag);
    if (!content) continue;
    auto read = read_schemes(*content);
    if (!read) return malformed("holds malformed schemes");
    *schemes = *std::move(read);
  }
  while (!reader.at_end()) {
    const auto element = reader.next();
    if (!element || (element->tag & class_bits) != context_class) {
      return malformed("has something unknown at its end");
    }
  }
  return {};
}

void append_schemes(Bytes& body, std::uint8_t tag, std::span<const SignatureScheme> schemes) {
  if (schemes.empty()) return;
  Bytes numbers;
  for (const auto scheme : schemes) {
    append_der(numbers, der_tag::integer, der_integer_content(static_cast<std::uint16_t>(scheme)));
  }
  append_der(body, tag, numbers);
}

Result<Reference> parse_ours(BytesView der) {
  const auto body = der_content(der, der_tag::sequence);
  if (!body) return malformed("is not one DER sequence");
  DerReader reader(*body);
  const auto version = reader.next(der_tag::integer);
  if (!version || version->empty()) return malformed("has no version");
  if (der_integer(*version) != version_1) {
    return fail(Errc::unsupported, "the key reference is of a version that is not known here",
                "use a newer version of keystore, or write it again with 'keystore ref'");
  }
  const auto type = reader.next(der_tag::object_identifier);
  const auto text = reader.next(der_tag::utf8_string);
  const auto spki = reader.next();
  if (!type || !text || !spki || spki->tag != der_tag::sequence) {
    return malformed("lacks its key type, URI or public key");
  }
  auto uri = read_uri(*text);
  if (!uri) return Failure(uri.error());
  auto public_key = PublicKey::parse(spki->whole);
  if (!public_key) return Failure(public_key.error());
  if (!std::ranges::equal(*type, algorithm_of(spki->whole))) {
    return malformed("names another key type than its public key has");
  }
  Reference reference{.uri = *std::move(uri), .public_key = *std::move(public_key)};
  if (auto read = read_tail(reader, reference); !read) return Failure(read.error());
  return reference;
}

/// pkcs11-provider 0.3 and later: SEQUENCE { VisibleString, UTF8String }.
Result<Reference> parse_pkcs11_provider(BytesView der) {
  const auto body = der_content(der, der_tag::sequence);
  if (!body) return malformed("is not one DER sequence");
  DerReader reader(*body);
  const auto version = reader.next(der_tag::visible_string);
  const auto text = reader.next(der_tag::utf8_string);
  if (!version || !text || !reader.at_end()) return malformed("lacks its version or URI");
  if (as_text(*version) != pkcs11_provider_version) {
    return fail(Errc::unsupported,
                "the key reference of pkcs11-provider is of a version that is not known here");
  }
  auto uri = read_uri(*text);
  if (!uri) return Failure(uri.error());
  return Reference{.uri = *std::move(uri)};
}

/// The path itself where the folder that it starts from is gone.
std::string absolute(const std::string& path) {
  std::error_code gone;
  const auto full = std::filesystem::absolute(path, gone);
  return gone ? path : full.string();
}

}  // namespace

Reference Reference::to_key(Uri uri, const Key& key) {
  Reference reference{.uri = std::move(uri),
                      .public_key = key.public_key(),
                      .schemes = {key.schemes().begin(), key.schemes().end()}};
  for (const auto scheme : key.schemes()) {
    auto of_digest = spec_of(scheme);
    of_digest.input = SignInput::digest;
    const bool hashed = of_digest.digest != Digest::none;
    if (hashed && !key.can_sign(of_digest)) reference.hashing.push_back(scheme);
  }
  return reference;
}

Result<void> Reference::use_public_key(const PublicKey& half) {
  if (public_key && !same_public_key(*public_key, half)) {
    return fail(Errc::key_mismatch,
                "the key at " + uri.canonical() + " is not the one of that public key");
  }
  public_key = half;
  const auto fitting = schemes_of(half.shape());
  for (auto* said : {&schemes, &hashing}) {
    std::vector<SignatureScheme> kept;
    std::ranges::copy_if(fitting, std::back_inserter(kept), [&](SignatureScheme scheme) {
      return std::ranges::any_of(
          *said, [&](SignatureScheme other) { return spec_of(other) == spec_of(scheme); });
    });
    *said = std::move(kept);
  }
  return {};
}

Uri reference_uri(const Uri& found, const Uri& asked, const Config& config) {
  auto uri = found.without_query_attribute("pin-value")
                 .without_query_attribute("pin-source")
                 .without_query_attribute("module-path");
  const auto text = asked.query_attribute("pin-source");
  const auto source = text ? SecretSource::parse_attribute(*text)
                           : Result<SecretSource>(fail(Errc::not_found, "none is named"));
  if (source && source->repeatable()) {
    const bool file = source->kind() == SecretSource::Kind::file;
    uri = uri.with_query_attribute(
        "pin-source", file ? "file:" + absolute(source->argument()) : source->to_string());
  }
  const auto module = asked.query_attribute("module-path");
  const bool listed = module && std::ranges::find(config.modules, *module, &ModuleConfig::path) !=
                                    config.modules.end();
  return listed ? uri.with_query_attribute("module-path", *module) : uri;
}

Result<Reference> Reference::parse(std::string_view label, BytesView der) {
  if (label == pem_label) return parse_ours(der);
  if (label == pkcs11_provider_pem_label) return parse_pkcs11_provider(der);
  return fail(Errc::unsupported,
              "'" + std::string(label) + "' is not the label of a key reference");
}

Result<Reference> Reference::parse_pem(std::string_view text) {
  constexpr std::array labels = {pem_label, pkcs11_provider_pem_label};
  const auto block = find_pem_block(text, labels);
  if (!block) return Failure(block.error());
  return parse(block->label, block->der);
}

Result<Bytes> Reference::to_der() const {
  if (!public_key) return fail(Errc::invalid_argument, "a key reference needs the public key");
  if (auto allowed = check_data_pin(uri); !allowed) {
    return fail(Errc::invalid_argument, allowed.error().message, allowed.error().hint);
  }
  Bytes body;
  append_der(body, der_tag::integer, der_integer_content(version_1));
  append_der(body, der_tag::object_identifier, algorithm_of(public_key->spki()));
  append_der(body, der_tag::utf8_string, as_bytes(uri.canonical_with_pin_source()));
  body.insert(body.end(), public_key->spki().begin(), public_key->spki().end());
  append_schemes(body, der_tag::context_0, schemes);
  append_schemes(body, der_tag::context_1, hashing);
  Bytes der;
  append_der(der, der_tag::sequence, body);
  return der;
}

Result<std::string> Reference::to_pem() const {
  const auto der = to_der();
  if (!der) return Failure(der.error());
  return keystore::to_pem(pem_label, *der);
}

}  // namespace keystore
