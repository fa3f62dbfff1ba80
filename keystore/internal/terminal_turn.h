#pragma once

#include <memory>

#include "keystore/api.h"

namespace keystore {

/// What a program keeps off its own terminal while somebody is asked there: held from before the
/// question until it is answered.
using TerminalTurn = std::shared_ptr<void>;

/// `take` is called before each question of this library on the terminal, and before a program
/// that may ask there itself. For a program that writes to the terminal of its own accord. Any
/// thread.
KEYSTORE_API void on_terminal_question(TerminalTurn (*take)()) noexcept;

/// The turn to ask now. Empty where nobody minds.
TerminalTurn take_terminal_turn();

}  // namespace keystore
