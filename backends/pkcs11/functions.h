#pragma once

#include "backends/pkcs11/cryptoki.h"

namespace keystore::pkcs11 {

/// A function of PKCS#11: its name, for traces and errors, and its place in the function list.
template <class Pointer>
struct Function {
  const char* name;
  Pointer CK_FUNCTION_LIST::*place;
};

/// The functions that we call.
namespace function {

inline constexpr Function initialize{"C_Initialize", &CK_FUNCTION_LIST::C_Initialize};
inline constexpr Function get_info{"C_GetInfo", &CK_FUNCTION_LIST::C_GetInfo};
inline constexpr Function get_slot_list{"C_GetSlotList", &CK_FUNCTION_LIST::C_GetSlotList};
inline constexpr Function get_slot_info{"C_GetSlotInfo", &CK_FUNCTION_LIST::C_GetSlotInfo};
inline constexpr Function get_token_info{"C_GetTokenInfo", &CK_FUNCTION_LIST::C_GetTokenInfo};
inline constexpr Function get_mechanism_list{"C_GetMechanismList",
                                             &CK_FUNCTION_LIST::C_GetMechanismList};
inline constexpr Function get_mechanism_info{"C_GetMechanismInfo",
                                             &CK_FUNCTION_LIST::C_GetMechanismInfo};
inline constexpr Function open_session{"C_OpenSession", &CK_FUNCTION_LIST::C_OpenSession};
inline constexpr Function close_session{"C_CloseSession", &CK_FUNCTION_LIST::C_CloseSession};
inline constexpr Function get_session_info{"C_GetSessionInfo", &CK_FUNCTION_LIST::C_GetSessionInfo};
inline constexpr Function login{"C_Login", &CK_FUNCTION_LIST::C_Login};
inline constexpr Function find_objects_init{"C_FindObjectsInit",
                                            &CK_FUNCTION_LIST::C_FindObjectsInit};
inline constexpr Function find_objects{"C_FindObjects", &CK_FUNCTION_LIST::C_FindObjects};
inline constexpr Function find_objects_final{"C_FindObjectsFinal",
                                             &CK_FUNCTION_LIST::C_FindObjectsFinal};
inline constexpr Function get_attribute_value{"C_GetAttributeValue",
                                              &CK_FUNCTION_LIST::C_GetAttributeValue};
inline constexpr Function set_attribute_value{"C_SetAttributeValue",
                                              &CK_FUNCTION_LIST::C_SetAttributeValue};
inline constexpr Function create_object{"C_CreateObject", &CK_FUNCTION_LIST::C_CreateObject};
inline constexpr Function copy_object{"C_CopyObject", &CK_FUNCTION_LIST::C_CopyObject};
inline constexpr Function destroy_object{"C_DestroyObject", &CK_FUNCTION_LIST::C_DestroyObject};
inline constexpr Function generate_key_pair{"C_GenerateKeyPair",
                                            &CK_FUNCTION_LIST::C_GenerateKeyPair};
inline constexpr Function generate_key{"C_GenerateKey", &CK_FUNCTION_LIST::C_GenerateKey};
inline constexpr Function wrap_key{"C_WrapKey", &CK_FUNCTION_LIST::C_WrapKey};
inline constexpr Function unwrap_key{"C_UnwrapKey", &CK_FUNCTION_LIST::C_UnwrapKey};
inline constexpr Function sign_init{"C_SignInit", &CK_FUNCTION_LIST::C_SignInit};
inline constexpr Function sign{"C_Sign", &CK_FUNCTION_LIST::C_Sign};
inline constexpr Function decrypt_init{"C_DecryptInit", &CK_FUNCTION_LIST::C_DecryptInit};
inline constexpr Function decrypt{"C_Decrypt", &CK_FUNCTION_LIST::C_Decrypt};
inline constexpr Function decrypt_final{"C_DecryptFinal", &CK_FUNCTION_LIST::C_DecryptFinal};
inline constexpr Function derive_key{"C_DeriveKey", &CK_FUNCTION_LIST::C_DeriveKey};

}  // namespace function
}  // namespace keystore::pkcs11
