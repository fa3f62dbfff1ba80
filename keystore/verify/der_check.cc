#include "keystore/verify/internal/der_check.h"

#include <algorithm>

#include "keystore/internal/der.h"

namespace keystore::verify {
namespace {

constexpr int deepest = 32;

bool are_sorted(BytesView data, int depth);

bool is_good_primitive(const DerElement& element) {
  const auto& content = element.content;
  switch (element.tag) {
    case 0x01:  // BOOLEAN
      return content.size() == 1 && (content[0] == 0x00 || content[0] == 0xFF);
    case 0x02:  // INTEGER
    case 0x0A:  // ENUMERATED
      if (content.empty()) return false;
      return content.size() == 1 || !((content[0] == 0x00 && content[1] < 0x80) ||
                                      (content[0] == 0xFF && content[1] >= 0x80));
    case 0x03:  // BIT STRING
      if (content.empty() || content[0] > 7) return false;
      return content.size() == 1 ? content[0] == 0
                                 : (content.back() & ((1U << content[0]) - 1)) == 0;
    case 0x05:  // NULL
      return content.empty();
    case 0x06:  // OBJECT IDENTIFIER
      return !content.empty() && content.back() < 0x80;
    default:
      return true;
  }
}

bool are_der(BytesView data, int depth) {
  DerReader reader(data);
  while (!reader.at_end()) {
    const auto element = reader.next();
    if (!element || depth > deepest) return false;
    const bool constructed = (element->tag & 0x20) != 0;
    if (constructed ? !are_der(element->content, depth + 1) : !is_good_primitive(*element)) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool is_der(BytesView data) {
  DerReader reader(data);
  return reader.next() && reader.at_end() && are_der(data, 0);
}

bool sets_are_sorted(BytesView data) { return are_sorted(data, 0); }

namespace {

bool are_sorted(BytesView data, int depth) {
  constexpr std::uint8_t set = 0x31;
  DerReader reader(data);
  while (!reader.at_end()) {
    const auto element = reader.next();
    if (!element || depth > deepest) return false;
    if ((element->tag & 0x20) == 0) continue;
    BytesView last;
    DerReader inner(element->content);
    while (element->tag == set && !inner.at_end()) {
      const auto member = inner.next();
      if (!member || std::ranges::lexicographical_compare(member->whole, last)) return false;
      last = member->whole;
    }
    if (!are_sorted(element->content, depth + 1)) return false;
  }
  return true;
}

}  // namespace
}  // namespace keystore::verify
