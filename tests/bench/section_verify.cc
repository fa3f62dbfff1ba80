#include <fmt/format.h>
#include <openssl/pem.h>

#include <memory>
#include <stdexcept>

#include "keystore/file.h"
#include "keystore/internal/lib_ctx.h"
#include "keystore/internal/openssl_ptr.h"
#include "keystore/verify/verify.h"
#include "tests/bench/sections.h"
#include "tests/bench/server_chains.h"
#include "tests/support/workspace.h"

namespace keystore::bench {
namespace {

using verify::Material;
using verify::Trust;
using verify::VerifyOptions;

std::string host_of(std::size_t number) { return fmt::format("www{}.example.org", number); }

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

void expect(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

X509StorePtr load(const std::string& bundle) {
  X509StorePtr store(X509_STORE_new());
  expect(X509_STORE_load_file_ex(store.get(), bundle.c_str(), private_lib_ctx(), nullptr) == 1,
         bundle);
  return store;
}

X509Ptr read_x509(const std::string& path) {
  const auto file = read_file(path).value();
  const BioPtr text(BIO_new_mem_buf(file.view().data(), static_cast<int>(file.size())));
  auto* made = X509_new_ex(private_lib_ctx(), nullptr);
  PEM_read_bio_X509(text.get(), &made, nullptr, nullptr);
  return X509Ptr(made);
}

void verify_by_openssl(X509_STORE* store, X509* leaf, X509* issuing, const std::string& host) {
  const X509StoreCtxPtr context(X509_STORE_CTX_new_ex(private_lib_ctx(), nullptr));
  const X509sPtr chain(sk_X509_new_null());
  X509_up_ref(issuing);
  sk_X509_push(chain.get(), issuing);
  X509_STORE_CTX_init(context.get(), store, leaf, chain.get());
  auto* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set1_host(param, host.c_str(), 0);
  expect(X509_verify_cert(context.get()) == 1, "X509_verify_cert");
}

/// `cache`: as a batch has it.
Certificate read(const std::string& path, verify::AuthorityCache* cache = nullptr) {
  const auto file = read_file(path).value();
  return verify::read_certificates(path, file.view(), cache).value().front();
}

void verify_by_library(const Trust& trust, const Certificate& leaf, const Certificate& issuing,
                       const std::string& host, bool second_opinion) {
  const VerifyOptions options{.host = host, .second_opinion = second_opinion};
  const auto verdict =
      verify::verify(leaf, {.intermediates = {issuing}}, trust, options, now()).value();
  expect(verdict.trusted, verdict.reason);
}

/// Calls `one` with the number of another chain each time.
Contender each_of(std::string name, std::size_t count, std::function<void(std::size_t)> one) {
  return {std::move(name), [one = std::move(one), count] {
            return [one, count, next = std::size_t{0}]() mutable { one(next++ % count); };
          }};
}

}  // namespace

void measure_verify(const Settings& settings, Report& report) {
  const testing::Workspace workspace;
  const auto chains = make_server_chains(workspace.path(), settings.quick ? 50 : 1000);
  const auto bundle = (workspace / "bundle.pem").string();
  const testing::EnvironmentGuard own_file("SSL_CERT_FILE", bundle);
  const testing::EnvironmentGuard own_folder("SSL_CERT_DIR", std::nullopt);
  report.add("opening system:", 1,
             measure({{"X509_STORE_load_file", [&] { return [&] { load(bundle); }; }},
                      {"library", [] { return [] { verify::system_trust().value(); }; }}},
                     1, settings.effort));

  const auto store = load(bundle);
  const auto trust = verify::system_trust().value();
  verify::AuthorityCache cache;
  const auto by_files = [&](verify::AuthorityCache* kept, bool second_opinion) {
    return [&, kept, second_opinion](std::size_t i) {
      verify_by_library(trust, read(chains[i].leaf, kept), read(chains[i].chain, kept), host_of(i),
                        second_opinion);
    };
  };
  report.add(
      "server chains from files", 1,
      measure({each_of("X509_verify_cert", chains.size(),
                       [&](std::size_t i) {
                         const auto leaf = read_x509(chains[i].leaf);
                         const auto issuing = read_x509(chains[i].chain);
                         verify_by_openssl(store.get(), leaf.get(), issuing.get(), host_of(i));
                       }),
               each_of("library, as a batch", chains.size(), by_files(&cache, false)),
               each_of("library, issuers decoded anew", chains.size(), by_files(nullptr, false)),
               each_of("library and Botan, as a batch", chains.size(), by_files(&cache, true))},
              1, settings.effort));

  std::vector<Certificate> leaves;
  std::vector<X509Ptr> x509s;
  for (const auto& chain : chains) {
    leaves.push_back(read(chain.leaf));
    x509s.push_back(read_x509(chain.leaf));
  }
  const auto issuing = read(chains[0].chain);
  const auto x509_issuing = read_x509(chains[0].chain);
  report.add("server chains that were parsed before", 1,
             measure({each_of("X509_verify_cert", chains.size(),
                              [&](std::size_t i) {
                                verify_by_openssl(store.get(), x509s[i].get(), x509_issuing.get(),
                                                  host_of(i));
                              }),
                      each_of("library", chains.size(),
                              [&](std::size_t i) {
                                verify_by_library(trust, leaves[i], issuing, host_of(i), false);
                              })},
                     1, settings.effort));
}

}  // namespace keystore::bench
