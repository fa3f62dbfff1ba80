#include "keystore/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/support/process.h"
#include "tests/support/workspace.h"

namespace keystore {
namespace {

namespace fs = std::filesystem;
using keystore::testing::EnvironmentGuard;
using keystore::testing::Workspace;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

TEST(Config, ReadsEverySection) {
  const auto config = Config::parse(R"([modules.softhsm]
path = "/usr/lib/softhsm/libsofthsm2.so"
env  = { SOFTHSM2_CONF = "/etc/keystore/softhsm2.conf" }

[modules.nss]
path = "/usr/lib/libsoftokn3.so"
args = "configDir='sql:/etc/keystore/nssdb'"

[identities.web]
key   = "pkcs11:token=prod;object=web"
chain = "file:/etc/ssl/web-chain.pem"
pin   = "cred:web-pin"

[identities.group]
key = ["pkcs11:token=a;object=k", "pkcs11:token=b;object=k"]

[policy]
require_token = true
min_rsa_bits  = 2048
module_allow  = ["/usr/lib/softhsm/libsofthsm2.so"]
pin_cache     = "none"

[openssl]
eager = true
static_rsa = true
pin   = "at-use"
async_workers = 4
async_queue   = 64

[log]
to    = "file:/var/log/keystore.log"
level = "debug"
)",
                                    "t.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->origin, "t.toml");
  ASSERT_EQ(config->modules.size(), 2U);
  EXPECT_EQ(config->modules[0].name, "softhsm");
  EXPECT_EQ(config->modules[0].path, "/usr/lib/softhsm/libsofthsm2.so");
  EXPECT_THAT(config->modules[0].env,
              ElementsAre(Pair("SOFTHSM2_CONF", "/etc/keystore/softhsm2.conf")));
  EXPECT_EQ(config->modules[1].args, "configDir='sql:/etc/keystore/nssdb'");
  ASSERT_EQ(config->identities.size(), 2U);
  EXPECT_THAT(config->identities[0].keys, ElementsAre("pkcs11:token=prod;object=web"));
  EXPECT_EQ(config->identities[0].chain, "file:/etc/ssl/web-chain.pem");
  EXPECT_EQ(config->identities[0].pin->to_string(), "cred:web-pin");
  EXPECT_EQ(config->identities[1].keys.size(), 2U);
  EXPECT_FALSE(config->identities[1].pin);
  EXPECT_TRUE(config->policy.require_token);
  EXPECT_EQ(config->policy.min_rsa_bits, 2048U);
  EXPECT_EQ(config->policy.module_allow.size(), 1U);
  EXPECT_EQ(config->policy.pin_cache, PinCache::none);
  EXPECT_TRUE(config->openssl.eager);
  EXPECT_TRUE(config->openssl.static_rsa);
  EXPECT_EQ(config->openssl.pin, PinTime::at_use);
  EXPECT_EQ(config->openssl.async_workers, 4U);
  EXPECT_EQ(config->openssl.async_queue, 64U);
  EXPECT_EQ(config->log.to, "file:/var/log/keystore.log");
  EXPECT_EQ(config->log.level, LogLevel::debug);
}

TEST(Config, HasSafeDefaults) {
  const auto config = Config::parse("", "t.toml");
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->policy.require_token);
  EXPECT_EQ(config->policy.pin_cache, PinCache::memory);
  EXPECT_FALSE(config->openssl.eager);
  EXPECT_FALSE(config->openssl.static_rsa);
  EXPECT_EQ(config->openssl.pin, PinTime::at_load);
  EXPECT_EQ(config->openssl.async_workers, 16U);
  EXPECT_EQ(config->openssl.async_queue, 1024U);
  EXPECT_EQ(config->log.to, "");
}

TEST(Config, KeepsTheOrderOfTheFile) {
  const auto config = Config::parse(
      "[modules.z]\npath='/z'\n[modules.a]\npath='/a'\n[modules.m]\npath='/m'\n", "t.toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->modules[0].name + config->modules[1].name + config->modules[2].name, "zam");
}

struct Refused {
  const char* text;
  const char* place;
  const char* names;
};

TEST(Config, RefusesWithLineAndColumn) {
  const Refused rows[] = {
      {"[modules.x]\npath = '/m.so'\npaht = '/m.so'\n",
       "t.toml:3:1: ", "'modules.x.paht': unknown key"},
      {"[polcy]\n", "t.toml:1:2: ", "'polcy': unknown key"},
      {"eager = true\n", "t.toml:1:1: ", "'eager': unknown key"},
      {"[openssl]\n\n  eager = 'yes'\n", "t.toml:3:11: ", "'openssl.eager': must be true or false"},
      {"[openssl]\npin = 'never'\n", "t.toml:2:7: ", "'openssl.pin'"},
      {"[openssl]\nasync_workers = 0\n",
       "t.toml:2:17: ", "'openssl.async_workers': must be a whole number from 1 to 512"},
      {"[openssl]\nasync_queue = 65537\n",
       "t.toml:2:15: ", "'openssl.async_queue': must be a whole number from 1 to 65536"},
      {"[policy]\nmin_rsa_bits = -1\n", "t.toml:2:16: ", "'policy.min_rsa_bits'"},
      {"[policy]\nmin_rsa_bits = 2048.5\n", "t.toml:2:16: ", "'policy.min_rsa_bits'"},
      {"[policy]\nmodule_allow = [1]\n", "t.toml:2:16: ", "'policy.module_allow'"},
      {"[policy]\nmodule_allow = 'm.so'\n", "t.toml:2:16: ", "absolute"},
      {"[policy]\npin_cache = 'disk'\n", "t.toml:2:13: ", "'policy.pin_cache'"},
      {"[modules.x]\nargs = 'a'\n", "t.toml:1:1: ", "'modules.x.path': must be an absolute path"},
      {"[modules.x]\npath = 'm.so'\n", "t.toml:2:8: ", "absolute"},
      {"[modules.x]\npath='/m'\nenv = { A = 1 }\n", "t.toml:3:13: ", "'modules.x.env.A'"},
      {"[modules]\nx = '/m.so'\n", "t.toml:2:5: ", "'modules.x': must be a table"},
      {"[identities.w]\npin = 'prompt'\n", "t.toml:1:1: ", "'identities.w.key': is missing"},
      {"[identities.w]\nkey = 'pkcs11:token'\n", "t.toml:2:7: ", "offset 12"},
      {"[identities.w]\nkey = '/k'\nchain = 'http://x'\n", "t.toml:3:9: ", "'http:'"},
      {"[identities.w]\nkey = '/k'\npin = '1234'\n", "t.toml:3:7: ", "'identities.w.pin'"},
      {"[log]\nto = 'stdout'\n", "t.toml:2:6: ", "'log.to'"},
      {"[log]\nlevel = 'loud'\n", "t.toml:2:9: ", "'log.level'"},
      {"[log]\nto = \n", "t.toml:2:6: ", ""},
      {"[log]\n[log]\n", "t.toml:2:", ""},
  };
  for (const auto& row : rows) {
    const auto config = Config::parse(row.text, "t.toml");
    ASSERT_FALSE(config) << row.text;
    EXPECT_EQ(config.error().code, Errc::invalid_argument) << row.text;
    EXPECT_THAT(config.error().message, StartsWith(row.place)) << row.text;
    EXPECT_THAT(config.error().message, HasSubstr(row.names)) << row.text;
    EXPECT_THAT(config.error().message, Not(HasSubstr("1234")));
  }
}

TEST(ConfigLoad, SetsTheModulesEnvironmentWhereMissing) {
  const Workspace workspace;
  const EnvironmentGuard missing("KEYSTORE_TEST_MISSING", std::nullopt);
  const EnvironmentGuard present("KEYSTORE_TEST_PRESENT", "kept");
  const auto path =
      workspace.write("config.toml",
                      "[modules.m]\npath = '/m.so'\n"
                      "env = { KEYSTORE_TEST_MISSING = 'set', KEYSTORE_TEST_PRESENT = 'lost' }\n");
  const auto config = Config::load(path);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->origin, path);
  EXPECT_STREQ(std::getenv("KEYSTORE_TEST_MISSING"), "set");
  EXPECT_STREQ(std::getenv("KEYSTORE_TEST_PRESENT"), "kept");
}

TEST(ConfigLoad, NamesTheFile) {
  const Workspace workspace;
  const auto missing = Config::load(workspace / "none.toml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::invalid_argument);
  EXPECT_THAT(missing.error().message, HasSubstr("none.toml"));
  const auto wrong = Config::load(workspace.write("bad.toml", "x = 1\n"));
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("bad.toml:1:1"));
  EXPECT_EQ(Config::load(workspace.path()).error().code, Errc::io);
}

TEST(ConfigPath, PrefersTheVariableThenTheHomeFolder) {
  const Workspace workspace;
  fs::create_directories(workspace / ".config/keystore");
  const auto own = workspace.write(".config/keystore/config.toml", "");
  const EnvironmentGuard home("HOME", workspace.path());
  {
    const EnvironmentGuard named("KEYSTORE_CONFIG", "/somewhere/else.toml");
    EXPECT_EQ(Config::default_path(), "/somewhere/else.toml");
  }
  const EnvironmentGuard unnamed("KEYSTORE_CONFIG", std::nullopt);
  EXPECT_EQ(Config::default_path(), own);
  fs::remove(own);
  EXPECT_NE(Config::default_path(), own);
}

// A set-user-id program must not let its user choose the modules it loads.
#if !defined(__SANITIZE_ADDRESS__)  // its leak check ends such a program with an error
TEST(ConfigPath, IgnoresTheUserInASetUserIdProgram) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to make a set-user-id program";
  const Workspace workspace;
  fs::permissions(workspace.path(), fs::perms(0755));
  const auto program = workspace / "config_path";
  fs::copy_file(fs::read_symlink("/proc/self/exe").parent_path() / "config_path", program);
  const std::vector<std::string> environment = {"KEYSTORE_CONFIG=" +
                                                (workspace / "mine.toml").string()};
  const auto plain = keystore::testing::run({program}, {.environment = environment});
  EXPECT_EQ(plain.out, (workspace / "mine.toml").string() + "\n") << plain.text();

  ASSERT_EQ(chown(program.c_str(), 65534, 65534), 0);
  fs::permissions(program, fs::perms(04755));
  const auto raised = keystore::testing::run({program}, {.environment = environment});
  ASSERT_TRUE(raised.ok()) << raised.text();
  EXPECT_THAT(raised.out, Not(HasSubstr("mine.toml"))) << "is the folder mounted nosuid?";
}
#endif

TEST(ProcessConfig, IsReadOnceAndKept) {
  const Workspace workspace;
  const auto path = workspace.write("config.toml", "[policy]\nmin_rsa_bits = 3072\n");
  const EnvironmentGuard named("KEYSTORE_CONFIG", path);
  const auto first = process_config();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ((*first)->policy.min_rsa_bits, 3072U);
  workspace.write("config.toml", "[policy]\nmin_rsa_bits = 4096\n");
  EXPECT_EQ(process_config()->get(), first->get());
}

}  // namespace
}  // namespace keystore
