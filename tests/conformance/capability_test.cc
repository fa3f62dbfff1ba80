#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <functional>
#include <iostream>

#include "tests/backends/pem/data.h"
#include "tests/conformance/openssl_command.h"
#include "tests/conformance/sign_in_child.h"
#include "tests/conformance/subject.h"

// What each token can do and what not, tried and compared with what real_tokens.cc says of it.

namespace keystore::testing {
namespace {

Failure refused(std::string why) { return fail(Errc::internal, std::move(why)); }

/// Tries things on a token. Everything that it makes there is removed at the end of each.
class Probe {
 public:
  explicit Probe(const RealToken& kind) : token_(shared_token(kind)) {}

  Result<void> generate(std::string_view type) {
    const auto key = generated(type);
    if (!key) return Failure(key.error());
    return cleared(Result<void>());
  }
  Result<void> import(std::string_view file) {
    const auto key = imported(file);
    if (!key) return Failure(key.error());
    const auto plain = open_path(test_file(file)).key();
    if (key->public_key() != plain->public_key())
      return cleared(refused("it shows another public key"));
    return cleared(key->schemes().empty() ? refused("it can do nothing with the key")
                                          : Result<void>());
  }
  Result<void> import_certificate() {
    const auto certificate = open_path(test_file("web.pem")).find_certificates()->items.front();
    const auto made = store().importer()->import_certificate(certificate, {.label = label});
    if (!made) return Failure(made.error());
    const auto found = store().find_certificates({.label = label});
    const bool there = found && found->items == std::vector{certificate};
    return cleared(there ? Result<void>() : refused("the certificate is not found again"));
  }
  Result<void> sign(std::string_view file, SignatureScheme scheme) {
    return with_key(file, [&](const Key& key) -> Result<void> {
      const auto signature = key.sign(scheme, as_bytes("a message"));
      if (!signature) return Failure(signature.error());
      const auto verdict = openssl_verify(*key.public_key(), scheme, "a message", *signature);
      if (verdict != "verified") return refused(verdict);
      return {};
    });
  }
  Result<void> decrypt(const DecryptSpec& spec, const std::vector<std::string>& options) {
    return with_key("rsa.pem", [&](const Key& key) -> Result<void> {
      const auto ciphertext = openssl_encrypt(*key.public_key(), "a secret", options);
      const auto plaintext = key.decrypt(spec, as_bytes(ciphertext));
      if (!plaintext) return Failure(plaintext.error());
      if (as_text(plaintext->view()) != "a secret") return refused("another plaintext");
      return {};
    });
  }
  Result<void> derive() {
    return with_key("ec-p-256.pem", [&](const Key& key) -> Result<void> {
      const auto peer = test_file("ec-with-parameters.pem");
      const auto secret = key.derive(*open_path(peer).key()->public_key());
      if (!secret) return Failure(secret.error());
      const auto wanted = openssl_derive(peer, *key.public_key());
      if (as_text(secret->view()) != wanted) return refused("another secret");
      return {};
    });
  }
  Result<void> sign_in_child() {
    return with_key("rsa.pem", [&](const Key& key) -> Result<void> {
      const int error = testing::sign_in_child(key, SignatureScheme::rsa_pkcs1_sha256);
      if (error != 0) return refused("the child fails with " + std::to_string(error));
      return {};
    });
  }

 private:
  inline static const std::string label = "probe";

  Store store() { return open(token_.uri(), token_options(token_)).value(); }
  Result<Key> generated(std::string_view type) {
    return store().generator()->generate_key(KeySpec::parse(type).value(), {.label = label});
  }
  Result<Key> imported(std::string_view file) {
    const auto plain = open_path(test_file(file)).key();
    const auto made = store().importer()->import_key(*plain->export_pkcs8(insecure_export_permit()),
                                                     {.label = label});
    if (!made) return Failure(made.error());
    return store().key({.label = label});
  }
  /// With a key like that of the file, whichever way the token takes one.
  Result<void> with_key(std::string_view file, const std::function<Result<void>(const Key&)>& use) {
    auto key = imported(file);
    if (!key) {
      const auto* row = std::ranges::find(key_files, file, &KeyFile::file);
      key = generated(row->type);
    }
    if (!key) return Failure(key.error());
    return cleared(use(*key));
  }
  Result<void> cleared(Result<void> result) {
    auto token = store();
    const auto found = token.find_entries({.label = label});
    if (!found) return Failure(found.error());
    for (const auto& entry : found->items) {
      if (entry.kind == EntryKind::public_key) continue;
      if (auto removed = token.remover()->remove(entry); !removed) return removed;
    }
    return result;
  }

