#include "keystore/lifecycle/internal/pem_text.h"

#include <gmock/gmock.h>

namespace keystore::lifecycle {
namespace {

const std::string key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
const std::string certificate = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
const std::string reference =
    "-----BEGIN KEYSTORE KEY REFERENCE-----\nCC\n-----END KEYSTORE KEY REFERENCE-----\n";

TEST(PemBlocks, FindsEveryWholeBlock) {
  const auto text = "note\n" + certificate + key + "-----BEGIN CERTIFICATE-----\ncut off";
  const auto blocks = pem_blocks(text);
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].text, certificate);
  EXPECT_EQ(blocks[1].label, "PRIVATE KEY");
  EXPECT_EQ(blocks[1].text, key);
}

TEST(PemBlocks, TakesCarriageReturnsAndAMissingLastLineEnd) {
  const std::string text = "-----BEGIN EC PRIVATE KEY-----\r\nAA\r\n-----END EC PRIVATE KEY-----";
  const auto blocks = pem_blocks(text);
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_TRUE(holds_private_key(blocks[0]));
  EXPECT_EQ(blocks[0].text, text);
}

// As the PEM store reads them: a key that is seen there and not here would stay in the file.
TEST(PemBlocks, TakesLinesThatEndWithACarriageReturnAlone) {
  const std::string text = "-----BEGIN PRIVATE KEY-----\rAA\r-----END PRIVATE KEY-----\r";
  const auto twice = text + "note\r" + text;
  const auto blocks = pem_blocks(twice);
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].text, text);
  EXPECT_EQ(blocks[1].text, text);
}

TEST(PemBlocks, SkipsAByteOrderMarkAndBlanksAtTheEnd) {
  const std::string text = "-----BEGIN PRIVATE KEY----- \t\nAA\n-----END PRIVATE KEY-----\v\n";
  const auto marked = std::string(byte_order_mark) + text;
  const auto blocks = pem_blocks(marked);
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].text, text);
}

TEST(PemBlocks, FindsNoneInOtherText) {
  EXPECT_TRUE(pem_blocks("").empty());
  EXPECT_TRUE(pem_blocks("-----BEGIN A-----\n-----END B-----\n").empty());
  EXPECT_TRUE(pem_blocks("-----BEGIN -----\n-----END -----\n").empty());
  EXPECT_TRUE(pem_blocks(std::string("\x30\x82\x00\x01", 4)).empty());
}

TEST(WithReference, PutsTheReferenceFirstAndKeepsTheRest) {
  EXPECT_EQ(with_reference(key, reference), reference);
  EXPECT_EQ(with_reference(certificate + key + certificate, reference),
            reference + certificate + certificate);
  EXPECT_EQ(with_reference("subject: web\n" + key + "\n" + certificate, reference),
            reference + "subject: web\n\n" + certificate);
}

TEST(WithReference, LeavesNoByteOrderMarkInTheMiddle) {
  EXPECT_EQ(with_reference(std::string(byte_order_mark) + key + certificate, reference),
            reference + certificate);
  EXPECT_EQ(with_reference(std::string(byte_order_mark) + certificate + key, reference),
            reference + certificate);
}

TEST(WithReference, TakesTheCurveOfTheKeyOut) {
  const std::string curve = "-----BEGIN EC PARAMETERS-----\nDD\n-----END EC PARAMETERS-----\n";
  const std::string group = "-----BEGIN DH PARAMETERS-----\nEE\n-----END DH PARAMETERS-----\n";
  EXPECT_EQ(with_reference(curve + key + group, reference), reference + group);
}

TEST(WithReference, ReplacesBinaryWhole) {
  EXPECT_EQ(with_reference(std::string("\x30\x82\x00\x01", 4), reference), reference);
}

}  // namespace
}  // namespace keystore::lifecycle
