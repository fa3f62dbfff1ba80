// Threads sign while the token goes through one fault after another, for as many seconds as
// KEYSTORE_SOAK_SECONDS says (20 by default). While a fault lasts every signature is good or an
// error in time, once it is over every signature is good, and sessions, threads, files and memory
// stay what they were.
#include <malloc.h>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "tests/backends/pkcs11/faulty_token.h"

namespace keystore {
namespace {

using testing::alone;
using testing::why;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// `{PIN}` stands for the user PIN.
constexpr std::array faults = {
    "C_Sign code=0x30",
    "C_SignInit code=0xB3 from=5 to=7",
    "C_SignInit code=0x101 on=5",
    "C_SignInit code=0x82 on=5",
    "C_SignInit code=0xE0 from=5 to=20",
    "C_Sign delay=20",
    "C_Sign hang from=3",
    "vanish",
    "vanish code=0x30",
    "session-limit 2",
    "C_OpenSession code=0xB1 sessions=1",
    "C_SignInit logout on=20",
    "C_SignInit close-all-sessions on=20",
    "C_SignInit finalise on=20",
    "C_SignInit new-handles={PIN} on=20",
    "C_SignInit logout on=3\nC_Login code=0x30 on=1",
    "C_SignInit close-all-sessions on=3\nC_FindObjects code=0x30 on=1",
    "answer C_Sign length=0",
    "* delay=200us",
};
/// No fault; C_GetTokenInfo tells how many sessions are open.
constexpr auto calm_rows = "session-limit 1000";

constexpr std::size_t signers = 8;
constexpr auto deadline = milliseconds(500);
constexpr auto grace = std::chrono::seconds(5);  ///< for a machine that is busy
constexpr auto longest_recovery = std::chrono::seconds(30);
constexpr auto length_of_a_fault = milliseconds(300);

std::chrono::seconds time_to_run() {
  const char* text = std::getenv("KEYSTORE_SOAK_SECONDS");
  int seconds = 20;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), seconds);
  return std::chrono::seconds(seconds);
}

std::size_t entries_of(const char* folder) {
  const std::filesystem::directory_iterator all(folder);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// What must not grow.
struct Footprint {
  std::size_t sessions = 0;
  std::size_t threads = entries_of("/proc/self/task");
  std::size_t files = entries_of("/proc/self/fd");
  std::size_t memory = ::mallinfo2().uordblks;  // 0 with sanitizers
};

/// Threads that sign without end and judge what they get.
class Signers {
 public:
  explicit Signers(const Key& key) : key_(key) {
    for (auto& signer : signed_)
      threads_.emplace_back([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) sign(signer);
      });
  }

  /// From here on errors are to be expected, calls that hang among them.
  void expect_errors(bool hang) {
    hanging_ = hang;
    phase_ = phase_ + 1;
    calm_ = false;
  }
  /// From here on there are none. Waits until every thread signed. False: one does not.
  bool sign_well() {
    hanging_ = false;
    phase_ = phase_ + 1;
    calm_ = true;
    std::array<std::uint64_t, signers> before;
    for (std::size_t i = 0; i < signers; ++i) before[i] = signed_[i];
    const auto until = Clock::now() + longest_recovery;
    for (std::size_t i = 0; i < signers; ++i) {
      while (signed_[i] < before[i] + 5) {
        if (Clock::now() > until) return false;
        std::this_thread::sleep_for(milliseconds(1));
      }
    }
    return true;
  }

  std::uint64_t lost() const { return lost_; }
  std::uint64_t bad() const { return bad_; }
  std::uint64_t late() const { return late_; }
  std::uint64_t good() const {
    std::uint64_t sum = 0;
    for (const auto& signer : signed_) sum += signer;
    return sum;
  }

 private:
  void sign(std::atomic<std::uint64_t>& signer) {
    constexpr auto scheme = SignatureScheme::ecdsa_secp256r1_sha256;
    const auto phase = phase_.load();
    const bool calm = calm_;
    const auto start = Clock::now();
    const auto signature = key_.sign(scheme, as_bytes("m"), {.deadline = start + deadline});
    const auto took = Clock::now() - start;
    const bool within = phase == phase_;  // all of it
    if (within && !hanging_ && took > deadline + grace) ++late_;
    if (!signature) {
      if (calm && within && ++lost_ < 10) ADD_FAILURE() << why(signature);
      std::this_thread::sleep_for(milliseconds(1));  // a caller does not ask as fast as it can
      return;
    }
    if (!key_.public_key()->verify(spec_of(scheme), as_bytes("m"), *signature).value_or(false))
      ++bad_;
    ++signer;
  }

  const Key key_;
  std::array<std::atomic<std::uint64_t>, signers> signed_ = {};
  std::atomic<std::uint64_t> phase_ = 0;
  std::atomic<bool> calm_ = true;
  std::atomic<bool> hanging_ = false;
  std::atomic<std::uint64_t> lost_ = 0;
  std::atomic<std::uint64_t> bad_ = 0;
  std::atomic<std::uint64_t> late_ = 0;
  std::vector<std::jthread> threads_;
};

