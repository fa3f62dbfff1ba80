#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "backends/system/sources.h"
#include "backends/system/store.h"
#include "backends/system/system.h"

namespace keystore::system {
namespace {

namespace fs = std::filesystem;

constexpr std::array bundles = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};
constexpr std::string_view lower_case_hexadecimal = "0123456789abcdef";
constexpr auto folder = "/etc/ssl/certs";
/// Where update-ca-certificates(8) takes the certificates of the bundle from.
constexpr std::array bundled = {"/usr/share/ca-certificates/", "/usr/local/share/ca-certificates/"};

Result<Narrowing> narrowing_of(const Uri& uri);
void add_folder(const std::string& path, bool beside_bundle, Listing<TrustAnchor>& found);
bool is_fingerprint(std::string_view text);
bool consists_of(std::string_view text, std::string_view set);
bool is_hash_name(const std::string& name);
bool in_bundle(const fs::path& link);

}  // namespace

Result<std::shared_ptr<StoreBackend>> open(const Uri& uri, const OpenContext& context) {
  auto narrowing = narrowing_of(uri);
  if (!narrowing) return Failure(narrowing.error());
  return std::make_shared<SystemStore>(*std::move(narrowing),
                                       context.options.config->system.certdata);
}

void add_bundle_and_folder(Listing<TrustAnchor>& found) {
  const char* own_file = secure_getenv("SSL_CERT_FILE");
  const char* own_folder = secure_getenv("SSL_CERT_DIR");
  if (own_file != nullptr) add_file(own_file, found);
  // Some environments name the usual places.
  const bool usual = own_file != nullptr && own_folder != nullptr &&
                     bundles.front() == std::string_view(own_file) &&
                     folder == std::string_view(own_folder);
  if (own_folder != nullptr) add_folder(own_folder, usual, found);
  if (own_file != nullptr || own_folder != nullptr) return;
  std::error_code error;
  const auto* bundle =
      std::ranges::find_if(bundles, [&](const char* path) { return fs::exists(path, error); });
  if (bundle != bundles.end()) add_file(*bundle, found);
  add_folder(folder, bundle == bundles.begin(), found);
}

namespace {

Result<Narrowing> narrowing_of(const Uri& uri) {
  Narrowing narrowing;
  for (const auto& [name, value] : uri.query_attributes()) {
    if (name == "purpose") {
      const auto purpose = parse_purpose(value);
      if (!purpose) return Failure(purpose.error());
      narrowing.purpose = *purpose;
    } else if (name == "sha256") {
      if (!is_fingerprint(value)) {
        return fail(Errc::invalid_argument,
                    fmt::format("sha256 '{}' is not 64 digits in lower-case hexadecimal", value));
      }
      narrowing.sha256 = value;
    } else {
      return fail(Errc::invalid_argument, fmt::format("system: URIs have no attribute '{}'", name));
    }
  }
  return narrowing;
}

void add_folder(const std::string& path, bool beside_bundle, Listing<TrustAnchor>& found) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator i(path, error), end; !error && i != end; i.increment(error)) {
    if (!is_hash_name(i->path().filename())) continue;
    if (!beside_bundle || !in_bundle(i->path())) files.push_back(i->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    found.skipped.push_back(error_from_errno(error.value(), "readdir", "read", path));
  }
  std::ranges::sort(files);
  for (const auto& file : files) add_file(file, found);
}

bool is_fingerprint(std::string_view text) {
  return text.size() == 64 && consists_of(text, lower_case_hexadecimal);
}

bool consists_of(std::string_view text, std::string_view set) {
  return !text.empty() && text.find_first_not_of(set) == text.npos;
}

/// "1a2b3c4d.0", as openssl-rehash(1) names them; CRLs are "1a2b3c4d.r0".
bool is_hash_name(const std::string& name) {
  const std::string_view text = name;
  const auto dot = text.find('.');
  return dot == 8 && consists_of(text.substr(0, dot), lower_case_hexadecimal) &&
         consists_of(text.substr(dot + 1), "0123456789");
}

/// A link to a file beside it, itself a link to where the bundle's certificates are.
bool in_bundle(const fs::path& link) {
  std::error_code error;
  auto target = fs::read_symlink(link, error);
  if (error) return false;
  if (target.is_relative()) target = fs::read_symlink(link.parent_path() / target, error);
  return !error && std::ranges::any_of(bundled, [&](const char* prefix) {
    return target.native().starts_with(prefix);
  });
}

}  // namespace
}  // namespace keystore::system
