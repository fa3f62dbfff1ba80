#pragma once

#include <libp11.h>

#include <memory>
#include <span>

namespace keystore::pkcs11 {

struct CloseLibp11 {
  void operator()(PKCS11_CTX* context) const noexcept {
    PKCS11_CTX_unload(context);
    PKCS11_CTX_free(context);
  }
};
struct FreeLibp11 {
  void operator()(PKCS11_CTX* context) const noexcept { PKCS11_CTX_free(context); }
};
/// A context with its module loaded.
using Libp11Ptr = std::unique_ptr<PKCS11_CTX, CloseLibp11>;
/// A context without one.
using EmptyLibp11Ptr = std::unique_ptr<PKCS11_CTX, FreeLibp11>;

/// The slots of a context; what libp11 lends of them dies with this.
class SlotList {
 public:
  explicit SlotList(PKCS11_CTX* context) : context_(context) {
    good_ = PKCS11_enumerate_slots(context, &slots_, &count_) == 0;
  }
  ~SlotList() {
    if (good_) PKCS11_release_all_slots(context_, slots_, count_);
  }
  SlotList(const SlotList&) = delete;
  SlotList& operator=(const SlotList&) = delete;

  bool good() const noexcept { return good_; }
  std::span<PKCS11_SLOT> all() noexcept { return {slots_, good_ ? count_ : 0}; }

 private:
  PKCS11_CTX* context_;
  PKCS11_SLOT* slots_ = nullptr;
  unsigned count_ = 0;
  bool good_ = false;
};

}  // namespace keystore::pkcs11
