#include <algorithm>
#include <map>

#include "backends/pkcs11/public_half.h"
#include "backends/pkcs11/rv_table.h"

namespace keystore::pkcs11 {
namespace {

struct Candidate {
  const Object* object = nullptr;
  PublicKey key;
};
using Candidates = std::vector<Candidate>;

/// What ties the halves of a pair: the id, without one the label.
CK_ATTRIBUTE_TYPE tie_of(const Object& key) {
  return key.octets(CKA_ID).empty() ? CKA_LABEL : CKA_ID;
}

bool same_octets(const Object& a, const Object& b, CK_ATTRIBUTE_TYPE type) {
  return std::ranges::equal(a.octets(type), b.octets(type));
}

bool agree(const Candidates& candidates) {
  return std::ranges::all_of(candidates, [&](const Candidate& candidate) {
    return candidate.key == candidates.front().key;
  });
}

/// The one among those with the tie of `key`. Ids are not unique on every token; a wrong half would
/// do more harm than none.
std::optional<PublicHalf> choose(const Object& key, const Candidates& candidates) {
  const auto shape = shape_of(key);
  Candidates fitting;
  std::ranges::copy_if(candidates, std::back_inserter(fitting), [&](const Candidate& candidate) {
    const auto& other = candidate.key.shape();
    return other.type == shape.type && (shape.bits == 0 || other.bits == shape.bits);
  });
  if (!agree(fitting)) {
    std::erase_if(fitting, [&](const Candidate& candidate) {
      return !same_octets(*candidate.object, key, CKA_LABEL);
    });
  }
  if (fitting.empty() || !agree(fitting)) return std::nullopt;
  return PublicHalf{fitting.front().key, *fitting.front().object};
}

Result<std::vector<Object>> read_tied(const Session& session, const Object& key,
                                      CK_OBJECT_CLASS object_class) {
  std::vector<Object> found;
  const auto tie = tie_of(key);
  if (key.octets(tie).empty()) return found;
  auto wanted = Template::on_token(object_class);
  wanted.octets(tie, key.octets(tie));
  auto handles = find_objects(session, wanted);
  if (!handles) return Failure(handles.error());
  for (const auto handle : *handles) {
    auto object = read_object(session, handle, object_class);
    if (object) {
      found.push_back(*std::move(object));
    } else if (remedy_for(object.error()) > Remedy::find_object) {
      return Failure(object.error());  // it says nothing of the object
    }
  }
  return found;
}

/// Public keys or certificates by what may tie them to a key.
class ByTie {
 public:
  ByTie(std::span<const Object> objects, CK_OBJECT_CLASS object_class) {
    for (const auto& object : objects) {
      if (object.object_class != object_class) continue;
      const auto key = own_public_key(object);
      if (!key) continue;
      for (const auto tie : {CKA_ID, CKA_LABEL}) add(tie, {&object, *key});
    }
  }

  std::optional<PublicHalf> half_of(const Object& key) const {
    const auto tie = tie_of(key);
    const auto found = candidates_.find({tie, std::string(as_text(key.octets(tie)))});
    return found == candidates_.end() ? std::nullopt : choose(key, found->second);
  }

 private:
  void add(CK_ATTRIBUTE_TYPE tie, const Candidate& candidate) {
    const auto octets = candidate.object->octets(tie);
    if (!octets.empty()) candidates_[{tie, std::string(as_text(octets))}].push_back(candidate);
  }

  std::map<std::pair<CK_ATTRIBUTE_TYPE, std::string>, Candidates> candidates_;
};

}  // namespace

Result<std::optional<PublicHalf>> find_half(const Session& session, const Object& key) {
  if (auto own = own_public_key(key)) return PublicHalf{*std::move(own)};
  for (const CK_OBJECT_CLASS object_class : {CKO_PUBLIC_KEY, CKO_CERTIFICATE}) {
    const auto tied = read_tied(session, key, object_class);
    if (!tied) return Failure(tied.error());
    Candidates candidates;
    for (const auto& object : *tied) {
      if (auto shown = own_public_key(object)) candidates.push_back({&object, *std::move(shown)});
    }
    if (auto half = choose(key, candidates)) return half;
  }
  return std::nullopt;
}

Result<std::optional<PublicKey>> find_public_half(const Session& session, const Object& key) {
  auto half = find_half(session, key);
  if (!half) return Failure(half.error());
  if (!*half) return std::nullopt;
  return (*half)->key;
}

std::vector<std::optional<PublicHalf>> halves_among(std::span<const Object> others,
                                                    std::span<const Object> keys) {
  const ByTie public_keys(others, CKO_PUBLIC_KEY);
  std::optional<ByTie> certificates;  // seldom needed, and slow to read
  std::vector<std::optional<PublicHalf>> halves;
  halves.reserve(keys.size());
  for (const auto& key : keys) {
    auto& half = halves.emplace_back();
    if (auto own = own_public_key(key)) {
      half = PublicHalf{*std::move(own)};
    } else if (half = public_keys.half_of(key); !half) {
      if (!certificates) certificates.emplace(others, CKO_CERTIFICATE);
      half = certificates->half_of(key);
    }
  }
  return halves;
}

}  // namespace keystore::pkcs11
