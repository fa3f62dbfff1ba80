#include "keystore/secret_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "keystore/internal/secret_command.h"
#include "tests/support/child.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

namespace fs = std::filesystem;
using keystore::testing::EnvironmentGuard;
using keystore::testing::Workspace;
using ::testing::HasSubstr;
using Kind = SecretSource::Kind;

// What a source gives, or the name of its error.
std::string read_from(const std::string& text) {
  const auto source = SecretSource::parse(text);
  if (!source) return "parse: " + source.error().message;
  const auto secret = source->read({});
  return secret ? std::string(as_text(secret->view()))
                : std::string(to_string(secret.error().code)) + ": " + secret.error().message;
}

TEST(SecretSource, KnowsItsWords) {
  const std::pair<const char*, Kind> rows[] = {
      {"prompt", Kind::prompt}, {"file:/p", Kind::file},     {"fd:3", Kind::fd},
      {"cred:n", Kind::cred},   {"cmd:/bin/x y", Kind::cmd}, {"env:N", Kind::env},
      {"pass:t", Kind::pass},   {"pass:", Kind::pass},
  };
  for (const auto& [text, kind] : rows) {
    const auto source = SecretSource::parse(text);
    ASSERT_TRUE(source) << text << ": " << source.error().message;
    EXPECT_EQ(source->kind(), kind) << text;
    if (kind != Kind::pass) {
      EXPECT_EQ(source->to_string(), text);
    }
  }
  EXPECT_EQ(SecretSource::parse("cmd:/bin/x y")->argument(), "/bin/x y");
}

TEST(SecretSource, RefusesOtherWordsWithoutRepeatingThem) {
  for (const auto* text :
       {"1234", "", "/etc/pin", "prompt:", "prompt:x", "file", "file:", "fd:", "fd:x", "fd:-1",
        "cred:", "cred:../x", "cred:a/b", "cmd:", "env:", "env:A=B", "pas:1234", "PASS:1234"}) {
    const auto source = SecretSource::parse(text);
    ASSERT_FALSE(source) << text;
    EXPECT_EQ(source.error().code, Errc::invalid_argument) << text;
    EXPECT_THAT(source.error().message + source.error().hint, Not(HasSubstr("1234")));
  }
  EXPECT_THAT(SecretSource::parse("x").error().hint, HasSubstr("cred:NAME"));
}

TEST(SecretSource, TakesPathsInAttributes) {
  const auto path_in = [](std::string_view text) {
    const auto source = SecretSource::parse_attribute(text);
    return source && source->kind() == Kind::file ? source->argument() : "none";
  };
  EXPECT_EQ(path_in("/etc/pin"), "/etc/pin");
  EXPECT_EQ(path_in("pin"), "pin");
  EXPECT_EQ(path_in("/etc/odd:name"), "/etc/odd:name");
  EXPECT_EQ(path_in("file:/etc/pin"), "/etc/pin");
  EXPECT_EQ(path_in("file:///etc/pin"), "/etc/pin");
  EXPECT_EQ(SecretSource::parse_attribute("prompt")->kind(), Kind::prompt);
  EXPECT_EQ(SecretSource::parse_attribute("cmd:/bin/x")->kind(), Kind::cmd);
  for (const auto* text : {"file://host/etc/pin", "|/bin/echo", "http://x/pin", "unknown:x", ""}) {
    EXPECT_FALSE(SecretSource::parse_attribute(text)) << text;
  }
}

TEST(SecretSource, SaysWhatDataMayUseAndWhatAServerCanRepeat) {
  for (const auto* text : {"file:/p", "cred:n"}) {
    EXPECT_TRUE(SecretSource::parse(text)->allowed_in_data()) << text;
    EXPECT_TRUE(SecretSource::parse(text)->repeatable()) << text;
  }
  EXPECT_TRUE(SecretSource::parse("prompt")->allowed_in_data());
  EXPECT_FALSE(SecretSource::parse("prompt")->repeatable());
  for (const auto* text : {"fd:3", "cmd:x", "env:N", "pass:t"}) {
    EXPECT_FALSE(SecretSource::parse(text)->allowed_in_data()) << text;
    EXPECT_FALSE(SecretSource::parse(text)->repeatable()) << text;
  }
}

TEST(SecretSource, NeverPrintsAPassphrase) {
  EXPECT_EQ(SecretSource::parse("pass:1234")->to_string(), "pass:…");
}

TEST(SecretSourceRead, DropsOneLineEnd) {
  const Workspace workspace;
  const auto from = [&](std::string_view content) {
    return read_from("file:" + workspace.write("pin", content).string());
  };
  EXPECT_EQ(from("1234"), "1234");
  EXPECT_EQ(from("1234\n"), "1234");
  EXPECT_EQ(from("1234\r\n"), "1234");
  EXPECT_EQ(from("1234\n\n"), "1234\n");
  EXPECT_EQ(from(" 12 34 \n"), " 12 34 ");
  EXPECT_EQ(from("1234\r"), "1234\r");
  for (const auto* empty : {"", "\n", "\r\n"}) {
    EXPECT_THAT(from(empty), HasSubstr("pin_required"));
    EXPECT_THAT(from(empty), HasSubstr("is empty"));
  }
}

