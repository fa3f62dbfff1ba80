#include "tests/lifecycle/move_fixture.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>

namespace keystore::testing {
namespace {

/// Both made before the first test: SoftHSM finds its tokens when it is initialised.
struct Tokens {
  SoftHsm hsm = SoftHsm("move");
  const SoftHsm::Token& closed = hsm.add_token("closed");
};

Tokens& tokens() {
  static Tokens both;
  return both;
}

std::string access_list(const std::filesystem::path& path) {
  std::string value(1024, '\0');
  const auto size = ::getxattr(path.c_str(), "system.posix_acl_access", value.data(), value.size());
  value.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return value;
}

std::vector<std::string> genpkey_arguments(std::string_view type) {
  const auto colon = type.find(':');
  const auto detail = colon == type.npos ? std::string() : std::string(type.substr(colon + 1));
  if (type.starts_with("rsa"))
    return {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:" + detail};
  if (type.starts_with("ec"))
    return {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + detail};
  return {"-algorithm", std::string(type)};
}

}  // namespace

FileSnapshot snapshot(const std::filesystem::path& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return {.content = "(missing)"};
  return {read_text(path),
          status.st_mode,
          status.st_uid,
          status.st_gid,
          status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
          access_list(path)};
}

void MoveTest::SetUp() {
  if (!SoftHsm::available()) GTEST_SKIP() << "SoftHSM is not installed";
  module().set_faults("");
}

void MoveTest::TearDown() {
  if (IsSkipped()) return;
  module().set_faults("");
}

SoftHsm& MoveTest::hsm() { return tokens().hsm; }

const SoftHsm::Token& MoveTest::closed_token() { return tokens().closed; }

TestToken& MoveTest::module() {
  static TestToken one(hsm());
  return one;
}

std::filesystem::path MoveTest::make_key(std::string_view name, std::string_view type) const {
  const auto path = file(name);
  std::vector<std::string> command = {"openssl", "genpkey", "-out", path.string()};
  const auto arguments = genpkey_arguments(type);
  command.insert(command.end(), arguments.begin(), arguments.end());
  const auto made = run(command);
  EXPECT_TRUE(made.ok()) << made.text();
  return path;
}

std::filesystem::path MoveTest::make_certificate(const std::filesystem::path& key,
                                                 std::string_view name) const {
  const auto path = file(name);
  const auto made = run({"openssl", "req", "-x509", "-key", key.string(), "-subj", "/CN=web",
                         "-days", "3650", "-out", path.string()});
  EXPECT_TRUE(made.ok()) << made.text();
  return path;
}

lifecycle::MoveOptions MoveTest::options() const {
  lifecycle::MoveOptions options;
  options.destination.pin_source = SecretSource::parse(hsm().pin_source()).value();
  options.journal_folder = (workspace_ / "moves").string();
  options.at = std::chrono::sys_seconds(std::chrono::seconds(1'800'000'000));
  return options;
}

lifecycle::MoveRequest MoveTest::request(const std::filesystem::path& source,
                                         std::string_view object) const {
  return {.source = source.string(), .destination = hsm().uri(object)};
}

Result<lifecycle::MoveRecord> MoveTest::move(const std::filesystem::path& source,
                                             std::string_view object) const {
  const auto plan = plan_move(request(source, object), options());
  if (!plan) return Failure(plan.error());
  return run_move(*plan, options());
}

std::vector<Entry> MoveTest::entries(const Query& query) const {
  OpenOptions pin;
  pin.pin_source = SecretSource::parse(hsm().pin_source()).value();
  return open(hsm().uri(), pin).value().find_entries(query).value().items;
}

bool MoveTest::signs(const std::filesystem::path& reference) const {
  const auto store = open(reference.string());
  const auto key = store ? store->key() : Failure(store.error());
  if (!key || key->entry().custody != Custody::token || !key->public_key()) return false;
  const auto scheme = key->schemes().front();
  const auto signature = key->sign(scheme, as_bytes("message"));
  return signature &&
         key->public_key()->verify(spec_of(scheme), as_bytes("message"), *signature).value();
}

std::vector<std::string> MoveTest::names() const {
  std::vector<std::string> names;
  for (const auto& each : std::filesystem::directory_iterator(folder())) {
    if (each.path().filename() != "moves") names.push_back(each.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace keystore::testing
