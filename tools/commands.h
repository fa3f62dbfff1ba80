#pragma once

#include <CLI/App.hpp>

#include "tools/context.h"

namespace keystore::cli {

// One function per subcommand, in the file of its name: adds it to `app`, with its options, its
// example and what it does.
void add_cert(CLI::App& app, Context& context);
void add_check(CLI::App& app, Context& context);
void add_csr(CLI::App& app, Context& context);
void add_decrypt(CLI::App& app, Context& context);
void add_export(CLI::App& app, Context& context);
void add_import(CLI::App& app, Context& context);
void add_ls(CLI::App& app, Context& context);
void add_move(CLI::App& app, Context& context);
void add_new(CLI::App& app, Context& context);
void add_openssl_conf(CLI::App& app, Context& context);
void add_ref(CLI::App& app, Context& context);
void add_rm(CLI::App& app, Context& context);
void add_show(CLI::App& app, Context& context);
void add_sign(CLI::App& app, Context& context);
void add_token(CLI::App& app, Context& context);
void add_trust(CLI::App& app, Context& context);
void add_uri(CLI::App& app, Context& context);
void add_verify(CLI::App& app, Context& context);
void add_verify_signature(CLI::App& app, Context& context);

}  // namespace keystore::cli
