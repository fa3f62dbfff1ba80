#include "tests/tokens/call_counts.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace keystore::testing {
namespace {

constexpr std::size_t file_size = (function_names.size() + 1) * sizeof(std::uint64_t);

void* map(int descriptor, int flags);
void* map_file(const std::filesystem::path& file);

}  // namespace

CallCounts::CallCounts(const std::filesystem::path& file) {
  void* mapped = file.empty() ? map(-1, MAP_ANONYMOUS) : map_file(file);
  if (mapped == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(), "cannot map " + file.string());
  }
  counters_ = static_cast<Counter*>(mapped);
}

CallCounts::~CallCounts() { munmap(counters_, file_size); }

std::uint64_t CallCounts::add(Function function) noexcept {
  return counters_[static_cast<std::size_t>(function)].fetch_add(1) + 1;
}

std::uint64_t CallCounts::of(std::string_view name) const {
  const auto found = std::find(function_names.begin(), function_names.end(), name);
  if (found == function_names.end()) throw std::out_of_range(std::string(name));
  return counters_[found - function_names.begin()];
}

std::uint64_t CallCounts::total() const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < function_names.size(); ++i) sum += counters_[i];
  return sum;
}

std::map<std::string, std::uint64_t> CallCounts::called() const {
  std::map<std::string, std::uint64_t> result;
  for (std::size_t i = 0; i < function_names.size(); ++i) {
    if (counters_[i] > 0) result.emplace(function_names[i], counters_[i]);
  }
  return result;
}

void CallCounts::reset() noexcept {
  for (std::size_t i = 0; i < function_names.size(); ++i) counters_[i] = 0;
}

namespace {

void* map(int descriptor, int flags) {
  return mmap(nullptr, file_size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, descriptor, 0);
}

void* map_file(const std::filesystem::path& file) {
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) return MAP_FAILED;
  void* mapped = ftruncate(descriptor, file_size) == 0 ? map(descriptor, 0) : MAP_FAILED;
  const int error = errno;
  close(descriptor);
  errno = error;
  return mapped;
}

}  // namespace
}  // namespace keystore::testing
