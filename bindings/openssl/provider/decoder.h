#pragma once

#include <openssl/core.h>

namespace keystore::provider {

/// PEM to key: finds a key reference (DESIGN.md, section 6). One decoder for keys of all types,
/// because OpenSSL 3.0 asks each decoder that there is several times for its name whenever it reads
/// a certificate's public key.
const OSSL_DISPATCH* decoder_table() noexcept;

/// Its name, and so what OpenSSL takes its output for. OpenSSL collects decoders by what others
/// want as input, and this is what only its decoders of private keys and its file store want (and
/// none gets by mistake: the structure differs). What it collects last it tries first, so this
/// comes before its own PEM decoder, in every order of providers.
inline constexpr const char* decoder_name = "PVK";

}  // namespace keystore::provider
