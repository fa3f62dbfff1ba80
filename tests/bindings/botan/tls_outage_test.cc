// A Botan server whose token goes away and comes back.
#include <gmock/gmock.h>

#include "tests/backends/pkcs11/faulty_token.h"
#include "tests/bindings/botan/authority.h"
#include "tests/bindings/botan/handshake.h"

namespace keystore {
namespace {

using ::testing::HasSubstr;
using testing::shake_hands;

class BotanTlsOutage : public testing::FaultyToken {};

TEST_F(BotanTlsOutage, ATokenThatIsAwayFailsHandshakesUntilItIsBack) {
  testing::Authority root("Root");
  const auto key = open_key();
  ASSERT_TRUE(key) << testing::why(key);
  const auto server = botan::credentials({root.certify(*key, "web.test")});
  const auto client = botan::credentials({}, root.trust());
  EXPECT_TRUE(shake_hands(*server, *client).client.established);

  token_->set_faults("vanish");
  const auto failed = shake_hands(*server, *client);
  EXPECT_FALSE(failed.client.established);
  EXPECT_EQ(failed.client.alert, "internal_error");
  ASSERT_TRUE(failed.server.thrown);
  try {
    std::rethrow_exception(failed.server.thrown);
  } catch (const botan::Exception& thrown) {
    EXPECT_EQ(thrown.code(), Errc::not_found) << thrown.what();
    EXPECT_THAT(thrown.what(), HasSubstr("no token 'test'"));
  } catch (const std::exception& other) {
    FAIL() << other.what();
  }

  token_->set_faults("");
  bool back = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!back && std::chrono::steady_clock::now() < deadline) {
    back = shake_hands(*server, *client).client.established;
  }
  EXPECT_TRUE(back);
}

}  // namespace
}  // namespace keystore
