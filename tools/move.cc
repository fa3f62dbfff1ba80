#include "keystore/lifecycle/move.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <sstream>

#include "keystore/file.h"
#include "tools/ask.h"
#include "tools/commands.h"
#include "tools/move_step.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/stores.h"

namespace keystore::cli {
namespace {

using lifecycle::MoveOptions;
using lifecycle::MovePlan;
using lifecycle::MoveRecord;
using lifecycle::MoveRequest;
using lifecycle::MoveState;

struct Options {
  MoveRequest request = {};
  std::string plan = {};
  std::string resume = {};
  std::string roll_back = {};
  std::string retire = {};
  std::string wrap_key = {};
  std::string backup_out = {};
  std::string reload = {};
  SecretOption pin = {};
  SecretOption passphrase = {};
  bool list = false;
  bool dry_run = false;
  bool no_pin_source = false;
  bool skip_provider_proof = false;
  bool yes = false;
};

void add_options(CLI::App& command, Options& options);
Result<int> run(const Options& options, bool json);

}  // namespace

void add_move(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand(
      "move", "Move a key file onto a token: proven, journalled, and undone with --rollback");
  const auto options = std::make_shared<Options>();
  add_options(*command, *options);
  add_json(*command, context);
  add_example(*command,
              "keystore move /etc/ssl/web.key 'pkcs11:token=prod' --pin file:/etc/keystore/pin\n  "
              "keystore move --list");
  context.on(*command, [options, &context] { return run(*options, context.json); });
}

namespace {

Result<int> make_moves(const Options& options, const MoveOptions& how, bool json);
Result<int> list(const MoveOptions& how, bool json);
Result<int> retire(const Options& options, const MoveOptions& how, bool json);
Result<MoveOptions> move_options(const Options& options);
Result<std::vector<MoveRequest>> requests_of(const Options& options);
Json record_json(const MoveRecord& record);

void add_options(CLI::App& command, Options& options) {
  auto* source = command.add_option("SRC", options.request.source, "File with one private key");
  auto* destination = command.add_option("DST", options.request.destination,
                                         "Token, and with object=LABEL the key's name there");
  source->needs(destination);
  command.add_option("--cert", options.request.certificate, "Certificate that must be for the key")
      ->type_name("URI");
  command.add_flag("--certificates", options.request.import_certificates,
                   "Put the certificates of SRC and --cert onto the token as well");
  command.add_flag("--no-pin-source", options.no_pin_source,
                   "Write no PIN source into the reference");
  command.add_flag("--skip-provider-proof", options.skip_provider_proof,
                   "Do not sign through the OpenSSL provider before the file is replaced");
  command
      .add_option("--reload", options.reload,
                  "Program that makes the server load the file anew; runs after it was replaced "
                  "or restored, without a shell")
      ->type_name("PROGRAM ARG");
  add_secret(command, "--pin", options.pin, "PIN of the token");
  add_secret(command, "--passphrase", options.passphrase, "Passphrase of SRC");
  command.add_flag("--dry-run", options.dry_run, "Check everything and change nothing");
  command.add_flag("--yes", options.yes, "Do not ask before --retire");
  auto* actions = command.add_option_group("instead of SRC DST");
  actions
      ->add_option("--plan", options.plan,
                   R"(Moves of a file: {"moves":[{"source","destination"}]})")
      ->type_name("FILE");
  actions->add_flag("--list", options.list, "All moves and how far they are");
  actions->add_option("--resume", options.resume, "Go on with a move that was stopped")
      ->type_name("ID");
  actions
      ->add_option("--rollback", options.roll_back, "Restore the file, take the key off the token")
      ->type_name("ID");
  auto* retire =
      actions->add_option("--retire", options.retire, "Remove the backup after one more proof")
          ->type_name("ID");
  auto* wrap_key =
      command
          .add_option("--wrap-key", options.wrap_key,
                      "With --retire: keep the key in a file first, enciphered by this AES key of "
                      "the token")
          ->type_name("URI")
          ->needs(retire);
  auto* backup_out = command.add_option("--backup-out", options.backup_out, "That file")
                         ->type_name("FILE")
                         ->needs(wrap_key);
  wrap_key->needs(backup_out);
  actions->require_option(0, 1);
  for (auto* action : actions->get_options()) action->excludes(source);
}

int print_record(const MoveRecord& record, bool json) {
  if (json) {
    print_json(record_json(record));
    return 0;
  }
  print_line("id: " + record.id);
  print_line(fmt::format("state: {}", to_string(record.state)));
  if (!record.reference.empty()) print_line("reference: " + record.reference);
  if (!record.backup.empty()) print_line("backup: " + record.backup);
  return 0;
}

Result<int> run(const Options& options, bool json) {
  const auto how = move_options(options);
  if (!how) return Failure(how.error());
  if (options.list) return list(*how, json);
  // The step that is waited for was named last.
  const Waiting waiting("moving");
  if (!options.retire.empty()) return retire(options, *how, json);
  if (options.resume.empty() && options.roll_back.empty()) return make_moves(options, *how, json);
  const auto record = options.resume.empty() ? roll_back_move(options.roll_back, *how)
                                             : resume_move(options.resume, *how);
  if (!record) return Failure(record.error());
  return print_record(*record, json);
}

Result<std::vector<MovePlan>> plan_all(const std::vector<MoveRequest>& requests,
                                       const MoveOptions& how) {
  std::vector<MovePlan> plans;
  for (const auto& request : requests) {
    auto plan = plan_move(request, how);
    if (!plan) return Failure(plan.error());
    const auto record = plan->record();
    print_log(fmt::format("plan: {} -> {}", record.source, record.destination));
    if (!plan->import_way().empty()) {
      print_log(fmt::format("plan: the token takes the key by {}", plan->import_way()));
    }
    for (const auto& note : plan->notes()) print_warning(note);
    plans.push_back(std::move(*plan));
  }
  return plans;
}

Result<std::vector<MoveRecord>> run_all(const std::vector<MovePlan>& plans, const MoveOptions& how,
                                        bool dry_run) {
  std::vector<MoveRecord> records;
  for (const auto& plan : plans) {
    const auto record = dry_run ? Result<MoveRecord>(plan.record()) : run_move(plan, how);
    if (!record) return Failure(record.error());
    records.push_back(*record);
    // Nothing bears this id: it was not written down.
    if (dry_run) records.back().id.clear();
  }
  return records;
}

// All are planned before the first is begun: what can be known to fail fails before any change.
Result<int> make_moves(const Options& options, const MoveOptions& how, bool json) {
  const auto requests = requests_of(options);
  if (!requests) return Failure(requests.error());
  const auto plans = plan_all(*requests, how);
  if (!plans) return Failure(plans.error());
  const auto records = run_all(*plans, how, options.dry_run);
  if (!records) return Failure(records.error());
  if (options.plan.empty()) return print_record(records->front(), json);
  auto moves = Json::array();
  for (const auto& record : *records) {
    if (json) {
      moves.push_back(record_json(record));
    } else {
      print_record(record, false);
    }
  }
  if (json) print_json({{"moves", moves}});
  return 0;
}

Result<int> list(const MoveOptions& how, bool json) {
  const auto moves = list_moves(how);
  if (!moves) return Failure(moves.error());
  for (const auto& error : moves->skipped) print_warning(error.message);
  auto array = Json::array();
  for (const auto& move : moves->items) {
    if (json) {
      array.push_back(record_json(move));
      continue;
    }
    print_line(fmt::format("{}  {}{}  {}  {}", move.id, to_string(move.state),
                           move.finished ? "" : " (unfinished)", move.source, move.destination));
  }
  if (json) print_json({{"moves", array}});
  return 0;
}

Result<int> retire(const Options& options, const MoveOptions& how, bool json) {
  const auto moves = list_moves(how);
  if (!moves) return Failure(moves.error());
  for (const auto& move : moves->items) {
    if (move.id != options.retire || move.state != MoveState::replaced) continue;
    print_log(fmt::format("after this {} is the only place of the key", move.destination));
    print_log(
        options.wrap_key.empty()
            ? "--wrap-key URI --backup-out FILE keeps it in a file first that only an AES key of "
              "the token opens (keystore new URI --type aes:256 makes one)"
            : fmt::format("and {}, which {} opens", options.backup_out, options.wrap_key));
    print_log(
        "the file is removed, not overwritten: disks of today keep old blocks wherever they like; "
        "whoever must be sure makes a new key on the token");
    const auto question = fmt::format("remove {}?", move.backup);
    if (const auto agreed = confirm(question, options.yes); !agreed) return Failure(agreed.error());
  }
  const auto record = retire_move(options.retire, how);
  if (!record) return Failure(record.error());
  return print_record(*record, json);
}

std::vector<std::string> words_of(const std::string& command) {
  std::istringstream text(command);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

Result<MoveOptions> move_options(const Options& options) {
  auto source = open_options(options.passphrase);
  if (!source) return Failure(source.error());
  auto destination = open_options(options.pin);
  if (!destination) return Failure(destination.error());
  return MoveOptions{
      .source = std::move(*source),
      .destination = std::move(*destination),
      .at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()),
      .prove_reference = !options.skip_provider_proof,
      .wrap_key = options.wrap_key,
      .wrapped_backup = options.backup_out,
      .reload = words_of(options.reload),
      .on_step = print_move_step};
}

Result<std::vector<MoveRequest>> read_plan(const Options& options) {
  const auto malformed = [&options] {
    return fail(Errc::malformed, fmt::format("{} is no plan of moves", options.plan),
                R"(a plan is {"moves":[{"source":"PATH","destination":"pkcs11:token=LABEL"}]})");
  };
  const auto text = read_file(options.plan);
  if (!text) return Failure(text.error());
  const auto plan = Json::parse(as_text(text->view()), nullptr, false);
  if (!plan.is_object() || !plan.contains("moves") || !plan["moves"].is_array()) return malformed();
  std::vector<MoveRequest> requests;
  for (const auto& move : plan["moves"]) {
    if (!move.is_object() || !move.contains("source") || !move["source"].is_string() ||
        !move.contains("destination") || !move["destination"].is_string()) {
      return malformed();
    }
    auto request = options.request;
    request.source = move["source"].get<std::string>();
    request.destination = move["destination"].get<std::string>();
    for (const auto& uri : {request.source, request.destination}) {
      if (const auto good = check_data(uri); !good) return Failure(good.error());
    }
    requests.push_back(std::move(request));
  }
  return requests;
}

Result<std::vector<MoveRequest>> requests_of(const Options& options) {
  auto read = options.plan.empty() ? Result<std::vector<MoveRequest>>({options.request})
                                   : read_plan(options);
  if (!read) return read;
  for (auto& request : *read) {
    request.keep_pin_source = !options.no_pin_source;
    if (!request.source.empty() && !request.destination.empty()) continue;
    return fail(Errc::invalid_argument, "move wants a source and a destination",
                "keystore move FILE 'pkcs11:token=LABEL'; see keystore move --help");
  }
  return read;
}

Json record_json(const MoveRecord& record) {
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? Json() : Json(text);
  };
  return {{"id", text_or_null(record.id)},
          {"state", to_string(record.state)},
          {"source", record.source},
          {"destination", record.destination},
          {"reference", text_or_null(record.reference)},
          {"backup", text_or_null(record.backup)}};
}

}  // namespace
}  // namespace keystore::cli
