// print-counts FILE [FUNCTION…]: calls counted so far by the counting module, one function a line
// and their sum; or the numbers of the named functions ("total" is their sum) alone.
#include <iostream>
#include <stdexcept>
#include <string_view>

#include "tests/tokens/call_counts.h"

int main(int argc, char** argv) try {
  if (argc < 2) throw std::invalid_argument("usage: print-counts FILE [FUNCTION...]");
  const keystore::testing::CallCounts counts(argv[1]);
  for (int i = 2; i < argc; ++i) {
    const std::string_view name = argv[i];
    std::cout << (name == "total" ? counts.total() : counts.of(name)) << '\n';
  }
  if (argc == 2) {
    for (const auto& [name, calls] : counts.called()) std::cout << name << ' ' << calls << '\n';
    std::cout << "total " << counts.total() << '\n';
  }
  return 0;
} catch (const std::exception& problem) {
  std::cerr << "print-counts: " << problem.what() << '\n';
  return 2;
}
