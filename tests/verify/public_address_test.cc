#include "keystore/verify/internal/public_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <string>

namespace keystore::verify {
namespace {

bool is_public(const std::string& text) {
  sockaddr_storage address = {};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    address.ss_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr), 1) << text;
    address.ss_family = AF_INET6;
  }
  return is_public_address(reinterpret_cast<const sockaddr&>(address));
}

TEST(PublicAddress, RefusesWhatIsNotOfThePublicInternet) {
  for (const auto* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.1.2.3",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.254",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.8",
                           "192.168.1.1",
                           "198.19.0.1",
                           "224.0.0.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "64:ff9b::a00:1",
                           "2002:7f00:1::",
                           "2002:c0a8:101::1",
                           "fe80::1",
                           "fec0::1",
                           "fc00::1",
                           "fdff::1",
                           "ff02::1",
                           "2001::1",
                           "2001:db8::1",
                           "3fff::1"}) {
    EXPECT_FALSE(is_public(text)) << text;
  }
}

TEST(PublicAddress, TakesTheOthers) {
  for (const auto* text :
       {"1.1.1.1", "11.0.0.1", "100.63.255.255", "100.128.0.0", "128.0.0.1", "172.15.255.255",
        "172.32.0.0", "192.169.0.1", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8",
        "64:ff9b::808:808", "2002:808:808::1", "2606:4700::1111", "2a00:1450::1",
        "2001:4860:4860::8888"}) {
    EXPECT_TRUE(is_public(text)) << text;
  }
}

TEST(PublicAddress, RefusesOtherFamilies) {
  EXPECT_FALSE(is_public_address({.sa_family = AF_UNIX}));
}

}  // namespace
}  // namespace keystore::verify
