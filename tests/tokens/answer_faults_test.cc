#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "tests/tokens/loaded_module.h"

namespace keystore::testing {
namespace {

class AnswerFaultRows : public LoadedModule {
 protected:
  void SetUp() override {
    LoadedModule::SetUp();
    if (IsSkipped()) return;
    session_ = session();
    CK_OBJECT_CLASS data = CKO_DATA;
    CK_BBOOL no = CK_FALSE;
    CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &data, sizeof data},
                                 {CKA_PRIVATE, &no, sizeof no},
                                 {CKA_LABEL, const_cast<char*>("label"), 5}};
    ASSERT_EQ(functions_->C_CreateObject(session_, attributes, 3, &object_), CKR_OK);
  }
  /// CKA_LABEL of the object, asked for with this room.
  CK_RV label(std::size_t room) {
    text_.assign(room, '.');
    CK_ATTRIBUTE asked = {CKA_LABEL, text_.data(), room};
    const auto rv = functions_->C_GetAttributeValue(session_, object_, &asked, 1);
    length_ = asked.ulValueLen;
    return rv;
  }
  std::vector<CK_OBJECT_HANDLE> found(CK_ULONG room) {
    std::vector<CK_OBJECT_HANDLE> objects(room);
    CK_ULONG count = 0;
    EXPECT_EQ(functions_->C_FindObjects(session_, objects.data(), room, &count), CKR_OK);
    objects.resize(count);
    return objects;
  }

  CK_SESSION_HANDLE session_ = 0;
  CK_OBJECT_HANDLE object_ = 0;
  std::string text_;
  CK_ULONG length_ = 0;
};

TEST_F(AnswerFaultRows, AttributesHaveOtherValues) {
  EXPECT_EQ(label(8), CKR_OK);
  EXPECT_EQ(text_.substr(0, length_), "label");
  token_->set_faults("attribute 0x3 value=80ff");
  EXPECT_EQ(label(8), CKR_OK);
  EXPECT_EQ(text_.substr(0, length_), "\x80\xff");
  EXPECT_EQ(label(1), CKR_BUFFER_TOO_SMALL);
  token_->set_faults("attribute 0x3 value=");
  EXPECT_EQ(label(8), CKR_OK);
  EXPECT_EQ(length_, 0u);
}

TEST_F(AnswerFaultRows, AttributesAreMissingOrOfNonsensicalLength) {
  token_->set_faults("attribute 0x3 length=0xFFFF");
  EXPECT_EQ(label(5), CKR_OK);
  EXPECT_EQ(text_, "label");
  EXPECT_EQ(length_, 0xFFFFu);
  token_->set_faults("attribute 0x3 missing");
  EXPECT_EQ(label(8), CKR_ATTRIBUTE_TYPE_INVALID);
  EXPECT_EQ(length_, CK_UNAVAILABLE_INFORMATION);
  token_->set_faults("attribute 0x3 class=0 grows");
  EXPECT_EQ(label(1000), CKR_BUFFER_TOO_SMALL);
  token_->set_faults("attribute 0x3 class=3 grows");
  EXPECT_EQ(label(8), CKR_OK);
}

TEST_F(AnswerFaultRows, SearchesNeverEnd) {
  token_->set_faults("answer C_FindObjects again");
  ASSERT_EQ(functions_->C_FindObjectsInit(session_, nullptr, 0), CKR_OK);
  EXPECT_EQ(found(3), std::vector<CK_OBJECT_HANDLE>(3, object_));
  EXPECT_EQ(found(2), std::vector<CK_OBJECT_HANDLE>(2, object_));
  EXPECT_EQ(functions_->C_FindObjectsFinal(session_), CKR_OK);
}

TEST_F(AnswerFaultRows, CountsSayAnything) {
  CK_ULONG count = 0;
  token_->set_faults("answer C_GetSlotList length=77\nanswer C_GetMechanismList length=99");
  EXPECT_EQ(functions_->C_GetSlotList(CK_TRUE, nullptr, &count), CKR_OK);
  EXPECT_EQ(count, 77u);
  EXPECT_EQ(functions_->C_GetMechanismList(slot_, nullptr, &count), CKR_OK);
  EXPECT_EQ(count, 99u);
}

TEST_F(AnswerFaultRows, TokensHaveOtherNames) {
  token_->set_faults("token-text label=1b5b serial=");
  const auto info = token_info();
  EXPECT_EQ(std::string(std::begin(info.label), std::end(info.label)),
            "\x1b[" + std::string(30, ' '));
  EXPECT_TRUE(std::ranges::all_of(info.serialNumber, [](auto c) { return c == ' '; }));
}

}  // namespace
}  // namespace keystore::testing