class TokenSoak : public testing::FaultyToken {
 protected:
  void strike(std::string rows) {
    const auto pin = rows.find("{PIN}");
    if (pin != std::string::npos) rows.replace(pin, 5, softhsm_->pin());
    token_->counts().reset();
    token_->set_faults(rows);
    std::this_thread::sleep_for(length_of_a_fault);
    token_->set_faults(calm_rows);
  }
  static bool recovers(const Key& key) {
    const auto until = Clock::now() + longest_recovery;
    while (Clock::now() < until) {
      if (key.sign(scheme, message)) return true;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return false;
  }
  static Footprint footprint() {
    Footprint now;
    auto* functions = other_user();
    CK_TOKEN_INFO info = {};
    EXPECT_EQ(functions->C_GetTokenInfo(first_slot(functions), &info), CKR_OK);
    now.sessions = info.ulSessionCount;
    return now;
  }
};

TEST_F(TokenSoak, LosesNothingAndGrowsNowhere) {
  EXPECT_TRUE(alone([&] {
    token_->set_faults(calm_rows);
    const auto key = open_key();
    ASSERT_TRUE(key) << why(key);
    const auto end = Clock::now() + time_to_run();
    std::mt19937 chance(4711);
    Footprint first;
    std::size_t rounds = 0;
    Signers all(*key);
    for (; rounds < faults.size() + 1 || Clock::now() < end; ++rounds) {
      // First each by itself, then two at a time.
      std::string rows = faults[rounds % faults.size()];
      if (rounds > faults.size()) rows += std::string("\n") + faults[chance() % faults.size()];
      all.expect_errors(rows.find("hang") != std::string::npos);
      strike(rows);
      ASSERT_TRUE(recovers(*key)) << rows;
      ASSERT_TRUE(all.sign_well()) << "a thread is stuck after " << rows;
      ASSERT_EQ(all.lost(), 0u) << rows;
      ASSERT_EQ(all.late(), 0u) << rows;
      const auto now = footprint();
      EXPECT_LE(now.sessions, 2 * signers) << rows;
      EXPECT_LE(now.threads, signers + 3) << rows;
      if (rounds == faults.size()) first = now;
      if (HasFailure()) return;
    }
    const auto last = footprint();
    EXPECT_LE(last.files, first.files);
    // The fault module keeps the rows of every change.
    EXPECT_LE(last.memory, first.memory + (1U << 20) + rounds * 4096);
    EXPECT_EQ(all.bad(), 0u);
    std::printf("%zu faults, %llu signatures, %zu sessions, memory %zu -> %zu\n", rounds,
                static_cast<unsigned long long>(all.good()), last.sessions, first.memory,
                last.memory);
  }));
}

}  // namespace
}  // namespace keystore
