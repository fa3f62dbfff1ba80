#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>

#include "tests/bindings/openssl/test_authority.h"
#include "tests/bindings/openssl/tls_handshake.h"

namespace keystore::testing {

/// What a Rotator reports, taken in order.
class Reports {
 public:
  openssl::RotationOptions options(bool notify = true) {
    return {.report =
                [this](const openssl::RotationReport& report) {
                  const std::lock_guard lock(mutex_);
                  reports_.push_back(report);
                  more_.notify_all();
                },
            .settle = std::chrono::milliseconds(20),
            .poll = notify ? std::chrono::milliseconds(10'000) : std::chrono::milliseconds(20),
            .notify = notify};
  }
  openssl::RotationReport next() {
    std::unique_lock lock(mutex_);
    if (!more_.wait_for(lock, std::chrono::seconds(30), [&] { return !reports_.empty(); })) {
      throw std::runtime_error("nothing is reported");
    }
    auto report = reports_.front();
    reports_.pop_front();
    return report;
  }
  /// The subject that is shown next, whatever fails before.
  std::string next_leaf() {
    for (;;) {
      if (const auto report = next(); report.leaf) return report.leaf->subject();
    }
  }
  Error next_error() {
    const auto report = next();
    return report.error.value_or(Error{Errc::internal, "no error"});
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<openssl::RotationReport> reports_;
};

/// A server's files web.key and web.crt, which tests replace.
class RotationFixture : public ::testing::Test {
 protected:
  openssl::TlsOptions serving(const std::filesystem::path& key,
                              const std::filesystem::path& certificates) const {
    return {.identities = {{.key = key.string(), .certificates = certificates.string()}}};
  }
  openssl::TlsOptions serving() const { return serving(folder_ / "web.key", folder_ / "web.crt"); }

  IssuedFiles make(const std::string& subject, const std::string& type = "P-256") const {
    return authority_.make(subject, type, {.subject = subject});
  }
  /// As most tools do it: a new file takes the place of the old one.
  void replace(const std::filesystem::path& target, const std::filesystem::path& source) const {
    std::filesystem::copy_file(source, target.string() + ".new",
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(target.string() + ".new", target);
  }
  /// web.key and web.crt are those of `subject` from now on.
  void install(const IssuedFiles& files) const {
    replace(folder_ / "web.crt", files.certificates);
    replace(folder_ / "web.key", files.key);
  }

  std::string shown(const Context& context) const {
    const SslCtxPtr connecting(SSL_CTX_new(TLS_client_method()));
    const auto result = shake_hands(context.get(), connecting.get());
    return result.done ? result.server_shown : result.errors;
  }

  const Workspace folder_;
  const TestAuthority authority_{folder_, "ca"};
  Reports reports_;
};

inline openssl::Rotator started(const Context& context, openssl::RotationOptions options) {
  if (!context.configured) throw std::runtime_error(context.configured.error().message);
  return openssl::Rotator::start(context.get(), std::move(options)).value();
}

}  // namespace keystore::testing
