#include "keystore/secret.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "keystore/internal/locked_memory.h"

namespace keystore {

Secret::Secret(std::size_t size) : size_(size) {
  if (size > 0) data_ = allocate_locked(size);
}

Secret Secret::copy_of(BytesView bytes) {
  Secret copy(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.data_);
  return copy;
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() { wipe(); }

void Secret::shrink(std::size_t size) noexcept {
  if (size >= size_) return;
  explicit_bzero(data_ + size, size_ - size);
  size_ = size;
}

void Secret::wipe() noexcept {
  release_locked(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

bool operator==(const Secret& a, const Secret& b) noexcept {
  if (a.size_ != b.size_) return false;
  volatile unsigned difference = 0;
  for (std::size_t i = 0; i < a.size_; ++i) difference = difference | (a.data_[i] ^ b.data_[i]);
  return difference == 0;
}

}  // namespace keystore
