#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>

#include "backends/system/sources.h"
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

}  // namespace

// Its own tool merges and weighs its files: anchors and blocklist come as TRUSTED CERTIFICATE.
void add_p11kit(Listing<TrustAnchor>& found) {
  std::error_code error;
  if (std::ranges::none_of(set_up_by_site,
                           [&](const char* path) { return fs::exists(path, error); })) {
    return;
  }
  const TemporaryFolder folder;
  const auto bundle = (folder.path() / "bundle.pem").string();
  const auto extracted = folder.path().empty()
                             ? fail(Errc::io, "no temporary folder could be made")
                             : run_program({"trust", "extract", "--format=openssl-bundle",
                                            "--filter=trust-policy", bundle},
                                           longest);
  if (extracted) return add_file(bundle, found);
  found.skipped.push_back(extracted.error());
  found.skipped.back().message =
      fmt::format("the trust settings of p11-kit are not read: {}", extracted.error().message);
  if (extracted.error().code == Errc::not_found) {
    found.skipped.back().hint = "install p11-kit, which has the 'trust' program";
  }
}

}  // namespace keystore::system
