#include "bindings/botan/names.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <vector>

#include "bindings/botan/error.h"

namespace keystore::botan {
namespace {

/// "NAME(FIRST,SECOND(…),…)".
struct Words {
  std::string_view name = {};
  std::vector<std::string_view> arguments = {};

  bool is_one_of(std::initializer_list<std::string_view> names) const {
    return std::ranges::find(names, name) != names.end();
  }
  std::string_view argument(std::size_t i) const {
    return i < arguments.size() ? arguments[i] : std::string_view();
  }
};

struct NamedDigest {
  std::string_view name;
  Digest digest;
};
constexpr NamedDigest digests[] = {
    {"SHA-256", Digest::sha256},         {"SHA-384", Digest::sha384},
    {"SHA-512", Digest::sha512},         {"SHA-224", Digest::sha224},
    {"SHA-512-256", Digest::sha512_256}, {"SHA-1", Digest::sha1},
    {"SHA-160", Digest::sha1},           {"SHA1", Digest::sha1},
    {"SHA-3(224)", Digest::sha3_224},    {"SHA-3(256)", Digest::sha3_256},
    {"SHA-3(384)", Digest::sha3_384},    {"SHA-3(512)", Digest::sha3_512},
};

Words split(std::string_view text);
Digest digest_of(std::string_view name);
Digest mgf_digest_of(std::string_view words);
SignatureWords read_rsa(const Words& words, std::string_view whole);
SignatureWords read_ecdsa(const Words& words, std::string_view whole);

[[noreturn]] void refuse(std::string_view what, std::string_view words) {
  throw Exception(Error{Errc::unsupported, "cannot do " + std::string(what) + " '" +
                                               std::string(words) + "' with a key of a store"});
}

}  // namespace

SignatureWords read_signature_words(std::string_view text, KeyType type) {
  const auto words = split(text);
  if (type == KeyType::rsa) return read_rsa(words, text);
  if (type == KeyType::ec) return read_ecdsa(words, text);
  if (text.empty() || words.is_one_of({"Pure", "Identity"})) {
    return {.spec = {.algorithm = SignAlgorithm::eddsa}};
  }
  refuse("signatures", text);
}

DecryptSpec read_encryption_words(std::string_view text) {
  const auto words = split(text);
  if (words.name == "Raw") return {.encryption = Encryption::rsa_raw};
  if (words.is_one_of({"PKCS1v15", "EME-PKCS1-v1_5"})) {
    return {.encryption = Encryption::rsa_pkcs1};
  }
  if (!words.is_one_of({"OAEP", "EME-OAEP", "EME1"}) || words.arguments.empty()) {
    refuse("decryption", text);
  }
  const auto label = as_bytes(words.argument(2));
  return {.encryption = Encryption::rsa_oaep,
          .digest = digest_of(words.argument(0)),
          .mgf_digest = mgf_digest_of(words.argument(1)),
          .label = {label.begin(), label.end()}};
}

namespace {

Words split(std::string_view text) {
  const auto open = text.find('(');
  if (open == text.npos || !text.ends_with(')')) return {.name = text};
  Words words = {.name = text.substr(0, open)};
  const auto inside = text.substr(open + 1, text.size() - open - 2);
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= inside.size(); ++i) {
    if (i == inside.size() || (inside[i] == ',' && depth == 0)) {
      words.arguments.push_back(inside.substr(start, i - start));
      start = i + 1;
    } else {
      depth += (inside[i] == '(') - (inside[i] == ')');
    }
  }
  return words;
}

Digest digest_of(std::string_view name) {
  const auto* const row = std::ranges::find(digests, name, &NamedDigest::name);
  if (row == std::end(digests)) refuse("the digest", name);
  return row->digest;
}

/// "MGF1" or "MGF1(SHA-1)".
Digest mgf_digest_of(std::string_view text) {
  const auto words = split(text);
  if (text.empty() || text == "MGF1") return Digest::none;
  if (words.name != "MGF1") refuse("the mask", text);
  return digest_of(words.argument(0));
}

SignatureWords read_pss(const Words& words, bool hashed) {
  SignatureWords read = {
      .spec = {.algorithm = SignAlgorithm::rsa_pss,
               .input = SignInput::digest,
               .digest = digest_of(words.argument(0)),
               .mgf_digest = mgf_digest_of(words.argument(1))},
      .hash = hashed ? std::string(words.argument(0)) : std::string(),
  };
  if (const auto salt = words.argument(2); !salt.empty()) {
    unsigned length = 0;
    const auto [end, problem] = std::from_chars(salt.data(), salt.data() + salt.size(), length);
    if (problem != std::errc() || end != salt.data() + salt.size()) refuse("the salt length", salt);
    read.spec.salt_length = length;
  }
  return read;
}

SignatureWords read_pkcs1(const Words& words) {
  SignSpec spec = {.algorithm = SignAlgorithm::rsa_pkcs1, .input = SignInput::digest};
  const auto hash = words.argument(0);
  if (hash != "Raw") {
    spec.digest = digest_of(hash);
    return {.spec = spec, .hash = std::string(hash)};
  }
  if (words.arguments.size() > 1) {
    spec.digest = digest_of(words.argument(1));
  } else {
    spec.input = SignInput::digest_info;
  }
  return {.spec = spec};
}

SignatureWords read_rsa(const Words& words, std::string_view whole) {
  if (!words.arguments.empty()) {
    if (words.is_one_of({"PKCS1v15", "EMSA_PKCS1", "EMSA3", "EMSA-PKCS1-v1_5"})) {
      return read_pkcs1(words);
    }
    if (words.is_one_of({"PSS", "PSSR", "EMSA-PSS", "EMSA4"})) return read_pss(words, true);
    if (words.is_one_of({"PSS_Raw", "PSSR_Raw"})) return read_pss(words, false);
  }
  refuse("signatures", whole);
}

SignatureWords read_ecdsa(const Words& words, std::string_view whole) {
  const auto hash = words.name == "EMSA1" ? words.argument(0) : whole;
  SignSpec spec = {.algorithm = SignAlgorithm::ecdsa, .input = SignInput::digest};
  if (hash == "Raw") return {.spec = spec};
  spec.digest = digest_of(hash);
  return {.spec = spec, .hash = std::string(hash)};
}

}  // namespace
}  // namespace keystore::botan
