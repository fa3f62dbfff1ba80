#include "backends/pkcs11/digest_mechanisms.h"

#include <algorithm>
#include <array>

namespace keystore::pkcs11 {
namespace {

constexpr std::array rows = {
    DigestMechanisms{Digest::sha1, CKM_SHA_1, CKG_MGF1_SHA1, CKM_SHA1_RSA_PKCS,
                     CKM_SHA1_RSA_PKCS_PSS, CKM_ECDSA_SHA1},
    DigestMechanisms{Digest::sha224, CKM_SHA224, CKG_MGF1_SHA224, CKM_SHA224_RSA_PKCS,
                     CKM_SHA224_RSA_PKCS_PSS, CKM_ECDSA_SHA224},
    DigestMechanisms{Digest::sha256, CKM_SHA256, CKG_MGF1_SHA256, CKM_SHA256_RSA_PKCS,
                     CKM_SHA256_RSA_PKCS_PSS, CKM_ECDSA_SHA256},
    DigestMechanisms{Digest::sha384, CKM_SHA384, CKG_MGF1_SHA384, CKM_SHA384_RSA_PKCS,
                     CKM_SHA384_RSA_PKCS_PSS, CKM_ECDSA_SHA384},
    DigestMechanisms{Digest::sha512, CKM_SHA512, CKG_MGF1_SHA512, CKM_SHA512_RSA_PKCS,
                     CKM_SHA512_RSA_PKCS_PSS, CKM_ECDSA_SHA512},
    DigestMechanisms{Digest::sha3_224, ckm_sha3_224, ckg_mgf1_sha3_224, ckm_sha3_224_rsa_pkcs,
                     ckm_sha3_224_rsa_pkcs_pss, ckm_ecdsa_sha3_224},
    DigestMechanisms{Digest::sha3_256, ckm_sha3_256, ckg_mgf1_sha3_256, ckm_sha3_256_rsa_pkcs,
                     ckm_sha3_256_rsa_pkcs_pss, ckm_ecdsa_sha3_256},
    DigestMechanisms{Digest::sha3_384, ckm_sha3_384, ckg_mgf1_sha3_384, ckm_sha3_384_rsa_pkcs,
                     ckm_sha3_384_rsa_pkcs_pss, ckm_ecdsa_sha3_384},
    DigestMechanisms{Digest::sha3_512, ckm_sha3_512, ckg_mgf1_sha3_512, ckm_sha3_512_rsa_pkcs,
                     ckm_sha3_512_rsa_pkcs_pss, ckm_ecdsa_sha3_512},
};

}  // namespace

std::span<const DigestMechanisms> all_digest_mechanisms() noexcept { return rows; }

const DigestMechanisms* mechanisms_of(Digest digest) noexcept {
  const auto* row = std::ranges::find(rows, digest, &DigestMechanisms::digest);
  return row == rows.end() ? nullptr : row;
}

}  // namespace keystore::pkcs11