  TokenFixture& token_;
};

struct Row {
  Capability capability = {};
  std::string_view name = {};
  std::function<Result<void>(Probe&)> attempt = {};
};

DecryptSpec oaep(Digest digest) { return {.encryption = Encryption::rsa_oaep, .digest = digest}; }

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  for (const auto& key : key_files) {
    const auto add = [&](Capability capability, const char* verb, auto attempt) {
      static std::deque<std::string> names;
      names.push_back(std::string(verb) + std::string(key.type));
      rows.push_back({capability, names.back(), attempt});
    };
    add(key.generate, "generate ", [&key](Probe& probe) { return probe.generate(key.type); });
    add(key.import, "import ", [&key](Probe& probe) { return probe.import(key.file); });
  }
  using enum SignatureScheme;
  const auto signs = [](std::string_view file, SignatureScheme scheme) {
    return [=](Probe& probe) { return probe.sign(file, scheme); };
  };
  rows.push_back({Capability::import_certificate, "import certificate",
                  [](Probe& probe) { return probe.import_certificate(); }});
  rows.push_back({Capability::sign_pkcs1, "sign PKCS#1", signs("rsa.pem", rsa_pkcs1_sha256)});
  rows.push_back({Capability::sign_pss, "sign PSS", signs("rsa.pem", rsa_pss_rsae_sha256)});
  rows.push_back(
      {Capability::sign_ecdsa, "sign ECDSA", signs("ec-p-256.pem", ecdsa_secp256r1_sha256)});
  rows.push_back({Capability::sign_ed25519, "sign Ed25519", signs("ed25519.pem", ed25519)});
  rows.push_back({Capability::sign_ed448, "sign Ed448", signs("ed448.pem", ed448)});
  rows.push_back({Capability::decrypt_pkcs1, "decrypt PKCS#1", [](Probe& probe) {
                    return probe.decrypt({.encryption = Encryption::rsa_pkcs1},
                                         {"rsa_padding_mode:pkcs1"});
                  }});
  rows.push_back({Capability::decrypt_oaep_sha1, "decrypt OAEP SHA-1", [](Probe& probe) {
                    return probe.decrypt(oaep(Digest::sha1), {"rsa_padding_mode:oaep"});
                  }});
  rows.push_back({Capability::decrypt_oaep_sha256, "decrypt OAEP SHA-256", [](Probe& probe) {
                    return probe.decrypt(oaep(Digest::sha256),
                                         {"rsa_padding_mode:oaep", "rsa_oaep_md:sha256"});
                  }});
  rows.push_back(
      {Capability::derive_ecdh, "derive ECDH", [](Probe& probe) { return probe.derive(); }});
  rows.push_back({Capability::sign_in_child, "sign in a forked child",
                  [](Probe& probe) { return probe.sign_in_child(); }});
  return rows;
}

class Capabilities : public ::testing::TestWithParam<std::string_view> {};

TEST_P(Capabilities, AreAsRecorded) {
  const auto& kind = real_token(GetParam());
  if (!can_run(kind)) return;
  Probe probe(kind);
  for (const auto& row : all_rows()) {
    const auto done = row.attempt(probe);
    const auto* lack = kind.lack(row.capability);
    std::cout << kind.name << " | " << row.name << " | " << (done ? "yes" : "no")
              << (done ? "" : " | " + why(done)) << (lack ? " | because " : "")
              << (lack ? lack->because : "") << '\n';
    EXPECT_EQ(done.has_value(), lack == nullptr)
        << kind.name << " x " << row.name << ": "
        << (done ? "it can, and real_tokens.cc says it cannot" : why(done));
  }
}

INSTANTIATE_TEST_SUITE_P(Tokens, Capabilities, ::testing::ValuesIn(token_names()),
                         [](const auto& kind) { return std::string(kind.param); });

TEST(RealTokens, EachHasItsRun) {
  std::string listed;
  for (const auto& name : token_names()) listed += (listed.empty() ? "" : ",") + std::string(name);
  const char* runs = std::getenv("KEYSTORE_TOKENS");
  ASSERT_NE(runs, nullptr) << "ctest sets it";
  EXPECT_EQ(listed, runs) << "tests/conformance/CMakeLists.txt names the runs";
}

}  // namespace
}  // namespace keystore::testing
