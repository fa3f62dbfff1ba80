#pragma once

#include <p11-kit/pkcs11.h>

// What PKCS#11 3.0 and later add to the 2.40 header, with the standard's numbers.
namespace keystore::pkcs11 {

/// CK_INTERFACE (PKCS#11 3.0, 3.3). A "PKCS 11" function list of version 3 starts as the 2.40 one.
struct Interface {
  CK_UTF8CHAR* name = nullptr;
  void* functions = nullptr;
  CK_FLAGS flags = 0;
};

/// C_GetInterface (PKCS#11 3.0, 5.4.5).
using GetInterfaceFunction = CK_RV (*)(CK_UTF8CHAR* name, CK_VERSION* version,
                                       Interface** interface, CK_FLAGS flags);

/// CK_EDDSA_PARAMS (PKCS#11 3.0, 2.3.13).
struct EddsaParams {
  CK_BBOOL prehash = 0;
  CK_ULONG context_length = 0;
  CK_BYTE* context = nullptr;
};

inline constexpr CK_KEY_TYPE ckk_ec_montgomery = 0x41;
inline constexpr CK_MECHANISM_TYPE ckm_sha3_256_rsa_pkcs = 0x60;
inline constexpr CK_MECHANISM_TYPE ckm_sha3_384_rsa_pkcs = 0x61;
inline constexpr CK_MECHANISM_TYPE ckm_sha3_512_rsa_pkcs = 0x62;
inline constexpr CK_MECHANISM_TYPE ckm_sha3_256_rsa_pkcs_pss = 0x63;
inline constexpr CK_MECHANISM_TYPE ckm_sha3_384_rsa_pkcs_pss = 0x64;
inline constexpr CK_MECHANISM_TYPE ckm_sha3_512_rsa_pkcs_pss = 0x65;
inline constexpr CK_MECHANISM_TYPE ckm_sha3_224_rsa_pkcs = 0x66;
inline constexpr CK_MECHANISM_TYPE ckm_sha3_224_rsa_pkcs_pss = 0x67;
inline constexpr CK_MECHANISM_TYPE ckm_ecdsa_sha3_224 = 0x1047;
inline constexpr CK_MECHANISM_TYPE ckm_ecdsa_sha3_256 = 0x1048;
inline constexpr CK_MECHANISM_TYPE ckm_ecdsa_sha3_384 = 0x1049;
inline constexpr CK_MECHANISM_TYPE ckm_ecdsa_sha3_512 = 0x104a;
inline constexpr CK_MECHANISM_TYPE ckm_ec_montgomery_key_pair_gen = 0x1056;
inline constexpr CK_MECHANISM_TYPE ckm_aes_key_wrap_kwp = 0x210b;
inline constexpr CK_MECHANISM_TYPE ckm_aes_key_wrap_pkcs7 = 0x210c;
inline constexpr CK_MECHANISM_TYPE ckm_sha3_256 = 0x2b0;
inline constexpr CK_MECHANISM_TYPE ckm_sha3_224 = 0x2b5;
inline constexpr CK_MECHANISM_TYPE ckm_sha3_384 = 0x2c0;
inline constexpr CK_MECHANISM_TYPE ckm_sha3_512 = 0x2d0;
inline constexpr CK_ULONG ckg_mgf1_sha3_224 = 0x6;
inline constexpr CK_ULONG ckg_mgf1_sha3_256 = 0x7;
inline constexpr CK_ULONG ckg_mgf1_sha3_384 = 0x8;
inline constexpr CK_ULONG ckg_mgf1_sha3_512 = 0x9;
inline constexpr CK_RV ckr_aead_decrypt_failed = 0x42;
inline constexpr CK_RV ckr_token_resource_exceeded = 0x201;
inline constexpr CK_RV ckr_operation_cancel_failed = 0x202;
inline constexpr CK_RV ckr_key_exhausted = 0x203;
// 3.2
inline constexpr CK_RV ckr_pending = 0x204;
inline constexpr CK_RV ckr_session_async_not_supported = 0x205;
inline constexpr CK_RV ckr_seed_random_required = 0x206;
inline constexpr CK_RV ckr_operation_not_validated = 0x207;
inline constexpr CK_RV ckr_token_not_initialized = 0x208;
inline constexpr CK_RV ckr_parameter_set_not_supported = 0x209;

// The header of p11-kit 0.24 has these five at 0x1c0 to 0x1c4; modules return one or the other.
inline constexpr CK_RV ckr_exceeded_max_iterations = 0x1b5;
inline constexpr CK_RV ckr_fips_self_test_failed = 0x1b6;
inline constexpr CK_RV ckr_library_load_failed = 0x1b7;
inline constexpr CK_RV ckr_pin_too_weak = 0x1b8;
inline constexpr CK_RV ckr_public_key_invalid = 0x1b9;

}  // namespace keystore::pkcs11
