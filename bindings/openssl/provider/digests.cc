#include "bindings/openssl/provider/digests.h"

#include <strings.h>

#include <string>

#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_ptr.h"

namespace keystore::provider {
namespace {

struct Row {
  const char* usual_name;  ///< as libssl says it: found without asking OpenSSL
  const char* name;
  Digest digest;
};

constexpr std::array<Row, 12> rows = {{
    {"SHA256", "SHA2-256", Digest::sha256},
    {"SHA384", "SHA2-384", Digest::sha384},
    {"SHA512", "SHA2-512", Digest::sha512},
    {"SHA1", "SHA1", Digest::sha1},
    {"SHA224", "SHA2-224", Digest::sha224},
    {"MD5-SHA1", "MD5-SHA1", Digest::none},
    {"SHA3-256", "SHA3-256", Digest::sha3_256},
    {"SHA3-384", "SHA3-384", Digest::sha3_384},
    {"SHA3-512", "SHA3-512", Digest::sha3_512},
    {"SHA3-224", "SHA3-224", Digest::sha3_224},
    {"SHA512-224", "SHA2-512/224", Digest::sha512_224},
    {"SHA512-256", "SHA2-512/256", Digest::sha512_256},
}};

bool same(std::string_view a, const char* b) {
  return a.size() == std::char_traits<char>::length(b) && strncasecmp(a.data(), b, a.size()) == 0;
}

DigestChoice choice(const Row& row, const EVP_MD* md) {
  return {.md = md, .digest = row.digest, .is_md5_sha1 = row.digest == Digest::none};
}

}  // namespace

Digests::~Digests() {
  for (auto& slot : fetched_) EvpMdPtr(slot.load());
}

DigestChoice Digests::find(std::string_view name) const {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (same(name, rows[i].usual_name) || same(name, rows[i].name))
      return choice(rows[i], fetched(i));
  }
  const std::string text(name);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto* md = fetched(i);
    if (md != nullptr && EVP_MD_is_a(md, text.c_str())) return choice(rows[i], md);
  }
  return {};
}

const EVP_MD* Digests::md(Digest digest) const {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].digest == digest) return fetched(i);
  }
  return nullptr;
}

const EVP_MD* Digests::fetched(std::size_t index) const {
  auto& slot = fetched_[index];
  if (auto* known = slot.load(std::memory_order_acquire)) return known;
  EvpMdPtr mine(EVP_MD_fetch(private_lib_ctx(), rows[index].name, nullptr));
  EVP_MD* expected = nullptr;
  if (slot.compare_exchange_strong(expected, mine.get())) return mine.release();
  return expected;
}

}  // namespace keystore::provider
