#include "keystore/trust.h"

#include <fmt/format.h>

#include <memory>

#include "tools/ask.h"
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

struct Options {
  std::string uri = {};
  std::string purpose = {};
  bool yes = false;
  bool dry_run = false;
};
using OptionsPtr = std::shared_ptr<Options>;

using Plan = Result<TrustChange> (TrustEditor::*)(const Certificate&) const;

void add_change_options(CLI::App& command, const OptionsPtr& options);
Result<int> list(const Options& options, bool json);
Result<int> add(const Options& options, bool json);
Result<int> remove(const Options& options, bool json);
Result<int> undo(const Options& options, bool json);
Result<int> change(const Options& options, bool json, Plan plan);
Result<Certificate> certificate_at(const std::string& uri);
Result<const TrustEditor*> editor_of(const Store& system);
Result<int> make(const Result<TrustChange>& change, const Options& options, bool json);

}  // namespace

void add_trust(CLI::App& app, Context& context) {
  auto* trust = app.add_subcommand("trust", "The anchors that the operating system trusts");
  trust->require_subcommand(1);
  add_example(*trust, "keystore trust ls --purpose server");
  const auto options = std::make_shared<Options>();
  auto* ls = trust->add_subcommand("ls", "List them");
  ls->add_option("--purpose", options->purpose, "Only those trusted for it, say server");
  auto* adding = trust->add_subcommand("add", "Trust a certificate, for every program");
  adding->add_option("URI", options->uri, "The certificate")->required();
  auto* removing = trust->add_subcommand("rm", "Trust a certificate no more");
  removing->add_option("URI", options->uri, "The certificate, say system:?sha256=…")->required();
  auto* undoing = trust->add_subcommand("undo", "Take the last change back");
  for (auto* each : {adding, removing, undoing}) add_change_options(*each, options);
  const std::pair<CLI::App*, Result<int> (*)(const Options&, bool)> actions[] = {
      {ls, list}, {adding, add}, {removing, remove}, {undoing, undo}};
  for (const auto& [command, action] : actions) {
    add_json(*command, context);
    context.on(*command,
               [options, &context, action = action] { return action(*options, context.json); });
  }
  add_example(*ls, "keystore trust ls --purpose server");
  add_example(*adding, "keystore trust add our-root.pem");
  add_example(*removing, "keystore trust rm our-root.pem");
  add_example(*undoing, "keystore trust undo");
}

namespace {

void add_change_options(CLI::App& command, const OptionsPtr& options) {
  command.add_flag("--yes", options->yes, "Do not ask");
  command.add_flag("--dry-run", options->dry_run, "Show the change, make none");
}

Result<int> list(const Options& options, bool json) {
  auto uri = Uri::parse("system:").value();
  if (!options.purpose.empty()) uri = uri.with_query_attribute("purpose", options.purpose);
  const auto store = open(uri);
  if (!store) return Failure(store.error());
  const auto found = store->find_entries({.kind = EntryKind::trust_anchor});
  if (!found) return Failure(found.error());
  print_listing(*found, json);
  return 0;
}

Result<int> add(const Options& options, bool json) {
  return change(options, json, &TrustEditor::plan_add);
}

Result<int> remove(const Options& options, bool json) {
  return change(options, json, &TrustEditor::plan_remove);
}

Result<int> undo(const Options& options, bool json) {
  const auto system = open("system:");
  if (!system) return Failure(system.error());
  const auto editor = editor_of(*system);
  if (!editor) return Failure(editor.error());
  return make((*editor)->plan_undo(), options, json);
}

/// The change that `plan` makes with the one certificate at the URI.
Result<int> change(const Options& options, bool json, Plan plan) {
  const auto certificate = certificate_at(options.uri);
  if (!certificate) return Failure(certificate.error());
  const auto system = open("system:");
  if (!system) return Failure(system.error());
  const auto editor = editor_of(*system);
  if (!editor) return Failure(editor.error());
  return make(((*editor)->*plan)(*certificate), options, json);
}

Result<Certificate> certificate_at(const std::string& uri) {
  const auto store = open_store(uri, {});
  if (!store) return Failure(store.error());
  return one_certificate(*store);
}

Result<const TrustEditor*> editor_of(const Store& system) {
  if (const auto* editor = system.trust_editor()) return editor;
  return fail(Errc::unsupported, "the trust store of this operating system is not changed");
}

/// Shows what the change does, asks, and makes it.
Result<int> make(const Result<TrustChange>& change, const Options& options, bool json) {
  if (!change) return Failure(change.error());
  for (const auto& step : change->steps) print_log(step);
  if (!options.dry_run) {
    if (const auto agreed = confirm("do this?", options.yes); !agreed) {
      return Failure(agreed.error());
    }
    const Waiting waiting("changing what the system trusts");
    if (const auto made = change->make(); !made) return Failure(made.error());
  }
  if (json) print_json({{"steps", change->steps}, {"made", !options.dry_run}});
  return 0;
}

}  // namespace
}  // namespace keystore::cli
