#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keystore/bytes.h"
#include "keystore/error.h"
#include "keystore/result.h"
#include "keystore/secret.h"

namespace keystore::pem {

/// "DEK-Info: AES-256-CBC,0011…": the encryption of traditional keys (RFC 1421, 4.6.1.3).
struct LegacyEncryption {
  std::string cipher = {};
  Bytes iv = {};
};

/// One block of a file, as offsets into its text. A DER file is one block without text around it.
struct Block {
  std::string label = {};      ///< what stands after BEGIN; for DER what its content says
  std::size_t begin = 0;       ///< of the BEGIN line
  std::size_t end = 0;         ///< behind the line end of the END line
  std::size_t body_begin = 0;  ///< of the base64 (or DER) octets
  std::size_t body_end = 0;
  bool der = false;
  std::optional<LegacyEncryption> encryption = {};
  std::vector<Block> parameters = {};  ///< an EC PARAMETERS block just before an EC key
  std::optional<Bytes> member = {};    ///< one of the certificates in a PKCS#7 block, DER
  std::optional<Error> fault = {};     ///< the frame is broken; the body is not to be read
};

/// So many blocks are read of one file.
constexpr std::size_t most_blocks = 100'000;

/// The blocks of a PEM text, broken ones as well, in order: all of them, or more than
/// `most_blocks`. Text between blocks is skipped.
std::vector<Block> scan_blocks(std::string_view text);

/// The octets in the block. Errors: the block's fault; malformed (base64).
Result<Secret> block_octets(const Block& block, std::string_view text);

/// `octets` as a PEM block of that label.
Secret write_block(std::string_view label, BytesView octets);

}  // namespace keystore::pem
