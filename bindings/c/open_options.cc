#include "bindings/c/open_options.h"

#include "bindings/c/guard.h"
#include "bindings/c/handles.h"

namespace keystore::c {
namespace {

constexpr ks_open_options no_options = KS_OPEN_OPTIONS_INIT;

static_assert(static_cast<int>(PinRequest::What::token_pin) + 1 == KS_SECRET_TOKEN_PIN);
static_assert(static_cast<int>(PinRequest::What::so_pin) + 1 == KS_SECRET_SO_PIN);
static_assert(static_cast<int>(PinRequest::What::context_pin) + 1 == KS_SECRET_CONTEXT_PIN);
static_assert(static_cast<int>(PinRequest::What::new_pin) + 1 == KS_SECRET_NEW_PIN);
static_assert(static_cast<int>(PinRequest::What::passphrase) + 1 == KS_SECRET_PASSPHRASE);
static_assert(static_cast<int>(PinRequest::What::new_passphrase) + 1 == KS_SECRET_NEW_PASSPHRASE);

/// The caller's function with what belongs to it, told when nobody can call it any more.
class Asker {
 public:
  explicit Asker(const ks_open_options& options) : options_(options) {}
  ~Asker() {
    if (options_.release != nullptr) options_.release(options_.user);
  }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  Result<Secret> answer(const PinRequest& request) const;

 private:
  const ks_open_options options_;
};

Result<Secret> Asker::answer(const PinRequest& request) const {
  const auto prompt = request.prompt();
  const ks_secret_request asked = {.what = static_cast<std::int32_t>(request.what) + 1,
                                   .object = request.object.c_str(),
                                   .prompt = prompt.c_str(),
                                   .tries_left = request.tries_left.value_or(-1),
                                   .final_try = request.final_try ? 1 : 0,
                                   .serial = request.serial.c_str()};
  ks_secret_reply reply;
  const auto status = options_.ask(options_.user, &asked, &reply);
  if (status == KS_OK && reply.given) return std::move(reply.secret);
  return fail(known_code(status).value_or(Errc::pin_required), "the program gave no " + prompt);
}

SecretSource source_of(const ks_open_options& options) {
  if (options.secret_source != nullptr) return take(SecretSource::parse(options.secret_source));
  const auto text = view_of(options.secret, options.secret_size, "secret");
  return take(SecretSource::parse("pass:" + std::string(as_text(text))));
}

}  // namespace

OpenOptions open_options(const ks_open_options* given) {
  const auto options = read_sized(given, no_options, "options");
  const auto asker = std::make_shared<const Asker>(options);
  OpenOptions made;
  if (options.secret_source != nullptr && options.secret != nullptr) {
    raise(Errc::invalid_argument, "the options name a secret and a source of it",
          "set secret or secret_source");
  }
  if (options.secret_source != nullptr || options.secret != nullptr) {
    made.pin_source = source_of(options);
  }
  if (options.ask != nullptr) {
    made.pin = [asker](const PinRequest& request) { return asker->answer(request); };
  }
  return made;
}

}  // namespace keystore::c

int32_t ks_secret_answer(ks_secret_reply* reply, const void* data, size_t size) {
  namespace c = keystore::c;
  return c::guard(__func__, [&] {
    auto& place = c::require(reply, "reply");
    place.secret = keystore::Secret::copy_of(c::view_of(data, size, "data"));
    place.given = true;
  });
}
