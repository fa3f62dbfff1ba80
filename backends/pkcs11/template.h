#pragma once

#include <deque>
#include <string_view>
#include <vector>

#include "backends/pkcs11/cryptoki.h"
#include "keystore/bytes.h"

namespace keystore::pkcs11 {

/// Attributes for a search or a new object. Holds numbers and flags itself; octets are copied
/// unless borrowed.
class Template {
 public:
  Template() = default;
  Template(Template&&) = default;  // a copy would point into its original
  Template& operator=(Template&&) = default;
  /// Objects of the token, not of a session: where every search starts.
  static Template on_token() {
    Template result;
    result.flag(CKA_TOKEN, true);
    return result;
  }
  /// Those of one class.
  static Template on_token(CK_OBJECT_CLASS object_class) {
    auto result = on_token();
    result.number(CKA_CLASS, object_class);
    return result;
  }

  Template& number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
    numbers_.push_back(value);
    return borrowed(type, &numbers_.back(), sizeof(CK_ULONG));
  }
  Template& flag(CK_ATTRIBUTE_TYPE type, bool value) {
    flags_.push_back(value ? CK_TRUE : CK_FALSE);
    return borrowed(type, &flags_.back(), sizeof(CK_BBOOL));
  }
  Template& octets(CK_ATTRIBUTE_TYPE type, BytesView value) {
    octets_.emplace_back(value.begin(), value.end());
    return borrowed(type, octets_.back().data(), octets_.back().size());
  }
  Template& text(CK_ATTRIBUTE_TYPE type, std::string_view value) {
    return octets(type, as_bytes(value));
  }
  /// Not copied: secrets, which must live as long as this.
  Template& secret(CK_ATTRIBUTE_TYPE type, BytesView value) {
    return borrowed(type, value.data(), value.size());
  }

  CK_ATTRIBUTE* data() noexcept { return attributes_.data(); }
  CK_ULONG size() const noexcept { return attributes_.size(); }

 private:
  Template& borrowed(CK_ATTRIBUTE_TYPE type, const void* value, std::size_t size) {
    attributes_.push_back({type, const_cast<void*>(value), size});
    return *this;
  }

  std::vector<CK_ATTRIBUTE> attributes_;
  std::deque<CK_ULONG> numbers_;  // deques: what is in them does not move
  std::deque<CK_BBOOL> flags_;
  std::deque<Bytes> octets_;
};

}  // namespace keystore::pkcs11
