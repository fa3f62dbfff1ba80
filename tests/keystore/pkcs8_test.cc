#include "keystore/internal/pkcs8.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "keystore/file.h"
#include "keystore/internal/der.h"
#include "keystore/internal/public_key_parsed.h"
#include "tests/keystore/software_keys.h"
#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

using testing::from_hex;
using testing::new_key;
using testing::run;
using testing::Workspace;

Bytes exported(const Key& key) {
  const auto pkcs8 = key.export_pkcs8(insecure_export_permit());
  return {pkcs8->view().begin(), pkcs8->view().end()};
}

/// Puts what the openssl command line makes into `folder`, as PKCS#8 DER.
std::string make_by_openssl(const Workspace& folder, const std::vector<std::string>& genpkey) {
  std::vector<std::string> command = {"openssl", "genpkey", "-out", "key.pem"};
  command.insert(command.end(), genpkey.begin(), genpkey.end());
  auto outcome = run(command, {.folder = folder.path()});
  EXPECT_TRUE(outcome.ok()) << outcome.text();
  outcome = run({"openssl", "pkcs8", "-topk8", "-nocrypt", "-in", "key.pem", "-outform", "DER",
                 "-out", "key.der"},
                {.folder = folder.path()});
  EXPECT_TRUE(outcome.ok()) << outcome.text();
  return (folder / "key.der").string();
}

Bytes made_by_openssl(const std::vector<std::string>& genpkey) {
  const Workspace folder;
  const auto text = testing::read_text(make_by_openssl(folder, genpkey));
  return {text.begin(), text.end()};
}

