#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "backends/pkcs11/cryptoki.h"
#include "backends/pkcs11/quirks.h"
#include "keystore/key_type.h"

namespace keystore::pkcs11 {

/// A mechanism that a token lists.
struct MechanismRow {
  CK_MECHANISM_TYPE mechanism = 0;
  std::optional<CK_MECHANISM_INFO> info = {};  ///< of C_GetMechanismInfo; not set: not known
};

/// The mechanisms of a token that keys of one type can use. Immutable; copies share.
class KeyMechanisms {
 public:
  /// Of a token that lists nothing at all: taken to do everything.
  KeyMechanisms() = default;
  explicit KeyMechanisms(std::vector<MechanismRow> rows);

  bool lists(CK_MECHANISM_TYPE mechanism) const { return rows_ == nullptr || find(mechanism); }
  /// Whether the token runs `mechanism` for `use` (CKF_SIGN, CKF_DECRYPT, CKF_DERIVE) with a key of
  /// this shape. In doubt it does: the key is there, so somebody expects it to work.
  bool does(CK_MECHANISM_TYPE mechanism, CK_FLAGS use, const KeyShape& shape) const;
  /// Those among `allowed`.
  KeyMechanisms only(std::span<const CK_MECHANISM_TYPE> allowed) const;

 private:
  const MechanismRow* find(CK_MECHANISM_TYPE mechanism) const;

  std::shared_ptr<const std::vector<MechanismRow>> rows_ = nullptr;
};

/// What a token can run with keys of one type, or with one key, and how it departs from the
/// standard. Immutable.
struct Abilities {
  KeyMechanisms mechanisms = {};
  Quirks quirks = {};
  bool restricted = false;  ///< by the key, which names what it may be used with

  /// "the token has no mechanism": who is to blame, for messages.
  std::string_view no_mechanism() const noexcept {
    return restricted ? "the key allows no mechanism (CKA_ALLOWED_MECHANISMS)"
                      : "the token has no mechanism";
  }
};

/// What a token can run, as one process knows it. Any thread.
class MechanismTable {
 public:
  /// C_GetMechanismInfo; not set when the token gives none.
  using Ask = std::function<std::optional<CK_MECHANISM_INFO>(CK_MECHANISM_TYPE)>;

  /// `listed` is ordered.
  MechanismTable(std::vector<CK_MECHANISM_TYPE> listed, Ask ask);
  ~MechanismTable();
  MechanismTable(const MechanismTable&) = delete;
  MechanismTable& operator=(const MechanismTable&) = delete;

  bool lists(CK_MECHANISM_TYPE mechanism) const;
  /// What keys of this type can use. The token is asked the first time, about those mechanisms
  /// alone on which a choice depends.
  KeyMechanisms for_keys(KeyType type) const;

 private:
  std::vector<MechanismRow> rows_for(KeyType type) const;

  const std::vector<CK_MECHANISM_TYPE> listed_;
  const Ask ask_;
  /// RSA, EC, others.
  mutable std::array<std::atomic<const KeyMechanisms*>, 3> known_ = {};
};

}  // namespace keystore::pkcs11
