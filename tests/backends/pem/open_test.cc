#include "backends/pem/open.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keystore/registry.h"
#include "tests/backends/pem/data.h"

namespace keystore {
namespace {

using testing::code_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::open_path;
using testing::plain_options;
using testing::read_text;
using testing::test_file;
using testing::why;
using testing::with_passphrase;
using testing::Workspace;
using testing::write_text;

struct KeyFile {
  std::string name;
  KeyType type;
  std::string curve = {};
};

class PemKeyFile : public ::testing::TestWithParam<KeyFile> {};

TEST_P(PemKeyFile, HoldsTheOneKey) {
  const auto key = open_path(test_file(GetParam().name), with_passphrase()).key();
  ASSERT_TRUE(key) << why(key);
  EXPECT_EQ(key->type(), GetParam().type);
  EXPECT_EQ(key->entry().shape->curve, GetParam().curve);
  EXPECT_EQ(key->label(), test_file(GetParam().name).stem());
  EXPECT_TRUE(key->entry().extractable);
  EXPECT_EQ(key->uri(), Uri::from_path(test_file(GetParam().name).string()));
}

// Cut anywhere, a file gives an error or no key: never half a key, never a crash.
TEST_P(PemKeyFile, CutOffAnywhereGivesNoKey) {
  const Workspace workspace;
  const std::string whole = read_text(test_file(GetParam().name));
  const std::size_t least = whole.size() - (whole.ends_with('\n') ? 1 : 0);
  for (std::size_t size = 0; size < least; size += size + 32 < least ? 16 : 1) {
    const auto path = workspace.write("cut.pem", whole.substr(0, size));
    const auto keys = open_path(path, with_passphrase()).find_keys();
    if (keys && keys->items.empty()) continue;
    ASSERT_FALSE(keys) << "a key from " << size << " of " << whole.size() << " octets";
    const auto code = keys.error().code;
    EXPECT_TRUE(code == Errc::malformed || code == Errc::unsupported || code == Errc::pin_incorrect)
        << size << ": " << why(keys);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, PemKeyFile,
                         ::testing::Values(KeyFile{"rsa.pem", KeyType::rsa},
                                           KeyFile{"rsa-pss.pem", KeyType::rsa},
                                           KeyFile{"ec-p-256.pem", KeyType::ec, "P-256"},
                                           KeyFile{"ec-p-384.pem", KeyType::ec, "P-384"},
                                           KeyFile{"ec-p-521.pem", KeyType::ec, "P-521"},
                                           KeyFile{"ed25519.pem", KeyType::ed25519},
                                           KeyFile{"ed448.pem", KeyType::ed448},
                                           KeyFile{"x25519.pem", KeyType::x25519},
                                           KeyFile{"rsa-traditional.pem", KeyType::rsa},
                                           KeyFile{"rsa-traditional-aes256.pem", KeyType::rsa},
                                           KeyFile{"rsa-traditional.der", KeyType::rsa},
                                           KeyFile{"ec-with-parameters.pem", KeyType::ec, "P-256"},
                                           KeyFile{"ec-private-only.pem", KeyType::ec, "P-256"},
                                           KeyFile{"dsa-traditional.pem", KeyType::dsa},
                                           KeyFile{"ec-pbes1.pem", KeyType::ec, "P-256"},
                                           KeyFile{"ec-pbes2.pem", KeyType::ec, "P-256"},
                                           KeyFile{"ec-pbes2.der", KeyType::ec, "P-256"},
                                           KeyFile{"ec-scrypt.pem", KeyType::ec, "P-256"},
                                           KeyFile{"ec.der", KeyType::ec, "P-256"},
                                           KeyFile{"gnutls-pkcs8.pem", KeyType::ec, "P-256"},
                                           KeyFile{"gnutls-ed25519.pem", KeyType::ed25519}),
                         [](const auto& file) {
                           std::string name = file.param.name;
                           std::ranges::replace_if(
                               name, [](char c) { return !isalnum(c); }, '_');
                           return name;
                         });

std::vector<std::string> described(const Listing<Entry>& found) {
  std::vector<std::string> lines;
  for (const auto& entry : found.items) {
    const auto index = entry.uri.query_attribute("index").value_or("-");
    lines.push_back(std::string(to_string(entry.kind)) + " " + std::string(index));
  }
  return lines;
}

TEST(PemOpen, NumbersTheObjectsOfAFile) {
  const auto found = open_path(test_file("combined.pem")).find_entries();
  ASSERT_TRUE(found) << why(found);
  EXPECT_THAT(described(*found),
              ElementsAre("private-key 1", "certificate 2", "certificate 3", "certificate 4"));
  EXPECT_THAT(found->skipped, IsEmpty());
}

TEST(PemOpen, IndexNarrowsToOneObject) {
  const auto uri = Uri::from_path(test_file("combined.pem").string());
  const auto second = open(uri.with_query_attribute("index", "2"), plain_options());
  EXPECT_EQ(second->find_certificates()->items.front().subject(), "CN=web.example");
  EXPECT_EQ(code_of(second->key()), Errc::not_found);
  const auto fifth = open(uri.with_query_attribute("index", "5"), plain_options());
  EXPECT_THAT(fifth->find_entries()->items, IsEmpty());
  for (const char* bad : {"0", "-1", "x", "1x", "99999999999999999999"}) {
    EXPECT_EQ(code_of(open(uri.with_query_attribute("index", bad), plain_options())),
              Errc::invalid_argument)
        << bad;
  }
}

TEST(PemOpen, GivesTheIdentityOfACombinedFile) {
  const auto identity = open_path(test_file("combined.pem")).identity();
  ASSERT_TRUE(identity) << why(identity);
  EXPECT_EQ(identity->leaf().subject(), "CN=web.example");
  EXPECT_EQ(identity->chain().size(), 1U);
}

TEST(PemOpen, FindsByEveryPartOfAQuery) {
  const auto store = open_path(test_file("combined.pem"));
  const auto key = store.key();
  EXPECT_EQ(store.find_entries({.label = "combined"})->items.size(), 4U);
  EXPECT_THAT(store.find_entries({.label = "other"})->items, IsEmpty());
  EXPECT_THAT(store.find_entries({.id = Bytes{1}})->items, IsEmpty());
  EXPECT_THAT(described(*store.find_entries({.public_key = key->public_key()})),
              ElementsAre("private-key 1", "certificate 2"));
  EXPECT_EQ(store.find_entries({.kind = EntryKind::certificate})->items.size(), 3U);
  EXPECT_EQ(store.find_keys({.public_key = key->public_key()})->items.size(), 1U);
}

TEST(PemOpen, ReadsCertificatesAndPublicKeysInEveryForm) {
  const auto subject = [](std::string_view name) {
    return open_path(test_file(name)).find_certificates()->items.front().subject();
  };
  EXPECT_EQ(subject("web.pem"), "CN=web.example");
  EXPECT_EQ(subject("web.der"), "CN=web.example");
  EXPECT_EQ(subject("root-trusted.pem"), subject("root.pem"));
  const auto key = open_path(test_file("ec-p-256.pem")).key();
  for (const char* name : {"ec-public.pem", "ec-public.der"}) {
    const auto found = open_path(test_file(name)).find_entries();
    ASSERT_TRUE(found) << why(found);
    EXPECT_EQ(found->items.at(0).kind, EntryKind::public_key);
    EXPECT_EQ(found->items.at(0).public_key, key->public_key());
  }
}

TEST(PemOpen, RefusesForeignFilesByName) {
  const auto refused = [](std::string_view name) {
    return open_path(test_file(name)).find_entries();
  };
  EXPECT_EQ(code_of(refused("openssh.pem")), Errc::unsupported);
  EXPECT_THAT(refused("openssh.pem").error().message, HasSubstr("OPENSSH PRIVATE KEY"));
  const Workspace workspace;
  const auto putty = workspace.write("x.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\n");
  EXPECT_THAT(open_path(putty).find_keys().error().message, HasSubstr("PuTTY"));
}

TEST(PemOpen, SaysWhatIsWrongWithAFile) {
  const Workspace workspace;
  EXPECT_EQ(code_of(open_path(workspace / "none.pem").find_entries()), Errc::not_found);
  EXPECT_THAT(why(open_path(workspace / "none.pem").key()), HasSubstr("none.pem"));
  for (const char* content : {"", "\n", "garbage", "0\x82", "-----BEGIN PRIVATE KEY-----"}) {
    const auto path = workspace.write("bad.pem", content);
    EXPECT_EQ(code_of(open_path(path).find_entries()), Errc::malformed) << content;
    EXPECT_EQ(code_of(open_path(path).key()), Errc::malformed) << content;
    EXPECT_THAT(why(open_path(path).key()), HasSubstr("bad.pem"));
  }
  OpenOptions create = plain_options();
  create.create = true;
  EXPECT_THAT(open_path(workspace / "none.pem", create).find_entries()->items, IsEmpty());
}

TEST(PemOpen, IgnoresRequestsAndParameters) {
  const auto found = open_path(test_file("request.pem")).find_entries();
  ASSERT_TRUE(found) << why(found);
  EXPECT_THAT(found->items, IsEmpty());
  EXPECT_THAT(found->skipped, IsEmpty());
}

TEST(PemOpen, OneBadBlockDoesNotHideTheGoodOnes) {
  const Workspace workspace;
  const auto path = workspace.write(
      "mixed.pem", "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n" +
                       read_text(test_file("ec-p-256.pem")) + read_text(test_file("openssh.pem")));
  const auto found = open_path(path).find_entries();
  ASSERT_TRUE(found) << why(found);
  EXPECT_THAT(described(*found), ElementsAre("private-key 2"));
  ASSERT_EQ(found->skipped.size(), 2U);
  EXPECT_EQ(found->skipped[0].code, Errc::malformed);
  EXPECT_EQ(found->skipped[1].code, Errc::unsupported);
  EXPECT_TRUE(open_path(path).key());
}

TEST(PemOpen, ReadsTextAsOtherSystemsWriteIt) {
  const Workspace workspace;
  const std::string plain = read_text(test_file("combined.pem"));
  std::string crlf;
  for (const char c : plain) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  std::string one_line;
  for (const char c : read_text(test_file("ec.der"))) one_line += c;
  const auto count = [&](const std::string& text) {
    const auto found = open_path(workspace.write("t.pem", text)).find_entries();
    return found ? found->items.size() : 0;
  };
  EXPECT_EQ(count(crlf), 4U);
  EXPECT_EQ(count("\xef\xbb\xbf" + plain), 4U);
  EXPECT_EQ(count("Bag Attributes\n  x: y\n\n" + plain + "\n\nbye\n"), 4U);
  EXPECT_EQ(count(plain.substr(0, plain.size() - 1)), 4U);
  EXPECT_EQ(count("-----BEGIN NOTHING\n" + plain), 4U);
}

TEST(PemOpen, RefusesUnknownAttributesByName) {
  const auto store = open("file:/tmp/x.pem?module-path=/x.so", plain_options());
  EXPECT_FALSE(store);
}

TEST(PemFolder, ListsEveryFileAndSaysWhichAreBad) {
  const Workspace workspace;
  workspace.write("b.pem", read_text(test_file("combined.pem")));
  workspace.write("a.key", read_text(test_file("ed25519.pem")));
  workspace.write("readme.txt", "hello");
  workspace.write(".hidden.pem", read_text(test_file("rsa.pem")));
  std::filesystem::create_directory(workspace / "sub");
  write_text(workspace / "sub" / "c.pem", read_text(test_file("rsa.pem")));
  const auto found = open_path(workspace.path()).find_entries();
  ASSERT_TRUE(found) << why(found);
  ASSERT_EQ(found->items.size(), 5U);
  EXPECT_EQ(found->items[0].label, "a");
  EXPECT_EQ(found->items[0].uri, Uri::from_path((workspace / "a.key").string()));
  EXPECT_EQ(found->items[1].label, "b");
  ASSERT_EQ(found->skipped.size(), 1U);
  EXPECT_THAT(found->skipped[0].message, HasSubstr("readme.txt"));
}

TEST(PemFolder, FindsKeyAndCertificateInDifferentFiles) {
  const Workspace workspace;
  workspace.write("web.key", read_text(test_file("ec-p-256.pem")));
  workspace.write("other.key", read_text(test_file("ed25519.pem")));
  workspace.write("web.crt", read_text(test_file("web.pem")) + read_text(test_file("issuer.pem")));
  const auto store = open_path(workspace.path());
  EXPECT_EQ(code_of(store.key()), Errc::ambiguous);
  const auto identity = store.identity({.label = "web"});
  ASSERT_TRUE(identity) << why(identity);
  EXPECT_EQ(identity->chain().size(), 1U);
}

TEST(PemFolder, AsksOnlyForThePassphraseOfTheKeyThatIsWanted) {
  const Workspace workspace;
  workspace.write("one.key", read_text(test_file("ec-pbes2.pem")));
  workspace.write("two.key", read_text(test_file("ec-scrypt.pem")));
  std::vector<std::string> asked;
  OpenOptions options = plain_options();
  options.pin = [&](const PinRequest& request) {
    asked.push_back(request.object);
    return Secret::copy_of(testing::test_passphrase);
  };
  EXPECT_TRUE(open_path(workspace.path(), options).key({.label = "two"}));
  EXPECT_THAT(asked, ElementsAre((workspace / "two.key").string()));
}

}  // namespace
}  // namespace keystore
