#include "keystore/verify/internal/locations.h"

#include <algorithm>

#include "keystore/verify/internal/names.h"

namespace keystore::verify {
namespace {

using AccessPtr = std::unique_ptr<AUTHORITY_INFO_ACCESS, FreeWith<AUTHORITY_INFO_ACCESS_free>>;
using PointsPtr = std::unique_ptr<CRL_DIST_POINTS, FreeWith<CRL_DIST_POINTS_free>>;

constexpr std::size_t most_locations = 4;
constexpr std::size_t longest_location = 2048;

void add(std::vector<std::string>& locations, const GENERAL_NAME& name) {
  if (name.type != GEN_URI || locations.size() == most_locations) return;
  const auto uri = text_of(name.d.uniformResourceIdentifier);
  const auto scheme = lower(uri.substr(0, uri.find(':')));
  if (scheme != "http" && scheme != "https") return;
  // Nothing that could stand for something else, in a request or in a message.
  const bool printable = std::ranges::all_of(
      uri, [](char c) { return c > 0x20 && c < 0x7F && c != '"' && c != '\\'; });
  if (printable && uri.size() <= longest_location) locations.emplace_back(uri);
}

std::vector<std::string> access_locations(const Member& member, int method) {
  const AccessPtr access(static_cast<AUTHORITY_INFO_ACCESS*>(
      X509_get_ext_d2i(member.x509(), NID_info_access, nullptr, nullptr)));
  std::vector<std::string> locations;
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
    const auto* description = sk_ACCESS_DESCRIPTION_value(access.get(), i);
    if (OBJ_obj2nid(description->method) == method) add(locations, *description->location);
  }
  return locations;
}

}  // namespace

std::vector<std::string> issuer_locations(const Member& member) {
  return access_locations(member, NID_ad_ca_issuers);
}

std::vector<std::string> ocsp_locations(const Member& member) {
  return access_locations(member, NID_ad_OCSP);
}

std::vector<std::string> crl_locations(const Member& member) {
  const PointsPtr points(static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(member.x509(), NID_crl_distribution_points, nullptr, nullptr)));
  std::vector<std::string> locations;
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
    const auto* point = sk_DIST_POINT_value(points.get(), i);
    constexpr int full_name = 0;
    if (point->distpoint == nullptr || point->distpoint->type != full_name) continue;
    const auto* names = point->distpoint->name.fullname;
    for (int n = 0; n < sk_GENERAL_NAME_num(names); ++n) {
      add(locations, *sk_GENERAL_NAME_value(names, n));
    }
  }
  return locations;
}

}  // namespace keystore::verify
