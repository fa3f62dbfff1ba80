#include "keystore/log.h"

#include <atomic>
#include <utility>

#include "keystore/config.h"
#include "keystore/internal/log_writer.h"

namespace keystore {

namespace {

// Read by every log line: published whole and never freed, so that no lock is needed and none is
// left taken in a forked child.
struct SinkNode {
  LogSink sink;
  SinkNode* older;
};

constinit std::atomic<SinkNode*> newest_sink = nullptr;
constinit thread_local bool writing = false;

void write_line(LogLevel level, std::string_view line);

}  // namespace

void set_log_sink(LogSink sink) {
  auto* fresh = new SinkNode{std::move(sink), newest_sink.load()};
  while (!newest_sink.compare_exchange_weak(fresh->older, fresh)) {
  }
}

void log(LogLevel level, std::string_view line) noexcept {
  // A sink that logs, or a configuration whose reading does.
  if (writing) return;
  writing = true;
  try {
    write_line(level, line);
  } catch (...) {
  }
  writing = false;
}

namespace {

void write_line(LogLevel level, std::string_view line) {
  const auto config = process_config();
  if (level > (config ? (*config)->log.level : LogLevel::info)) return;
  const auto* node = newest_sink.load();
  if (node != nullptr && node->sink) {
    node->sink(level, line);
  } else if (config) {
    write_log_line((*config)->log, level, line);
  }
}

}  // namespace

}  // namespace keystore
