#include "keystore/internal/validity_limit.h"

#include <gtest/gtest.h>

namespace keystore {
namespace {

using namespace std::chrono;

TEST(MostDays, FollowsTheIssueDate) {
  EXPECT_EQ(most_days(sys_days(2026y / March / 14)), 398U);
  EXPECT_EQ(most_days(sys_days(2026y / March / 15)), 200U);
  EXPECT_EQ(most_days(sys_days(2027y / March / 15)), 100U);
  EXPECT_EQ(most_days(sys_days(2029y / March / 15)), 47U);
}

}  // namespace
}  // namespace keystore
