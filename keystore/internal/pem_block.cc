#include "keystore/internal/pem_block.h"

#include <algorithm>

#include "keystore/internal/openssl_ptr.h"

namespace keystore {
namespace {

constexpr std::size_t line_length = 64;

std::string begin_line(std::string_view label) {
  return "-----BEGIN " + std::string(label) + "-----";
}

std::string end_line(std::string_view label) { return "-----END " + std::string(label) + "-----"; }

/// Where `line` stands at the start of a line; npos if nowhere.
std::size_t find_line(std::string_view text, std::string_view line) {
  auto at = text.find(line);
  while (at != std::string_view::npos && at != 0 && text[at - 1] != '\n') {
    at = text.find(line, at + 1);
  }
  return at;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

Result<Bytes> decode(std::string_view label, std::string_view base64) {
  std::string packed;
  std::ranges::remove_copy_if(base64, std::back_inserter(packed), is_blank);
  const auto padding = packed.size() - std::min(packed.find('='), packed.size());
  const auto malformed = [&] {
    return fail(Errc::malformed, "the PEM block '" + std::string(label) + "' is not base64");
  };
  if (packed.empty() || packed.size() % 4 != 0 || padding > 2) return malformed();
  Bytes der(packed.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(der.data(), reinterpret_cast<const unsigned char*>(packed.data()),
                      static_cast<int>(packed.size()));
  if (size != static_cast<int>(der.size())) return malformed();
  der.resize(der.size() - padding);
  return der;
}

}  // namespace

Result<PemBlock> find_pem_block(std::string_view text, std::span<const std::string_view> labels) {
  std::string_view found;
  auto start = std::string_view::npos;
  for (const auto label : labels) {
    const auto at = find_line(text, begin_line(label));
    if (at < start) {
      start = at;
      found = label;
    }
  }
  if (start == std::string_view::npos) {
    return fail(Errc::not_found, "no PEM block '" + std::string(labels.front()) + "' here");
  }
  const auto body = text.substr(start + begin_line(found).size());
  const auto end = find_line(body, end_line(found));
  if (end == std::string_view::npos) {
    return fail(Errc::malformed, "the PEM block '" + std::string(found) + "' has no end");
  }
  auto der = decode(found, body.substr(0, end));
  if (!der) return Failure(der.error());
  return PemBlock{found, *std::move(der)};
}

std::string to_pem(std::string_view label, BytesView der) {
  std::string base64(((der.size() + 2) / 3 * 4) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()), der.data(),
                                   static_cast<int>(der.size()));
  base64.resize(static_cast<std::size_t>(size));
  std::string text = begin_line(label) + '\n';
  for (std::size_t at = 0; at < base64.size(); at += line_length) {
    text += base64.substr(at, line_length) + '\n';
  }
  return text + end_line(label) + '\n';
}

}  // namespace keystore
