// What a damaged or hostile reference does to a program that loads it: nothing but an error.
#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/err.h>

#include <random>

#include "tests/bindings/openssl/provider_fixture.h"

namespace keystore {
namespace {

using namespace testing;

class HostileReference : public ProviderTest {
 protected:
  static Bytes der() { return reference_->to_der().value(); }
  static std::string pem_of(BytesView der) {
    const BioPtr memory(BIO_new(BIO_s_mem()));
    PEM_write_bio(memory.get(), std::string(Reference::pem_label).c_str(), "", der.data(),
                  static_cast<long>(der.size()));
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
  }

  /// Loads it as programs do. A key that comes of it is looked at; there is an error otherwise.
  void try_pem(const std::string& pem) {
    ERR_clear_error();
    const auto key = load(context_.library.get(), pem);
    if (key) {
      EXPECT_GT(EVP_PKEY_get_bits(key.get()), 0) << pem;
    } else {
      EXPECT_NE(ERR_peek_error(), 0u) << pem;
    }
    ERR_clear_error();
    try_store(pem);
  }

  void try_store(const std::string& text) {
    const BioPtr memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    const OsslStoreCtxPtr store(OSSL_STORE_attach(memory.get(), "file", context_.library.get(),
                                                  nullptr, nullptr, nullptr, nullptr, nullptr,
                                                  nullptr));
    ASSERT_TRUE(store);
    for (int loads = 0; OSSL_STORE_eof(store.get()) == 0 && loads < 10; ++loads) {
      const std::unique_ptr<OSSL_STORE_INFO, FreeWith<OSSL_STORE_INFO_free>> info(
          OSSL_STORE_load(store.get()));
      if (!info) break;
    }
    ERR_clear_error();
  }

  void try_all_changes() {
    const auto good = der();
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (const int change : {0x01, 0x20, 0x80, 0xFF}) {
        auto changed = good;
        changed[i] = static_cast<std::uint8_t>(changed[i] ^ change);
        try_pem(pem_of(changed));
      }
      try_pem(pem_of(BytesView(good).first(i)));
    }
    std::mt19937 random(4711);
    for (int i = 0; i < 300; ++i) {
      auto changed = good;
      for (int n = 0; n < 4; ++n) {
        const auto at = changed.begin() + static_cast<std::ptrdiff_t>(random() % changed.size());
        random() % 2 == 0 ? void(changed.insert(at, static_cast<std::uint8_t>(random())))
                          : void(*at = static_cast<std::uint8_t>(random()));
      }
      try_pem(pem_of(changed));
    }
  }

  void try_all_texts() {
    const auto good = pem_of(der());
    for (std::size_t size = 0; size < good.size(); size += 3) try_pem(good.substr(0, size));
    try_pem(good + std::string(1 << 20, 'A'));
    try_pem("-----BEGIN KEYSTORE KEY REFERENCE-----\n" + std::string(1 << 20, 'A'));
    try_pem("-----BEGIN KEYSTORE KEY REFERENCE-----\n" + good);
    try_pem(std::string(1 << 20, '-') + good);
    try_pem(std::string("\0\0", 2) + good);
    try_store(std::string(as_text(der())) + std::string(1 << 20, '\0'));
    try_store("\x30\x84\xff\xff\xff\xff" + good);
  }

  Context context_;
};

TEST_F(HostileReference, IsAnErrorAndLeavesNothingBehind) {
  const auto in_use = [] { return mallinfo2().uordblks; };
  try_all_changes();
  try_all_texts();
  const auto before = in_use();
  try_all_changes();
  try_all_texts();
  EXPECT_LT(in_use(), before + 64 * 1024);
  const auto key = load(context_.library.get(), pem_of(der()));
  ASSERT_TRUE(key);
  EXPECT_TRUE(signs(context_.library.get(), key.get(), *reference_->public_key));
}

}  // namespace
}  // namespace keystore
