#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "tests/support/process.h"
#include "tests/tokens/loaded_module.h"

namespace keystore::testing {
namespace {

using CountingModule = LoadedModule;

TEST_F(CountingModule, CountsEachFunctionByName) {
  CK_INFO info = {};
  EXPECT_EQ(functions_->C_GetInfo(&info), CKR_OK);
  EXPECT_EQ(functions_->C_GetInfo(&info), CKR_OK);
  EXPECT_EQ(token_->counts().of("C_GetInfo"), 2u);
  EXPECT_EQ(token_->counts().of("C_Initialize"), 1u);
  EXPECT_EQ(token_->counts().of("C_Sign"), 0u);
  EXPECT_EQ(token_->counts().total(), 4u);
}

TEST_F(CountingModule, OffersTheStandardInterfaceOnly) {
  using GetInterface = CK_RV (*)(const unsigned char*, CK_VERSION*, void**, CK_FLAGS);
  const auto get = reinterpret_cast<GetInterface>(dlsym(module_, "C_GetInterface"));
  ASSERT_TRUE(get);
  void* interface = nullptr;
  EXPECT_EQ(get(nullptr, nullptr, &interface, 0), CKR_OK);
  EXPECT_TRUE(interface);
  CK_VERSION three = {3, 0};
  EXPECT_NE(get(nullptr, &three, &interface, 0), CKR_OK);
  EXPECT_NE(get(reinterpret_cast<const unsigned char*>("Vendor"), nullptr, &interface, 0), CKR_OK);
}

TEST_F(CountingModule, HasEveryFunctionOfItsOwn) {
  const auto* first = reinterpret_cast<void* const*>(&functions_->C_Initialize);
  const std::size_t count = function_names.size() - 1;
  EXPECT_EQ(std::set<void*>(first, first + count).size(), count);
  EXPECT_EQ(std::set<void*>(first, first + count).count(nullptr), 0u);
}

TEST_F(CountingModule, AddsUpOverFork) {
  const pid_t child = fork();
  if (child == 0) {
    CK_INFO info = {};
    functions_->C_GetInfo(&info);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(token_->counts().of("C_GetInfo"), 1u);
}

TEST_F(CountingModule, AddsUpOverProcesses) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a plain pkcs11-tool cannot load a module with sanitizers in it";
#endif
  const auto before = token_->counts().of("C_Initialize");
  const auto done = run({"pkcs11-tool", "--module", TestToken::module_path(), "--list-slots"});
  if (done.status == 127) GTEST_SKIP() << "pkcs11-tool is not installed";
  EXPECT_TRUE(done.ok()) << done.text();
  EXPECT_EQ(token_->counts().of("C_Initialize"), before + 1);
}

TEST(TestTokenCounts, PrintsThem) {
  const Workspace workspace;
  const auto file = workspace / "counts";
  CallCounts counts(file);
  counts.add(Function::C_Sign);
  counts.add(Function::C_SignInit);
  const std::string program =
      std::getenv("KEYSTORE_BUILD") + std::string("/tests/tokens/print-counts");
  EXPECT_EQ(run({program, file}).out, "C_Sign 1\nC_SignInit 1\ntotal 2\n");
  EXPECT_EQ(run({program, file, "C_Sign", "total"}).out, "1\n2\n");
  EXPECT_EQ(run({program, file, "C_None"}).status, 2);
}

}  // namespace
}  // namespace keystore::testing
