#include "bindings/openssl/provider/key_figures.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace keystore::provider {
namespace {

struct Row {
  KeyType type;
  KeyFigures figures;
};

constexpr std::array rows = {
    Row{KeyType::rsa, {2048, 112, 256}},   Row{KeyType::rsa, {3072, 128, 384}},
    Row{KeyType::rsa, {4096, 152, 512}},   Row{KeyType::ec, {256, 128, 72}},
    Row{KeyType::ec, {384, 192, 104}},     Row{KeyType::ec, {521, 256, 139}},
    Row{KeyType::ed25519, {256, 128, 64}}, Row{KeyType::ed448, {456, 224, 114}},
    Row{KeyType::x25519, {253, 128, 32}},  Row{KeyType::x448, {448, 224, 56}}};

bool is_usual_curve(const KeyShape& shape) {
  return shape.curve == "P-256" || shape.curve == "P-384" || shape.curve == "P-521";
}

}  // namespace

std::optional<KeyFigures> usual_figures(const KeyShape& shape) noexcept {
  if (shape.type == KeyType::ec && !is_usual_curve(shape)) return std::nullopt;
  const auto row = std::ranges::find_if(rows, [&](const Row& known) {
    return known.type == shape.type && known.figures.bits == static_cast<int>(shape.bits);
  });
  return row == rows.end() ? std::nullopt : std::optional(row->figures);
}

KeyFigures figures_of(const EVP_PKEY* pkey) noexcept {
  return {EVP_PKEY_get_bits(pkey), EVP_PKEY_get_security_bits(pkey),
          static_cast<std::size_t>(std::max(0, EVP_PKEY_get_size(pkey)))};
}

}  // namespace keystore::provider
