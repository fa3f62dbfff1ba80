#include "backends/pem/blocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backends/pem/base64.h"
#include "backends/pem/form.h"
#include "backends/pem/object_file.h"

namespace keystore::pem {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string decoded(std::string_view body, Lines lines = Lines::any) {
  const auto octets = decode_base64(body, lines);
  return octets ? std::string(as_text(octets->view())) : "refused";
}

TEST(PemBase64, DecodesEveryLayoutOfLines) {
  EXPECT_EQ(decoded("aGVsbG8="), "hello");
  EXPECT_EQ(decoded("aGVs\nbG8=\n"), "hello");
  EXPECT_EQ(decoded("aGVs\r\nbG8=\r\n"), "hello");
  EXPECT_EQ(decoded("a\nG\nV s\nb\tG8 =\n"), "hello");
  EXPECT_EQ(decoded("aGk=\n-- a remark\n"), "hi");
  EXPECT_EQ(decoded(""), "");
}

TEST(PemBase64, RefusesWhatIsNotWhole) {
  for (const char* bad : {"aGVsbG8", "aGVsbG8==", "a===", "====", "aGk=aGk=", "aG=k",
                          "aGVs\n\nbG8=", "aGV*", "aGVs\n=", "aGk=\n=", "aGk=\nx"}) {
    EXPECT_EQ(decoded(bad), "refused") << bad;
  }
}

TEST(PemBase64, IsStrictWhereHeadersStand) {
  const std::string line(64, 'A');
  EXPECT_EQ(decoded(line + "\naGk=\n", Lines::strict), std::string(48, '\0') + "hi");
  EXPECT_EQ(decoded(line + "AAAA\n", Lines::strict), "refused");
  EXPECT_EQ(decoded("AAAA\nAAAA\n", Lines::strict), "refused");
  EXPECT_EQ(decoded("AA AA\n", Lines::strict), "refused");
}

TEST(PemBase64, WritesWhatItReads) {
  for (std::size_t size = 0; size < 200; ++size) {
    Bytes octets(size);
    for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::uint8_t>(i * 7 + size);
    const Secret text = encode_base64(octets);
    EXPECT_EQ(decoded(as_text(text.view()), Lines::strict), as_text(octets)) << size;
  }
}

TEST(PemBlocks, KeepsWhereEachBlockStands) {
  const std::string text =
      "junk\n-----BEGIN A-----\naGk=\n-----END A-----\r\nmore\n-----BEGIN B-----\n-----END B-----";
  const auto blocks = scan_blocks(text);
  ASSERT_THAT(blocks, SizeIs(2));
  EXPECT_EQ(blocks[0].label, "A");
  EXPECT_EQ(text.substr(0, blocks[0].begin), "junk\n");
  EXPECT_EQ(text.substr(blocks[0].end, blocks[1].begin - blocks[0].end), "more\n");
  EXPECT_EQ(blocks[1].end, text.size());
  EXPECT_EQ(as_text(block_octets(blocks[0], text)->view()), "hi");
}

std::vector<std::string> faults(std::string_view text) {
  std::vector<std::string> found;
  for (const auto& block : scan_blocks(text)) {
    found.push_back(block.label + ": " + (block.fault ? block.fault->message : "good"));
  }
  return found;
}

TEST(PemBlocks, SaysWhatIsWrongWithAFrameAndGoesOn) {
  EXPECT_THAT(faults("-----BEGIN A-----\naGk=\n"), ElementsAre("A: it has no END line"));
  EXPECT_THAT(faults("-----BEGIN A-----\naGk=\n-----BEGIN B-----\naGk=\n-----END B-----\n"),
              ElementsAre("A: it has no END line", "B: good"));
  EXPECT_THAT(
      faults("-----BEGIN A-----\naGk=\n-----END B-----\n-----BEGIN C-----\n-----END C-----"),
      ElementsAre("A: it ends as 'B'", "C: good"));
  EXPECT_THAT(faults("-----BEGIN A----\n-----BEGIN -----\n ----BEGIN A-----"), ElementsAre());
}

TEST(PemBlocks, ReadsTheHeadersOfATraditionalKey) {
  const auto blocks = scan_blocks(
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00fF\n\n"
      "aGk=\n-----END RSA PRIVATE KEY-----\n");
  ASSERT_THAT(blocks, SizeIs(1));
  ASSERT_TRUE(blocks[0].encryption);
  EXPECT_EQ(blocks[0].encryption->cipher, "AES-128-CBC");
  EXPECT_EQ(blocks[0].encryption->iv, (Bytes{0x00, 0xff}));
  EXPECT_TRUE(is_encrypted(blocks[0]));
}

TEST(PemBlocks, RefusesBrokenHeaders) {
  const auto with = [](std::string_view headers) {
    const std::string text =
        "-----BEGIN A-----\n" + std::string(headers) + "\naGk=\n-----END A-----";
    return faults(text).at(0);
  };
  EXPECT_THAT(with("Proc-Type: 4,ENCRYPTED\n"), HasSubstr("headers are broken"));
  EXPECT_THAT(with("DEK-Info: AES-128-CBC,00\n"), HasSubstr("headers are broken"));
  for (const char* info : {"AES-128-CBC", "AES-128-CBC,", "AES-128-CBC,0", "AES-128-CBC,0g"}) {
    EXPECT_THAT(with("Proc-Type: 4,ENCRYPTED\nDEK-Info: " + std::string(info) + "\n"),
                HasSubstr("DEK-Info header is broken"))
        << info;
  }
  EXPECT_EQ(with("Comment: mine\n"), "A: good");
}

TEST(PemBlocks, AreBoundedInNumber) {
  std::string text;
  for (std::size_t i = 0; i < most_blocks + 10; ++i) text += "-----BEGIN A-----\n";
  EXPECT_THAT(scan_blocks(text), SizeIs(most_blocks + 1));
  const auto file = ObjectFile::parse("/x.pem", Secret::copy_of(text));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::unsupported);
  EXPECT_THAT(file.error().message, HasSubstr("/x.pem"));
}

TEST(PemBlocks, WritesLinesOf64Characters) {
  const Bytes octets(60);
  const Secret block = write_block("X", octets);
  EXPECT_EQ(as_text(block.view()), "-----BEGIN X-----\n" + std::string(64, 'A') + "\n" +
                                       std::string(16, 'A') + "\n-----END X-----\n");
}

}  // namespace
}  // namespace keystore::pem
