#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>

#include "backends/system/p11kit_dump.h"
#include "backends/system/sources.h"
#include "keystore/file.h"
#include "keystore/internal/run_program.h"
#include "keystore/internal/temporary_folder.h"

namespace keystore::system {
namespace {

namespace fs = std::filesystem;

/// Without one of these p11-kit's trust is the bundle, which is read already.
constexpr std::array set_up_by_site = {"/etc/pkcs11/modules/p11-kit-trust.module",
                                       "/etc/pki/ca-trust/source"};

/// The tool reads a few files; it hangs only where something is broken.
constexpr auto longest = std::chrono::seconds(10);

Result<void> add_policy(const fs::path& folder, Listing<TrustAnchor>& found);
Result<void> add_times(const fs::path& folder, Listing<TrustAnchor>& found);

}  // namespace

void add_p11kit(Listing<TrustAnchor>& found) {
  std::error_code error;
  if (std::ranges::none_of(set_up_by_site,
                           [&](const char* path) { return fs::exists(path, error); })) {
    return;
  }
  const TemporaryFolder folder;
  Result<void> done =
      folder.path().empty() ? fail(Errc::io, "no temporary folder could be made") : Result<void>();
  if (done) done = add_policy(folder.path(), found);
  if (done) done = add_times(folder.path(), found);
  if (done) return;
  found.skipped.push_back(done.error());
  found.skipped.back().message =
      fmt::format("the trust settings of p11-kit are not read: {}", done.error().message);
  if (done.error().code == Errc::not_found) {
    found.skipped.back().hint = "install p11-kit, which has the 'trust' program";
  }
}

namespace {

/// Its own tool merges and weighs its files: anchors and blocklist come as TRUSTED CERTIFICATE.
Result<void> add_policy(const fs::path& folder, Listing<TrustAnchor>& found) {
  const auto bundle = (folder / "bundle.pem").string();
  const auto extracted = run_program(
      {"trust", "extract", "--format=openssl-bundle", "--filter=trust-policy", bundle}, longest);
  if (extracted) add_file(bundle, found);
  return extracted;
}

/// Which cannot say until when; that is in its own format.
Result<void> add_times(const fs::path& folder, Listing<TrustAnchor>& found) {
  const auto file = (folder / "dump").string();
  const auto dumped = run_program({"trust", "dump", "--filter=certificates"}, longest, file);
  if (!dumped) return dumped;
  const auto content = read_file(file);
  if (!content) return Failure(content.error());
  auto dump = read_p11kit_dump("trust dump", as_text(content->view()));
  std::ranges::move(dump.skipped, std::back_inserter(found.skipped));
  // What is no anchor does not become one by that.
  for (const auto& times : dump.items) {
    for (auto& anchor : found.items) {
      if (anchor.certificate == times.certificate) anchor.merge(times);
    }
  }
  return {};
}

}  // namespace
}  // namespace keystore::system
