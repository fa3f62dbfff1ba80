#pragma once

#include <CLI/App.hpp>

#include "tools/context.h"

namespace keystore::cli {

// The subcommands of `token`, each in the file of its name.
void add_token_init(CLI::App& token, Context& context);
void add_token_ls(CLI::App& token, Context& context);
void add_token_pin(CLI::App& token, Context& context);

}  // namespace keystore::cli
