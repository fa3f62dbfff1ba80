#include "keystore/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <thread>

#include "keystore/backend.h"
#include "keystore/bytes.h"
#include "keystore/result.h"

namespace keystore {
namespace {

TEST(Errc, HasANameForEveryNumber) {
  std::set<std::string_view> names;
  for (int number = 1; number <= 18; ++number) names.insert(to_string(static_cast<Errc>(number)));
  EXPECT_EQ(names.size(), 18U);
  EXPECT_EQ(to_string(Errc::not_found), "not_found");
  EXPECT_EQ(to_string(Errc::pin_locked), "pin_locked");
}

TEST(ErrorFromErrno, TellsWhatFailedOnWhichObjectAndWhy) {
  const auto error = error_from_errno(ENOENT, "open", "read", "/x");
  EXPECT_EQ(error.code, Errc::not_found);
  EXPECT_EQ(error.message, "cannot read /x: no such file or directory");
  EXPECT_EQ(error.cause, (Cause{"system", "open", ENOENT}));
}

TEST(ErrorFromErrno, MapsWhatCallersActOn) {
  EXPECT_EQ(error_from_errno(EACCES, "open", "read", "/x").code, Errc::access_denied);
  EXPECT_EQ(error_from_errno(EPERM, "open", "read", "/x").code, Errc::access_denied);
  EXPECT_EQ(error_from_errno(EEXIST, "open", "write", "/x").code, Errc::already_exists);
  EXPECT_EQ(error_from_errno(ENOSPC, "write", "write", "/x").code, Errc::io);
  EXPECT_EQ(error_from_errno(EIO, "write", "write", "/x").code, Errc::io);
  EXPECT_EQ(error_from_errno(99999, "x", "do", "/x").message, "cannot do /x: error 99999");
}

TEST(Result, ThrowsItsErrorOnDemand) {
  const Result<int> failed = fail(Errc::unavailable, "away", "wait");
  EXPECT_EQ(failed.error().hint, "wait");
  EXPECT_THROW((void)failed.value(), tl::bad_expected_access<Error>);
}

TEST(ToHex, IsLowerCase) {
  const Bytes octets = {0x00, 0x9f, 0xFA};
  EXPECT_EQ(to_hex(octets), "009ffa");
  EXPECT_EQ(to_hex({}), "");
}

TEST(BackendCall, IsOfItsThreadAndNests) {
  EXPECT_FALSE(BackendCall::active());
  {
    const BackendCall outer;
    {
      const BackendCall inner;
      EXPECT_TRUE(BackendCall::active());
    }
    EXPECT_TRUE(BackendCall::active());
    bool elsewhere = true;
    std::thread([&] { elsewhere = BackendCall::active(); }).join();
    EXPECT_FALSE(elsewhere);
  }
  EXPECT_FALSE(BackendCall::active());
}

}  // namespace
}  // namespace keystore
