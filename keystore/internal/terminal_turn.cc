#include "keystore/internal/terminal_turn.h"

#include <atomic>

namespace keystore {
namespace {

std::atomic<TerminalTurn (*)()> taker = nullptr;

}  // namespace

void on_terminal_question(TerminalTurn (*take)()) noexcept { taker = take; }

TerminalTurn take_terminal_turn() {
  const auto take = taker.load();
  return take == nullptr ? nullptr : take();
}

}  // namespace keystore
