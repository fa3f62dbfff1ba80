#include "tests/support/memory_search.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace keystore::testing {
namespace {

struct Mapping {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::string text = {};
};

std::vector<Mapping> readable_mappings() {
  std::ifstream smaps("/proc/self/smaps");
  if (!smaps) throw std::runtime_error("no /proc/self/smaps");
  std::vector<Mapping> mappings;
  bool readable = false;
  for (std::string line; std::getline(smaps, line);) {
    Mapping mapping;
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &mapping.begin, &mapping.end, rights) == 3) {
      readable = rights[0] == 'r' && line.find("[v") == line.npos;
      mapping.text = line;
      if (readable) mappings.push_back(std::move(mapping));
    } else if (readable && line.starts_with("VmFlags:")) {
      mappings.back().text += " " + line + " ";
    }
  }
  return mappings;
}

}  // namespace

Hidden hide(std::span<const std::uint8_t> octets) {
  Hidden hidden;
  for (const auto octet : octets) hidden.push_back(octet ^ hiding_mask);
  return hidden;
}

std::vector<Trace> find_in_memory(const Hidden& octets) {
  const auto mappings = readable_mappings();
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  if (memory < 0) throw std::runtime_error("no /proc/self/mem");
  std::vector<std::uint8_t> buffer(1U << 20);
  const auto own = reinterpret_cast<std::uintptr_t>(buffer.data());
  const auto same = [](std::uint8_t octet, std::uint8_t hidden) {
    return octet == (hidden ^ hiding_mask);
  };
  std::vector<Trace> traces;
  for (const auto& mapping : mappings) {
    for (auto at = mapping.begin; at < mapping.end;) {
      const auto wanted = std::min<std::uintptr_t>(buffer.size(), mapping.end - at);
      const auto got = ::pread(memory, buffer.data(), wanted, static_cast<off_t>(at));
      if (got <= 0) break;
      const auto size = static_cast<std::uintptr_t>(got);
      const auto end = buffer.begin() + got;
      for (auto from = buffer.begin();; ++from) {
        from = std::search(from, end, octets.begin(), octets.end(), same);
        if (from == end) break;
        const auto address = at + static_cast<std::uintptr_t>(from - buffer.begin());
        // What the buffer held a moment ago is no trace.
        const bool in_buffer = address + octets.size() > own && address < own + buffer.size();
        if (!in_buffer) traces.push_back({address, mapping.text});
      }
      // One that lies across two pieces is found in the second.
      at += at + size < mapping.end && size > octets.size() ? size - octets.size() + 1 : size;
    }
  }
  ::explicit_bzero(buffer.data(), buffer.size());
  ::close(memory);
  return traces;
}

}  // namespace keystore::testing
