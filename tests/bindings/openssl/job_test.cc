// Operations of our keys inside OpenSSL's asynchronous jobs (ASYNC_start_job(3)).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <openssl/async.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <vector>

#include "bindings/openssl/tls/tls.h"
#include "tests/bindings/openssl/file_keys.h"
#include "tests/support/child.h"
#include "tests/support/gated_key.h"

namespace keystore {
namespace {

using testing::FileKey;
using testing::Gate;
using testing::gated;
using testing::new_gate;
using testing::status_of_child;
using testing::Workspace;
using WaitCtxPtr = std::unique_ptr<ASYNC_WAIT_CTX, FreeWith<ASYNC_WAIT_CTX_free>>;

const Bytes message(1000, 0x5A);

std::vector<OSSL_ASYNC_FD> descriptors(ASYNC_WAIT_CTX* context) {
  std::size_t count = 0;
  ASYNC_WAIT_CTX_get_all_fds(context, nullptr, &count);
  std::vector<OSSL_ASYNC_FD> fds(count);
  ASYNC_WAIT_CTX_get_all_fds(context, fds.data(), &count);
  return fds;
}

bool readable(int fd, int patience_ms = 0) {
  pollfd asked = {.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&asked, 1, patience_ms) == 1;
}

/// A job that runs `body`, as an event loop has them run.
class Job {
 public:
  explicit Job(ASYNC_WAIT_CTX* context, std::function<bool()> body)
      : context_(context), body_(std::move(body)) {}