TEST(Pkcs8, ReadsEveryKeyOfOpenssl) {
  const std::vector<std::pair<std::vector<std::string>, KeyShape>> keys = {
      {{"-algorithm", "RSA"}, {.type = KeyType::rsa, .bits = 2048}},
      {{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"},
       {.type = KeyType::rsa, .bits = 1024}},
      {{"-algorithm", "RSA-PSS"}, {.type = KeyType::rsa, .bits = 2048, .rsa_pss_only = true}},
      {{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"},
       {.type = KeyType::ec, .bits = 256, .curve = "P-256"}},
      {{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"},
       {.type = KeyType::ec, .bits = 521, .curve = "P-521"}},
      {{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"},
       {.type = KeyType::ec, .bits = 256, .curve = "secp256k1"}},
      {{"-algorithm", "ED25519"}, {.type = KeyType::ed25519, .bits = 256}},
      {{"-algorithm", "ED448"}, {.type = KeyType::ed448, .bits = 456}},
      {{"-algorithm", "X25519"}, {.type = KeyType::x25519, .bits = 253}},
      {{"-algorithm", "X448"}, {.type = KeyType::x448, .bits = 448}}};
  for (const auto& [genpkey, shape] : keys) {
    const auto pkey = decode_pkcs8(made_by_openssl(genpkey));
    ASSERT_TRUE(pkey) << genpkey[1] << pkey.error().message;
    EXPECT_EQ(shape_of(pkey->get()), shape) << genpkey[1];
  }
}

TEST(Pkcs8, NamesTheCurveOfKeysThatSpellItOut) {
  const auto der = made_by_openssl({"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                                    "-pkeyopt", "ec_param_enc:explicit"});
  EXPECT_TRUE(has_explicit_curve(der));
  const auto key = testing::software_key(der);
  EXPECT_EQ(key.entry().shape->curve, "P-256");
  EXPECT_EQ(key.public_key()->spki().size(), 91U);
  EXPECT_FALSE(has_explicit_curve(exported(key)));
  EXPECT_TRUE(key.sign(SignatureScheme::ecdsa_secp256r1_sha256, {}));
}

TEST(Pkcs8, EveryTruncationIsMalformed) {
  for (const auto* type : {"rsa:1024", "ec:p256", "ed25519"}) {
    const auto der = exported(new_key(type));
    for (std::size_t size = 0; size < der.size(); ++size) {
      const auto pkey = decode_pkcs8(BytesView(der).first(size));
      ASSERT_FALSE(pkey) << type << ' ' << size;
      EXPECT_EQ(pkey.error().code, Errc::malformed);
    }
  }
}

TEST(Pkcs8, RefusesWhatFollows) {
  for (const auto* type : {"rsa:1024", "ec:p256", "ed25519"}) {
    auto der = exported(new_key(type));
    der.push_back(0);
    EXPECT_EQ(decode_pkcs8(der).error().code, Errc::malformed);
  }
}

TEST(Pkcs8, RefusesKeysWhosePartsDoNotBelongTogether) {
  // Every octet of the numbers counts; what is left are the version and algorithm in front.
  for (const auto* type : {"rsa:1024", "ec:p256"}) {
    const auto der = exported(new_key(type));
    for (std::size_t at = 40; at < der.size(); at += 7) {
      auto changed = der;
      changed[at] ^= 0x04U;
      EXPECT_FALSE(decode_pkcs8(changed)) << type << " octet " << at;
    }
  }
}

// RFC 8410, 10.3: version 2 with attributes and public key.
/// A product of so many primes, together of 512 bits, with which 65537 has an inverse.
BnPtr product_of_primes(int count) {
  const BnPtr one(BN_new());
  BN_one(one.get());
  BnPtr product(BN_dup(one.get()));
  const std::unique_ptr<BN_CTX, FreeWith<BN_CTX_free>> ctx(BN_CTX_new());
  for (int i = 0; i < count; ++i) {
    const BnPtr prime(BN_new());
    BN_generate_prime_ex(prime.get(), 512 / count, 0, nullptr, nullptr, nullptr);
    BN_mul(product.get(), product.get(), prime.get(), ctx.get());
  }
  const BnPtr less_one(BN_dup(product.get()));
  BN_sub_word(less_one.get(), 1);
  return BN_mod_word(less_one.get(), 65537) == 0 ? product_of_primes(count) : std::move(product);
}

/// PKCS#8 of an RSA key of these factors, all its equations right.
Bytes rsa_of(const BIGNUM* p, const BIGNUM* q) {
  const std::unique_ptr<BN_CTX, FreeWith<BN_CTX_free>> ctx(BN_CTX_new());
  const auto number = [] { return BnPtr(BN_new()); };
  const auto e = number(), n = number(), p1 = number(), q1 = number(), phi = number();
  BN_set_word(e.get(), 65537);
  BN_mul(n.get(), p, q, ctx.get());
  BN_sub(p1.get(), p, BN_value_one());
  BN_sub(q1.get(), q, BN_value_one());
  BN_mul(phi.get(), p1.get(), q1.get(), ctx.get());
  const BnPtr d(BN_mod_inverse(nullptr, e.get(), phi.get(), ctx.get()));
  const BnPtr dp(BN_mod_inverse(nullptr, e.get(), p1.get(), ctx.get()));
  const BnPtr dq(BN_mod_inverse(nullptr, e.get(), q1.get(), ctx.get()));
  const BnPtr qi(BN_mod_inverse(nullptr, q, p, ctx.get()));
  Bytes body;
  append_der(body, der_tag::integer, Bytes{0});
  for (const BIGNUM* part :
       {static_cast<const BIGNUM*>(n.get()), static_cast<const BIGNUM*>(e.get()),
        static_cast<const BIGNUM*>(d.get()), p, q, static_cast<const BIGNUM*>(dp.get()),
        static_cast<const BIGNUM*>(dq.get()), static_cast<const BIGNUM*>(qi.get())}) {
    Bytes octets(static_cast<std::size_t>(BN_num_bytes(part)) + 1);
    BN_bn2binpad(part, octets.data(), static_cast<int>(octets.size()));
    if (octets[1] < 0x80) octets.erase(octets.begin());
    append_der(body, der_tag::integer, octets);
  }
  Bytes key;
  append_der(key, der_tag::sequence, body);
  Bytes info{0x02, 0x01, 0x00, 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86,
             0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00};
  append_der(info, der_tag::octet_string, key);
  Bytes pkcs8;
  append_der(pkcs8, der_tag::sequence, info);
  return pkcs8;
}

TEST(Pkcs8, RsaKeysWithFactorsThatAreNotPrimeDoNothing) {
  const auto p = product_of_primes(1);
  const auto q = product_of_primes(1);
  const auto composite = product_of_primes(2);
  constexpr auto scheme = SignatureScheme::rsa_pkcs1_sha256;
  EXPECT_TRUE(testing::software_key(rsa_of(p.get(), q.get())).sign(scheme, Bytes{1}));
  for (const auto& pkcs8 : {rsa_of(p.get(), composite.get()), rsa_of(composite.get(), q.get())}) {
    const auto key = testing::software_key(pkcs8);
    for (int time = 0; time < 2; ++time) {
      EXPECT_EQ(key.sign(scheme, Bytes{1}).error().code, Errc::malformed);
      EXPECT_EQ(key.decrypt({}, Bytes(128)).error().code, Errc::malformed);
      EXPECT_EQ(key.export_pkcs8(insecure_export_permit()).error().code, Errc::malformed);
    }
  }
}

TEST(Pkcs8, ReadsVersion2WithItsPublicKey) {
  auto der = from_hex(
      "3072020101300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f4475"
      "58"
      "42a01f301d060a2a864886f70d01090914310f0c0d437572646c65204368616972738121"
      "0019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
  const auto pkey = decode_pkcs8(der);
  ASSERT_TRUE(pkey) << pkey.error().message;
  der.back() ^= 1U;
  EXPECT_EQ(decode_pkcs8(der).error().code, Errc::malformed);
}

TEST(Pkcs8, ReadsEcKeysWithoutTheirPublicKey) {
  const auto key = new_key("ec:p256");
  const auto der = exported(key);
  // PrivateKeyInfo of a P-256 key: the private number stands at a fixed place.
  const BytesView number = BytesView(der).subspan(36, 32);
  Bytes inner;
  append_der(inner, der_tag::integer, Bytes{1});
  append_der(inner, der_tag::octet_string, number);
  Bytes ec;
  append_der(ec, der_tag::sequence, inner);
  Bytes body;
  append_der(body, der_tag::integer, Bytes{0});
  const auto algorithm = from_hex("301306072a8648ce3d020106082a8648ce3d030107");
  body.insert(body.end(), algorithm.begin(), algorithm.end());
  append_der(body, der_tag::octet_string, ec);
  Bytes pkcs8;
  append_der(pkcs8, der_tag::sequence, body);
  EXPECT_EQ(testing::software_key(pkcs8).public_key(), key.public_key());
}

TEST(Pkcs8, RefusesNumbersBeyondTheCurve) {
  auto der = exported(new_key("ec:p256"));
  std::fill_n(der.begin() + 36, 32, 0xFF);
  EXPECT_EQ(decode_pkcs8(der).error().code, Errc::malformed);
  std::fill_n(der.begin() + 36, 32, 0x00);
  EXPECT_EQ(decode_pkcs8(der).error().code, Errc::malformed);
}

TEST(Pkcs8, SaysWhatIsNotSupported) {
  // An algorithm that nobody knows, and RSA with more than two primes.
  EXPECT_EQ(decode_pkcs8(from_hex("300d020100300506032a0304040100")).error().code,
            Errc::unsupported);
  EXPECT_EQ(decode_pkcs8(made_by_openssl({"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_primes:3"}))
                .error()
                .code,
            Errc::unsupported);
}

/// Whether `needle` is anywhere in the writable memory of this process but in `own` itself.
bool in_memory(BytesView needle, const void* own) {
  std::ifstream maps("/proc/self/maps");
  const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  std::string line;
  bool found = false;
  while (!found && std::getline(maps, line)) {
    std::uintptr_t start = 0;
    std::uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx rw", &start, &end) != 2 ||
        line.find(" rw") == std::string::npos) {
      continue;
    }
    std::string content(end - start, '\0');
    const auto size = pread(memory, content.data(), content.size(), static_cast<off_t>(start));
    content.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    for (auto at = content.find(as_text(needle)); at != std::string::npos;
         at = content.find(as_text(needle), at + 1)) {
      const auto address = start + at;
      const auto skipped = reinterpret_cast<std::uintptr_t>(own);
      found |= address != skipped;
    }
    OPENSSL_cleanse(content.data(), content.size());
  }
  close(memory);
  return found;
}

/// The last octets of the private number, hidden from the search by a mask.
struct Hidden {
  explicit Hidden(BytesView octets) {
    for (const auto octet : octets) masked.push_back(static_cast<std::uint8_t>(octet ^ 0xA5U));
  }
  bool leaked(bool reversed) const {
    std::array<std::uint8_t, 16> needle = {};
    for (std::size_t i = 0; i < needle.size(); ++i) {
      const auto from = reversed ? needle.size() - 1 - i : i;
      needle[i] = static_cast<std::uint8_t>(masked[from] ^ 0xA5U);
    }
    const bool found = in_memory(needle, needle.data());
    OPENSSL_cleanse(needle.data(), needle.size());
    return found;
  }
  Bytes masked;
};

TEST(Pkcs8, NothingOfAKeyStaysInMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep freed memory and map too much to search";
#endif
  const std::vector<std::vector<std::string>> kinds = {
      {"-algorithm", "RSA"}, {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}};
  for (const auto& kind : kinds) {
    const Workspace folder;
    auto pkcs8 = read_file(make_by_openssl(folder, kind)).value();
    // In an RSA-2048 key the primes stand in the second half; this is inside the first of them.
    const Hidden hidden(pkcs8.view().subspan(pkcs8.size() > 1000 ? 600 : 45, 16));
    EXPECT_TRUE(hidden.leaked(false)) << "the search finds nothing at all";
    {
      const Key key(make_software_key(std::move(pkcs8), testing::entry_at("file:/k")).value());
      EXPECT_TRUE(key.sign(key.schemes().front(), as_bytes("m")));
    }
    EXPECT_FALSE(hidden.leaked(false)) << kind[1];
    EXPECT_FALSE(hidden.leaked(true)) << kind[1];
  }
}

}  // namespace
}  // namespace keystore
