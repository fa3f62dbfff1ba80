#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "keystore/internal/config_of.h"
#include "keystore/internal/fd.h"
#include "keystore/lifecycle/internal/crypto.h"
#include "keystore/lifecycle/internal/destination.h"
#include "keystore/lifecycle/internal/durable.h"
#include "keystore/lifecycle/internal/journal.h"
#include "keystore/lifecycle/internal/key_file.h"
#include "keystore/lifecycle/internal/plan_json.h"
#include "keystore/lifecycle/internal/provider_proof.h"
#include "keystore/reference.h"
#include "keystore/registry.h"

namespace keystore::lifecycle {
namespace {

using Data = MovePlan::Data;

constexpr std::size_t id_octets = 4;
constexpr unsigned rehearsal_rsa_bits = 2048;  ///< quickly made; sizes go the same way
/// More than any reference, for the new file and for the copy where links cannot be made.
constexpr std::uint64_t spare_octets = 32U << 10;

Result<Uri> parse_destination(const std::string& text);
Result<void> check_folder(const std::string& path, const FileState& state);
Result<PublicKey> signing_public_key(const KeyFile& file);
Result<void> gather_certificates(Data& plan, KeyFile& file, const MoveRequest& request,
                                 const MoveOptions& options, const PublicKey& public_key);
Result<void> name_objects(Data& plan, const Uri& destination, const PublicKey& public_key);
Result<void> choose_pin_source(Data& plan, const Uri& destination, const MoveRequest& request,
                               const MoveOptions& options);
Result<void> drop_unlisted_module(Data& plan, const MoveOptions& options);
Result<void> check_reference(const Data& plan, const PublicKey& public_key,
                             const MoveOptions& options);
Result<void> check_token(Data& plan, const Uri& destination, const MoveRequest& request);
void note_copies(Data& plan, const PublicKey& public_key);
/// Names that are not UTF-8 could not be told from others when they are read back.
Result<void> check_names_can_be_kept(const Data& plan);

}  // namespace

Result<MovePlan> plan_move(const MoveRequest& request, const MoveOptions& options) {
  const auto source = Uri::parse(request.source);
  if (!source) return Failure(source.error());
  const auto destination = parse_destination(request.destination);
  if (!destination) return Failure(destination.error());
  auto plan = std::make_shared<Data>();
  plan->pin = std::make_shared<SecretKeeper>(*destination, options.destination);
  plan->passphrase = std::make_shared<SecretKeeper>(*source, options.source);
  auto path = key_file_path(*source);
  if (!path) return Failure(path.error());
  plan->path = std::move(*path);
  if (const auto ok = check_unfinished(plan->path, options); !ok) return Failure(ok.error());

  auto file = open_key_file(plan->path, SecretKeeper::options_of(plan->passphrase));
  if (!file) return Failure(file.error());
  plan->original = file->state;
  const auto public_key = signing_public_key(*file);
  if (!public_key) return Failure(public_key.error());
  plan->public_key = public_key->spki();
  if (!file->is_pem) plan->notes.push_back(plan->path + " is DER; the reference is PEM");

  const auto id = random_bytes(id_octets);
  if (!id) return Failure(id.error());
  plan->id = to_hex(*id);
  const auto named =
      gather_certificates(*plan, *file, request, options, *public_key)
          .and_then([&] { return name_objects(*plan, *destination, *public_key); })
          .and_then([&] { return choose_pin_source(*plan, *destination, request, options); })
          .and_then([&] { return drop_unlisted_module(*plan, options); })
          .and_then([&] { return check_reference(*plan, *public_key, options); })
          .and_then([&] { return check_folder(plan->path, plan->original); })
          .and_then([&] { return check_names_can_be_kept(*plan); });
  if (!named) return Failure(named.error());
  if (options.prove_reference) {
    if (const auto ok = check_provider(); !ok) return Failure(ok.error());
  }
  if (const auto ok = check_token(*plan, *destination, request); !ok) return Failure(ok.error());
  note_copies(*plan, *public_key);
  return MovePlan(std::move(plan));
}

namespace {

Result<void> check_names_can_be_kept(const Data& plan) {
  try {
    static_cast<void>(plan_json(plan).dump());
    return {};
  } catch (const Json::type_error&) {
    return fail(
        Errc::invalid_argument,
        fmt::format("cannot move {}: a name in it is not UTF-8, and the journal of the move "
                    "could not keep it",
                    Uri::from_path(plan.path).canonical()),
        "give the file and its folders other names, and the object a label in UTF-8");
  }
}

Result<Uri> parse_destination(const std::string& text) {
  auto uri = Uri::parse(text);
  if (!uri) return uri;
  if (uri->scheme() != "pkcs11") {
    return fail(Errc::unsupported, fmt::format("cannot move a key to {}", uri->canonical()),
                "move takes a token: pkcs11:token=LABEL");
  }
  const auto type = uri->path_attribute("type");
  if (type && *type != "private") {
    return fail(Errc::invalid_argument,
                fmt::format("{} does not name a private key", uri->canonical()));
  }
  return uri;
}

Result<void> check_writable(const std::string& folder) {
  // A file without a name tells what access() does not: immutable folders, quotas.
  const Fd probe(::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (probe) return {};
  const bool has_none = errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL;
  if (has_none && ::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return {};
  return Failure(error_from_errno(errno, "open", "write into", folder));
}

Result<void> check_folder(const std::string& path, const FileState& state) {
  const auto folder = folder_of(path);
  if (auto ok = check_writable(folder); !ok) return ok;
  struct statvfs space = {};
  if (::statvfs(folder.c_str(), &space) != 0) {
    return Failure(error_from_errno(errno, "statvfs", "read", folder));
  }
  const bool no_room = space.f_blocks != 0 && std::uint64_t{space.f_bavail} * space.f_frsize <
                                                  state.size * 2 + spare_octets;
  if (!no_room && (space.f_files == 0 || space.f_favail >= 2)) return {};
  return fail(Errc::io, fmt::format("cannot move {}: no space left in {}", path, folder),
              "make room for the reference and the backup first");
}

Result<PublicKey> signing_public_key(const KeyFile& file) {
  const auto& public_key = file.key.public_key();
  if (!public_key || schemes_of(public_key->shape()).empty()) {
    return fail(Errc::unsupported,
                fmt::format("cannot move {}: its {} key cannot sign, so nothing could be proven",
                            file.path, to_string(file.key.type())));
  }
  return *public_key;
}

bool is_for(const Certificate& certificate, const PublicKey& public_key) {
  const auto own = certificate.public_key();
  return own && *own == public_key;
}

Result<void> gather_certificates(Data& plan, KeyFile& file, const MoveRequest& request,
                                 const MoveOptions& options, const PublicKey& public_key) {
  auto certificates = std::move(file.certificates);
  if (!request.certificate.empty()) {
    const auto store = open(request.certificate, {.config = options.source.config});
    if (!store) return Failure(store.error());
    const auto given = store->find_certificates();
    if (!given) return Failure(given.error());
    if (given->items.empty() || !is_for(given->items.front(), public_key)) {
      return fail(Errc::key_mismatch, fmt::format("{} is no certificate for the key in {}",
                                                  request.certificate, plan.path));
    }
    certificates.insert(certificates.begin(), given->items.begin(), given->items.end());
  }
  std::stable_partition(certificates.begin(), certificates.end(),
                        [&](const auto& each) { return is_for(each, public_key); });
  plan.certificate_matches = !certificates.empty() && is_for(certificates.front(), public_key);
  for (const auto& each : certificates) {
    const bool known = std::find(plan.certificates.begin(), plan.certificates.end(), each.der()) !=
                       plan.certificates.end();
    if (!known) plan.certificates.push_back(each.der());
  }
  if (!plan.certificates.empty() && !plan.certificate_matches) {
    plan.notes.push_back("no certificate in " + plan.path + " is for its key");
  }
  if (plan.certificates.empty() && request.import_certificates) {
    return fail(Errc::not_found,
                fmt::format("no certificate in {} to put onto the token", plan.path),
                "name one with --cert");
  }
  return {};
}

Result<void> name_objects(Data& plan, const Uri& destination, const PublicKey& public_key) {
  const auto object = destination.path_attribute("object");
  const auto id = destination.path_attribute("id");
  plan.label = object ? std::string(*object) : std::filesystem::path(plan.path).stem().string();
  const auto given = id ? as_bytes(*id) : BytesView();
  plan.object_id = id ? Bytes(given.begin(), given.end()) : public_key.key_identifier();
  if (plan.label.empty() || plan.object_id.empty()) {
    return fail(Errc::invalid_argument,
                fmt::format("{} gives the key an empty label or id", destination.canonical()));
  }
  plan.destination = destination.with_path_attribute("object", plan.label)
                         .with_path_attribute("id", as_text(plan.object_id))
                         .with_path_attribute("type", "private")
                         .canonical();
  return {};
}

std::string with_absolute_path(const SecretSource& source) {
  if (source.kind() != SecretSource::Kind::file) return source.to_string();
  return "file:" + std::filesystem::absolute(source.argument()).lexically_normal().string();
}

Result<void> choose_pin_source(Data& plan, const Uri& destination, const MoveRequest& request,
                               const MoveOptions& options) {
  auto source = options.destination.pin_source;
  if (const auto own = destination.query_attribute("pin-source")) {
    auto parsed = SecretSource::parse_attribute(*own);
    if (!parsed) return Failure(parsed.error());
    source = std::move(*parsed);
  }
  const auto object = Uri::parse(plan.destination);
  if (!object) return Failure(object.error());
  plan.reference_uri = plan.destination;
  if (!source || destination.query_attribute("pin-value")) return {};
  if (source->allowed_in_data()) plan.pin_source = with_absolute_path(*source);
  if (!source->repeatable() || !request.keep_pin_source) return {};
  plan.reference_uri =
      object->with_query_attribute("pin-source", plan.pin_source).canonical_with_pin_source();
  return {};
}

// A reference names a module only where the configuration lists it: it would be refused otherwise.
Result<void> drop_unlisted_module(Data& plan, const MoveOptions& options) {
  const auto uri = Uri::parse(plan.reference_uri);
  if (!uri) return Failure(uri.error());
  const auto path = uri->query_attribute("module-path");
  if (!path) return {};
  const auto config = config_of(options.destination);
  if (!config) return Failure(config.error());
  const auto& modules = (*config)->modules;
  if (std::any_of(modules.begin(), modules.end(),
                  [&](const auto& each) { return each.path == *path; })) {
    return {};
  }
  plan.notes.push_back(fmt::format(
      "the reference leaves module-path={} out: the configuration does not list it", *path));
  plan.reference_uri = uri->without_query_attribute("module-path").canonical_with_pin_source();
  return {};
}

// Before anything is changed: would a program be allowed to load the reference?
Result<void> check_reference(const Data& plan, const PublicKey& public_key,
                             const MoveOptions& options) {
  const auto uri = Uri::parse(plan.reference_uri);
  if (!uri) return Failure(uri.error());
  const OpenOptions as_data{.config = options.destination.config, .origin = UriOrigin::data};
  const auto key = open_reference({.uri = *uri, .public_key = public_key}, builtin_registry(),
                                  as_data, PinTime::at_use);
  if (!key) return Failure(key.error());
  return {};
}

Result<void> check_absent(const Store& token, const Query& query, std::string_view what) {
  const auto entries = token.find_entries(query);
  if (!entries) return Failure(entries.error());
  if (entries->items.empty()) return {};
  return fail(Errc::already_exists,
              fmt::format("the token has a key with this {} already: {}", what,
                          entries->items.front().uri.canonical()),
              "name the new one: pkcs11:token=…;object=LABEL;id=ID");
}

// With another key of the same kind: this one does not go near the token before it is moved.
Result<void> rehearse(Data& plan, const Store& token) {
  const auto public_key = PublicKey::parse(plan.public_key);
  if (!public_key) return Failure(public_key.error());
  const auto& shape = public_key->shape();
  const unsigned bits = shape.type == KeyType::rsa ? rehearsal_rsa_bits : 0;
  auto way = token.importer()->rehearse_import({shape.type, bits, shape.curve});
  if (!way) return Failure(way.error());
  plan.import_way = std::move(*way);
  return {};
}

Result<void> check_token(Data& plan, const Uri& destination, const MoveRequest& request) {
  const auto token = open_token(destination, plan.pin);
  if (!token) return Failure(token.error());
  if (token->importer() == nullptr) {
    return fail(Errc::unsupported, fmt::format("{} takes no keys", destination.canonical()));
  }
  // Looking for private keys logs in: a wrong PIN shows here, before anything is changed.
  const auto keys = token->find_keys({.id = plan.object_id});
  if (!keys) return Failure(keys.error());
  for (const auto& [query, what] : {
           std::pair{Query{.kind = EntryKind::private_key, .id = plan.object_id}, "id"},
           std::pair{Query{.kind = EntryKind::public_key, .id = plan.object_id}, "id"},
           std::pair{Query{.kind = EntryKind::public_key, .label = plan.label}, "label"},
           std::pair{Query{.kind = EntryKind::private_key, .label = plan.label}, "label"},
       }) {
    if (const auto ok = check_absent(*token, query, what); !ok) return ok;
  }
  if (const auto ok = rehearse(plan, *token); !ok) return ok;
  if (!request.import_certificates) return {};
  const auto present = token->find_certificates();
  if (!present) return Failure(present.error());
  for (const auto& der : plan.certificates) {
    const auto same = [&der](const Certificate& each) { return each.der() == der; };
    if (std::any_of(present->items.begin(), present->items.end(), same)) continue;
    plan.import_certificates.push_back(sha256_hex(der));
  }
  return {};
}

// A copy that stays behind makes the move worthless; only the person can say what it is for.
void note_copies(Data& plan, const PublicKey& public_key) {
  const auto folder = open(Uri::from_path(folder_of(plan.path)));
  if (!folder) return;
  const auto entries =
      folder->find_entries({.kind = EntryKind::private_key, .public_key = public_key});
  if (!entries) return;
  for (const auto& entry : entries->items) {
    if (entry.custody != Custody::file || entry.uri.path() == plan.path) continue;
    plan.notes.push_back("the same key is also in " + entry.uri.path());
  }
}

}  // namespace
}  // namespace keystore::lifecycle
