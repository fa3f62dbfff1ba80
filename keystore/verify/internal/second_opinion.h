#pragma once

#include "keystore/verify/internal/path_question.h"

namespace keystore::verify {

struct BotanAnswer {
  SecondOpinion opinion = {};
  bool vetoes = false;  ///< it found what no good path has; see the table of statuses
};

/// What Botan says of exactly this path.
BotanAnswer ask_botan(const PathQuestion& question);

/// Why Botan 2.19 cannot judge the path: it holds what Botan does not implement. Empty: it can.
std::string beyond_botan(const PathQuestion& question);

}  // namespace keystore::verify
