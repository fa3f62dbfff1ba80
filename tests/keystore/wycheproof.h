#pragma once

// Vectors of Project Wycheproof, read in place. "acceptable" results may go either way.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/keystore/software_keys.h"

namespace keystore::testing {

using nlohmann::json;

inline std::filesystem::path corpus_folder() {
  const char* corpus = std::getenv("KEYSTORE_CORPUS");
  if (corpus != nullptr) return corpus;
  const char* source = std::getenv("KEYSTORE_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "../shared/corpus";
}

inline std::optional<Digest> digest_named(const json& name) {
  static const std::map<std::string, Digest> digests = {{"SHA-1", Digest::sha1},
                                                        {"SHA-224", Digest::sha224},
                                                        {"SHA-256", Digest::sha256},
                                                        {"SHA-384", Digest::sha384},
                                                        {"SHA-512", Digest::sha512},
                                                        {"SHA3-224", Digest::sha3_224},
                                                        {"SHA3-256", Digest::sha3_256},
                                                        {"SHA3-384", Digest::sha3_384},
                                                        {"SHA3-512", Digest::sha3_512},
                                                        {"SHA-512/224", Digest::sha512_224},
                                                        {"SHA-512/256", Digest::sha512_256}};
  const auto found = digests.find(name.get<std::string>());
  if (found == digests.end()) return {};
  return found->second;
}

inline Bytes octets(const json& object, const char* name) {
  return from_hex(object.at(name).get<std::string>());
}

/// Compares one outcome with the vector's; `good` is what we found.
inline void expect_result(const json& test, bool good) {
  const auto result = test.at("result").get<std::string>();
  if (result == "acceptable") return;
  EXPECT_EQ(good, result == "valid") << "tcId " << test.at("tcId") << ": " << test.at("comment");
}

/// `vectors_` are those of the file that the parameter names.
class Wycheproof : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto path = corpus_folder() / "wycheproof" / GetParam();
    std::ifstream file(path);
    if (!file) GTEST_SKIP() << "no corpus: " << path << " (set KEYSTORE_CORPUS)";
    vectors_ = json::parse(file);
  }
  void TearDown() override {
    if (IsSkipped()) return;
    EXPECT_GT(checked_, 0);
    std::cout << GetParam() << ": " << checked_ << " vectors\n";
  }

  json vectors_;
  int checked_ = 0;
};

/// The spec that a group of signatures names; empty for digests that we do not have.
inline std::optional<SignSpec> spec_for(const json& group) {
  const auto type = group.at("type").get<std::string>();
  if (type == "EddsaVerify") return SignSpec{.algorithm = SignAlgorithm::eddsa};
  const auto digest = digest_named(group.at("sha"));
  if (!digest) return {};
  SignSpec spec{.digest = *digest};
  if (type == "EcdsaVerify") spec.algorithm = SignAlgorithm::ecdsa;
  if (!type.starts_with("RsassaPss")) return spec;
  const auto mgf = digest_named(group.at("mgfSha"));
  if (!mgf || group.at("mgf") != "MGF1") return {};
  spec.algorithm = SignAlgorithm::rsa_pss;
  spec.mgf_digest = *mgf;
  spec.salt_length = group.at("sLen").get<unsigned>();
  return spec;
}

/// The spec that a vector of OAEP names.
inline DecryptSpec oaep_spec_for(const json& group, const json& test) {
  return {.encryption = Encryption::rsa_oaep,
          .digest = *digest_named(group.at("sha")),
          .mgf_digest = *digest_named(group.at("mgfSha")),
          .label = octets(test, "label")};
}

}  // namespace keystore::testing