  /// ASYNC_PAUSE or ASYNC_FINISH.
  int resume() {
    auto* self = this;
    return ASYNC_start_job(&job_, context_, &result_, run, &self, sizeof self);
  }
  /// Resumes it whenever its descriptor is readable, to its end; false where nobody wakes it.
  bool finish() {
    for (;;) {
      const int state = resume();
      if (state != ASYNC_PAUSE) return state == ASYNC_FINISH && result_ == 1;
      ++pauses_;
      if (!readable(descriptors(context_).front(), 20'000)) return false;
    }
  }
  int pauses() const noexcept { return pauses_; }

 private:
  static int run(void* argument) { return (*static_cast<Job**>(argument))->body_() ? 1 : 0; }

  ASYNC_JOB* job_ = nullptr;
  ASYNC_WAIT_CTX* context_;
  std::function<bool()> body_;
  int result_ = -1;
  int pauses_ = 0;
};

/// A signature that is made in one or more steps, with nothing on the stack of the job.
struct Signing {
  explicit Signing(const Key& key, const char* digest = "SHA256")
      : pkey(openssl::pkey(key).value()), context(EVP_MD_CTX_new()), signature(1024) {
    EXPECT_EQ(EVP_DigestSignInit_ex(context.get(), nullptr, digest, nullptr, nullptr, pkey.get(),
                                    nullptr),
              1);
  }
  bool sign() {
    auto size = signature.size();
    const bool good =
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1;
    if (good) signature.resize(size);
    return good;
  }
  bool verifies(const FileKey& key, const char* digest = "SHA256") const {
    const EvpMdCtxPtr checking(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit_ex(checking.get(), nullptr, digest, nullptr, nullptr,
                                   key.plain().get(), nullptr) == 1 &&
           EVP_DigestVerify(checking.get(), signature.data(), signature.size(), message.data(),
                            message.size()) == 1;
  }

  openssl::PkeyPtr pkey;
  EvpMdCtxPtr context;
  Bytes signature;
};

class JobTest : public ::testing::Test {
 protected:
  Workspace folder_;
  FileKey key_{folder_, "P-256"};
  WaitCtxPtr context_{ASYNC_WAIT_CTX_new()};
};

TEST_F(JobTest, PausesWhileASignatureIsMade) {
  for (const std::string type : {"RSA", "P-256", "P-384", "ED25519", "ED448"}) {
    const FileKey key(folder_, type);
    const auto* digest = type.starts_with("ED") ? nullptr : "SHA256";
    Signing signing(key.key(), digest);
    Job job(context_.get(), [&] { return signing.sign(); });
    EXPECT_TRUE(job.finish()) << type;
    EXPECT_GE(job.pauses(), 1) << type;
    EXPECT_TRUE(signing.verifies(key, digest)) << type;
  }
}

TEST_F(JobTest, PausesWhileASecretIsDecryptedOrDerived) {
  const FileKey rsa(folder_, "RSA");
  Bytes ciphertext(256);
  {
    const EvpPkeyCtxPtr encrypting(EVP_PKEY_CTX_new(rsa.plain().get(), nullptr));
    auto size = ciphertext.size();
    ASSERT_EQ(EVP_PKEY_encrypt_init(encrypting.get()), 1);
    ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(encrypting.get(), RSA_PKCS1_OAEP_PADDING), 1);
    ASSERT_EQ(EVP_PKEY_encrypt(encrypting.get(), ciphertext.data(), &size, message.data(), 32), 1);
  }
  const auto rsa_pkey = openssl::pkey(rsa.key()).value();
  const EvpPkeyCtxPtr decrypting(EVP_PKEY_CTX_new(rsa_pkey.get(), nullptr));
  ASSERT_EQ(EVP_PKEY_decrypt_init(decrypting.get()), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(decrypting.get(), RSA_PKCS1_OAEP_PADDING), 1);
  Bytes plain(256);
  std::size_t plain_size = plain.size();
  Job decryption(context_.get(), [&] {
    return EVP_PKEY_decrypt(decrypting.get(), plain.data(), &plain_size, ciphertext.data(),
                            ciphertext.size()) == 1;
  });
  EXPECT_TRUE(decryption.finish());
  EXPECT_GE(decryption.pauses(), 1);
  plain.resize(plain_size);
  EXPECT_EQ(plain, Bytes(32, 0x5A));

  const FileKey other(folder_, "P-256");
  const auto ec_pkey = openssl::pkey(key_.key()).value();
  const EvpPkeyCtxPtr deriving(EVP_PKEY_CTX_new(ec_pkey.get(), nullptr));
  ASSERT_EQ(EVP_PKEY_derive_init(deriving.get()), 1);
  ASSERT_EQ(EVP_PKEY_derive_set_peer(deriving.get(), other.plain().get()), 1);
  Bytes shared(32);
  std::size_t shared_size = shared.size();
  Job derivation(context_.get(),
                 [&] { return EVP_PKEY_derive(deriving.get(), shared.data(), &shared_size) == 1; });
  EXPECT_TRUE(derivation.finish());
  EXPECT_GE(derivation.pauses(), 1);
  EXPECT_EQ(BytesView(shared).size(), key_.key().derive(*other.key().public_key()).value().size());
}

TEST_F(JobTest, WithoutAJobNothingIsQueued) {
  auto& gate = new_gate();
  gate.open();
  Signing signing(gated(key_.key(), gate));
  EXPECT_TRUE(signing.sign());
  EXPECT_TRUE(signing.verifies(key_));
  EXPECT_TRUE(descriptors(context_.get()).empty());
}

TEST_F(JobTest, OneDescriptorServesAllOperationsOfAWaitContext) {
  int fd = -1;
  for (int round = 0; round < 5; ++round) {
    Signing signing(key_.key());
    Job job(context_.get(), [&] { return signing.sign(); });
    ASSERT_TRUE(job.finish());
    const auto fds = descriptors(context_.get());
    ASSERT_EQ(fds.size(), 1u);
    EXPECT_TRUE(fd == -1 || fd == fds.front());
    fd = fds.front();
    EXPECT_FALSE(readable(fd)) << "left over from an operation that is done";
  }
  context_.reset();
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1) << "not closed with its context";
}

TEST_F(JobTest, PausesWithAnEmptyErrorQueueAndMayBeResumedEarly) {
  auto& gate = new_gate();
  Signing signing(gated(key_.key(), gate));
  Job job(context_.get(), [&] { return signing.sign(); });
  for (int early = 0; early < 100; ++early) {
    ASSERT_EQ(job.resume(), ASYNC_PAUSE);
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
  gate.open();
  EXPECT_TRUE(job.finish());
  EXPECT_TRUE(signing.verifies(key_));
}

TEST_F(JobTest, RaisesTheErrorOfTheOperationWhenItIsResumed) {
  auto& gate = new_gate();
  gate.open();
  Signing signing(gated(key_.key(), gate, Error{Errc::unavailable, "the token is away"}));
  Job job(context_.get(), [&] { return signing.sign(); });
  EXPECT_FALSE(job.finish());
  EXPECT_EQ(job.pauses(), 1);
  const char* text = nullptr;
  int flags = 0;
  ERR_peek_error_all(nullptr, nullptr, nullptr, &text, &flags);
  EXPECT_STREQ(text, "the token is away");
  ERR_clear_error();
}

TEST_F(JobTest, WaitsWhereTheHostForbidsPausing) {
  Signing signing(key_.key());
  Job job(context_.get(), [&] {
    ASYNC_block_pause();
    const bool good = signing.sign();
    ASYNC_unblock_pause();
    return good;
  });
  EXPECT_TRUE(job.finish());
  EXPECT_EQ(job.pauses(), 0);
  EXPECT_TRUE(signing.verifies(key_));
}

TEST_F(JobTest, CallsTheCallbackOfTheEventLoop) {
  std::atomic<int> called = 0;
  ASYNC_WAIT_CTX_set_callback(
      context_.get(), [](void* counter) { return ++*static_cast<std::atomic<int>*>(counter); },
      &called);
  Signing signing(key_.key());
  Job job(context_.get(), [&] { return signing.sign(); });
  EXPECT_TRUE(job.finish());
  EXPECT_EQ(ASYNC_WAIT_CTX_get_status(context_.get()), ASYNC_STATUS_OK);
  context_.reset();
  EXPECT_EQ(called, 1);
}

TEST_F(JobTest, TwoJobsMayShareAWaitContext) {
  auto& first_gate = new_gate();
  auto& second_gate = new_gate();
  Signing first(gated(key_.key(), first_gate));
  Signing second(gated(key_.key(), second_gate));
  Job first_job(context_.get(), [&] { return first.sign(); });
  Job second_job(context_.get(), [&] { return second.sign(); });
  ASSERT_EQ(first_job.resume(), ASYNC_PAUSE);
  ASSERT_EQ(second_job.resume(), ASYNC_PAUSE);
  second_gate.open();
  EXPECT_TRUE(second_job.finish());
  first_gate.open();
  EXPECT_TRUE(first_job.finish());
  EXPECT_TRUE(first.verifies(key_) && second.verifies(key_));
}

TEST_F(JobTest, WhenTheConnectionIsFreedWhilePausedNothingOfOursStays) {
  auto& gate = new_gate();
  std::weak_ptr<const KeyBackend> backend;
  std::vector<std::unique_ptr<Job>> lost;  // OpenSSL 3.0 frees no paused job
  const auto workers = static_cast<int>(OpensslConfig{}.async_workers);
  for (int i = 0; i < workers + 14; ++i) {  // one for each worker, and more that wait for one
    auto gated_key = std::make_shared<const testing::GatedKey>(key_.key(), gate);
    backend = gated_key;
    WaitCtxPtr context(ASYNC_WAIT_CTX_new());
    Signing signing{Key(std::move(gated_key))};
    lost.push_back(std::make_unique<Job>(context.get(), [&] { return signing.sign(); }));
    ASSERT_EQ(lost.back()->resume(), ASYNC_PAUSE);
    const int fd = descriptors(context.get()).front();
    if (i < workers) gate.await(i + 1);
    context.reset();
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
  }
  // The last ones were not begun: their keys go with the pool's next look at its queue.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!backend.expired() && std::chrono::steady_clock::now() < until) ::usleep(1000);
  EXPECT_TRUE(backend.expired());
  gate.open();
  Signing after(key_.key());
  Job job(context_.get(), [&] { return after.sign(); });
  EXPECT_TRUE(job.finish());
}

TEST_F(JobTest, AForkedChildLosesWhatItsParentBeganAndGoesOn) {
  auto& gate = new_gate();
  Signing signing(gated(key_.key(), gate));
  Job job(context_.get(), [&] { return signing.sign(); });
  ASSERT_EQ(job.resume(), ASYNC_PAUSE);
  EXPECT_EQ(status_of_child([&] {
              EXPECT_EQ(job.resume(), ASYNC_FINISH);
              const char* text = "";
              int flags = 0;
              ERR_peek_error_all(nullptr, nullptr, nullptr, &text, &flags);
              EXPECT_THAT(text, ::testing::HasSubstr("forked"));
              // The same context, with a descriptor of its own now.
              Signing own(key_.key());
              Job next(context_.get(), [&] { return own.sign(); });
              EXPECT_TRUE(next.finish());
              EXPECT_TRUE(own.verifies(key_));
              context_.reset();
            }),
            0);
  gate.open();
  EXPECT_TRUE(job.finish());
  EXPECT_TRUE(signing.verifies(key_));
}

TEST_F(JobTest, AProcessEndsWithJobsPaused) {
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(status_of_child([&] {
                static std::vector<std::unique_ptr<Signing>> signing;
                static std::vector<std::unique_ptr<Job>> jobs;
                static std::vector<WaitCtxPtr> contexts;
                for (int i = 0; i < 20; ++i) {
                  signing.push_back(std::make_unique<Signing>(key_.key()));
                  contexts.emplace_back(ASYNC_WAIT_CTX_new());
                  jobs.push_back(std::make_unique<Job>(contexts.back().get(),
                                                       [i] { return signing.at(i)->sign(); }));
                  EXPECT_EQ(jobs.back()->resume(), ASYNC_PAUSE);
                }
              }),
              0);
  }
}

}  // namespace
}  // namespace keystore