TEST(SecretSourceRead, ReportsFilesItCannotRead) {
  const Workspace workspace;
  EXPECT_THAT(read_from("file:" + (workspace / "none").string()), HasSubstr("not_found"));
  EXPECT_THAT(read_from("file:" + workspace.path().string()), HasSubstr("io"));
  const auto large = workspace.write("large", std::string(70000, 'x'));
  EXPECT_THAT(read_from("file:" + large.string()), HasSubstr("malformed"));
}

TEST(SecretSourceRead, ReadsADescriptor) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "geheim\n", 7), 7);
  close(ends[1]);
  const auto text = "fd:" + std::to_string(ends[0]);
  EXPECT_EQ(read_from(text), "geheim");
  EXPECT_THAT(read_from(text), HasSubstr(text + " is empty"));
  close(ends[0]);
  EXPECT_THAT(read_from("fd:987"), HasSubstr("fd:987"));
}

TEST(SecretSourceRead, ReadsAServiceCredential) {
  const Workspace workspace;
  workspace.write("web-pin", "geheim\n");
  {
    const EnvironmentGuard folder("CREDENTIALS_DIRECTORY", workspace.path());
    EXPECT_EQ(read_from("cred:web-pin"), "geheim");
    EXPECT_THAT(read_from("cred:other"), HasSubstr("pin_required: no credential 'other'"));
  }
  const EnvironmentGuard none("CREDENTIALS_DIRECTORY", std::nullopt);
  EXPECT_THAT(read_from("cred:web-pin"), HasSubstr("CREDENTIALS_DIRECTORY"));
}

TEST(SecretSourceRead, ReadsAVariableAndAText) {
  const EnvironmentGuard variable("KEYSTORE_TEST_PIN", "geheim");
  EXPECT_EQ(read_from("env:KEYSTORE_TEST_PIN"), "geheim");
  EXPECT_THAT(read_from("env:KEYSTORE_TEST_UNSET"), HasSubstr("pin_required"));
  EXPECT_EQ(read_from("pass:a b:c"), "a b:c");
  EXPECT_EQ(read_from("pass:"), "");
}

TEST(SecretSourceRead, TakesTheFirstLineOfAProgram) {
  EXPECT_EQ(read_from("cmd:/bin/echo geheim"), "geheim");
  EXPECT_EQ(read_from("cmd:printf one\\ntwo\\n"), "one");
  EXPECT_EQ(read_from("cmd:echo  $HOME;  >x"), "$HOME; >x") << "no shell";
  EXPECT_THAT(read_from("cmd:/bin/true"), HasSubstr("is empty"));
  EXPECT_THAT(read_from("cmd:/nowhere/program"),
              HasSubstr("not_found: cannot run /nowhere/program"));
  EXPECT_THAT(read_from("cmd:/etc/passwd"), HasSubstr("access_denied"));
  EXPECT_THAT(read_from("cmd:/bin/false"), HasSubstr("io: '/bin/false' ended with status 1"));
  EXPECT_THAT(read_from("cmd:head -c 70000 /dev/zero"), HasSubstr("malformed"));
}

TEST(SecretSourceRead, GivesTheProgramNoDescriptorsAndNoInput) {
  const Workspace workspace;
  const auto script = workspace.write(
      "show", "#!/bin/sh\nread line && exit 3\n[ -e /proc/self/fd/200 ] && exit 4\necho nothing\n");
  fs::permissions(script, fs::perms(0700));
  ASSERT_EQ(dup2(STDERR_FILENO, 200), 200);
  EXPECT_EQ(read_from("cmd:" + script.string()), "nothing");
  close(200);
}

TEST(SecretSourceRead, TakesAProgramWhereTheHostHasClosedItsInput) {
  EXPECT_EQ(keystore::testing::status_of_child([] {
              close(STDIN_FILENO);
              EXPECT_EQ(read_from("cmd:echo geheim"), "geheim");
              close(STDOUT_FILENO);
              EXPECT_EQ(read_from("cmd:echo geheim"), "geheim");
            }),
            0);
}

TEST(SecretSourceRead, EndsAProgramThatDoesNotAnswer) {
  const auto start = std::chrono::steady_clock::now();
  const auto secret = read_from_command("sleep 60", std::chrono::milliseconds(50));
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().code, Errc::timed_out);
  EXPECT_THAT(secret.error().message, HasSubstr("'sleep'"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(PinRequest, SaysWhatIsAsked) {
  using What = PinRequest::What;
  EXPECT_EQ((PinRequest{What::token_pin, "prod", {}, true}.prompt()),
            "PIN for token 'prod' (final try)");
  EXPECT_EQ((PinRequest{What::token_pin, "prod", 2, false}.prompt()),
            "PIN for token 'prod' (2 tries left)");
  EXPECT_EQ((PinRequest{What::passphrase, "/k.pem"}.prompt()), "passphrase for '/k.pem'");
  EXPECT_EQ((PinRequest{What::new_pin, "prod"}.prompt()), "new PIN for token 'prod'");
  EXPECT_EQ((PinRequest{What::so_pin, "prod"}.prompt()), "security officer's PIN for token 'prod'");
}

}  // namespace
}  // namespace keystore
