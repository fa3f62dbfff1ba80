#include "backends/pkcs11/key_mechanisms.h"

#include <algorithm>

#include "backends/pkcs11/digest_mechanisms.h"

namespace keystore::pkcs11 {
namespace {

/// Some tokens fill in nothing but CKF_HW, or nothing.
bool allows(const CK_MECHANISM_INFO& info, CK_FLAGS use) {
  constexpr CK_FLAGS any_use = CKF_ENCRYPT | CKF_DECRYPT | CKF_DIGEST | CKF_SIGN | CKF_VERIFY |
                               CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER | CKF_WRAP | CKF_UNWRAP |
                               CKF_DERIVE;
  return (info.flags & any_use) == 0 || (info.flags & use) != 0;
}

/// A lowest size from here on is in bits: keys are not that long in octets.
constexpr CK_ULONG surely_bits = 512;

/// The sizes that tokens mean by such a key: bits as the standard says, or octets; of Edwards
/// curves those of the field, the encoded point or the order.
std::vector<CK_ULONG> sizes_of(const KeyShape& shape, CK_ULONG lowest) {
  if (shape.type == KeyType::ed25519) return {253, 255, 256, 32};
  if (shape.type == KeyType::ed448) return {446, 448, 456, 56, 57};
  if (shape.bits == 0) return {};
  if (lowest >= surely_bits) return {shape.bits};
  return {shape.bits, (shape.bits + 7) / 8};
}

bool fits(const CK_MECHANISM_INFO& info, const KeyShape& shape) {
  const auto most = info.ulMaxKeySize;
  if (most == 0 || most == CK_UNAVAILABLE_INFORMATION || most < info.ulMinKeySize) return true;
  const auto sizes = sizes_of(shape, info.ulMinKeySize);
  return sizes.empty() || std::ranges::any_of(sizes, [&](CK_ULONG size) {
           return size >= info.ulMinKeySize && size <= most;
         });
}

using Rows = std::vector<MechanismRow>;

/// The rows among `wanted` that are listed.
void append_listed(Rows& rows, const MechanismTable& table,
                   std::initializer_list<CK_MECHANISM_TYPE> wanted) {
  for (const auto mechanism : wanted) {
    if (table.lists(mechanism)) rows.push_back({.mechanism = mechanism});
  }
}

MechanismRow* find_row(Rows& rows, CK_MECHANISM_TYPE mechanism) {
  const auto row = std::ranges::find(rows, mechanism, &MechanismRow::mechanism);
  return row == rows.end() ? nullptr : &*row;
}

/// Asks about `mechanism`. True: it is listed and signs.
bool asked_and_signs(Rows& rows, CK_MECHANISM_TYPE mechanism, const MechanismTable::Ask& ask) {
  auto* row = find_row(rows, mechanism);
  if (row == nullptr) return false;
  row->info = ask(mechanism);
  return !row->info || allows(*row->info, CKF_SIGN);
}

void ask_combined(Rows& rows, CK_MECHANISM_TYPE DigestMechanisms::*which,
                  const MechanismTable::Ask& ask) {
  for (const auto& digest : all_digest_mechanisms()) asked_and_signs(rows, digest.*which, ask);
}

Rows rsa_rows(const MechanismTable& table, const MechanismTable::Ask& ask) {
  Rows rows;
  append_listed(rows, table, {CKM_RSA_PKCS, CKM_RSA_X_509, CKM_RSA_PKCS_PSS, CKM_RSA_PKCS_OAEP});
  for (const auto& digest : all_digest_mechanisms()) {
    append_listed(rows, table, {digest.rsa_pkcs, digest.rsa_pss});
  }
  const bool pkcs = asked_and_signs(rows, CKM_RSA_PKCS, ask);
  const bool raw = asked_and_signs(rows, CKM_RSA_X_509, ask);
  const bool pss = asked_and_signs(rows, CKM_RSA_PKCS_PSS, ask);
  if (!raw && !pkcs) ask_combined(rows, &DigestMechanisms::rsa_pkcs, ask);
  if (!raw && !pss) ask_combined(rows, &DigestMechanisms::rsa_pss, ask);
  if (auto* oaep = find_row(rows, CKM_RSA_PKCS_OAEP)) oaep->info = ask(CKM_RSA_PKCS_OAEP);
  return rows;
}

Rows ec_rows(const MechanismTable& table, const MechanismTable::Ask& ask) {
  Rows rows;
  append_listed(rows, table, {CKM_ECDSA, CKM_ECDH1_DERIVE});
  for (const auto& digest : all_digest_mechanisms()) append_listed(rows, table, {digest.ecdsa});
  if (!asked_and_signs(rows, CKM_ECDSA, ask)) ask_combined(rows, &DigestMechanisms::ecdsa, ask);
  return rows;
}

Rows other_rows(const MechanismTable& table, const MechanismTable::Ask& ask) {
  Rows rows;
  append_listed(rows, table, {CKM_EDDSA, CKM_ECDH1_DERIVE});
  asked_and_signs(rows, CKM_EDDSA, ask);
  return rows;
}

}  // namespace

KeyMechanisms::KeyMechanisms(std::vector<MechanismRow> rows)
    : rows_(std::make_shared<const std::vector<MechanismRow>>(std::move(rows))) {}

const MechanismRow* KeyMechanisms::find(CK_MECHANISM_TYPE mechanism) const {
  const auto row = std::ranges::find(*rows_, mechanism, &MechanismRow::mechanism);
  return row == rows_->end() ? nullptr : &*row;
}

bool KeyMechanisms::does(CK_MECHANISM_TYPE mechanism, CK_FLAGS use, const KeyShape& shape) const {
  if (rows_ == nullptr) return true;
  const auto* row = find(mechanism);
  if (row == nullptr) return false;
  return !row->info || (allows(*row->info, use) && fits(*row->info, shape));
}

KeyMechanisms KeyMechanisms::only(std::span<const CK_MECHANISM_TYPE> allowed) const {
  std::vector<MechanismRow> rows;
  for (const auto mechanism : allowed) {
    const auto* row = rows_ == nullptr ? nullptr : find(mechanism);
    if (rows_ == nullptr) rows.push_back({.mechanism = mechanism});
    if (row != nullptr) rows.push_back(*row);
  }
  return KeyMechanisms(std::move(rows));
}

MechanismTable::MechanismTable(std::vector<CK_MECHANISM_TYPE> listed, Ask ask)
    : listed_(std::move(listed)), ask_(std::move(ask)) {}

MechanismTable::~MechanismTable() {
  for (auto& one : known_) delete one.load();
}

bool MechanismTable::lists(CK_MECHANISM_TYPE mechanism) const {
  return listed_.empty() || std::ranges::binary_search(listed_, mechanism);
}

KeyMechanisms MechanismTable::for_keys(KeyType type) const {
  if (listed_.empty()) return {};
  auto& known = known_[type == KeyType::rsa ? 0 : type == KeyType::ec ? 1 : 2];
  if (const auto* ready = known.load(std::memory_order_acquire)) return *ready;
  auto made = std::make_unique<const KeyMechanisms>(rows_for(type));
  const KeyMechanisms* first = nullptr;
  if (known.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel)) {
    return *made.release();
  }
  return *first;
}

std::vector<MechanismRow> MechanismTable::rows_for(KeyType type) const {
  if (type == KeyType::rsa) return rsa_rows(*this, ask_);
  if (type == KeyType::ec) return ec_rows(*this, ask_);
  return other_rows(*this, ask_);
}

}  // namespace keystore::pkcs11
