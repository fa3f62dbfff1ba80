#include "bindings/openssl/provider/passphrase.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <string>

#include "keystore/result.h"

namespace keystore::provider {

struct LoadPassphrase::Asker {
  OSSL_PASSPHRASE_CALLBACK* callback;
  void* argument;
  std::thread::id thread = std::this_thread::get_id();
  std::atomic<bool> live = true;

  Result<Secret> answer(const PinRequest& request) const;
};

LoadPassphrase::LoadPassphrase(OSSL_PASSPHRASE_CALLBACK* ask, void* argument) {
  if (ask != nullptr) asker_ = std::make_shared<Asker>(ask, argument);
}

LoadPassphrase::~LoadPassphrase() {
  if (asker_) asker_->live = false;
}

PinCallback LoadPassphrase::callback() const {
  if (!asker_) return {};
  return [asker = asker_](const PinRequest& request) { return asker->answer(request); };
}

Result<Secret> LoadPassphrase::Asker::answer(const PinRequest& request) const {
  constexpr std::size_t longest = 1024;
  if (!live || thread != std::this_thread::get_id()) {
    return fail(Errc::pin_required, "nobody can be asked for the " + request.prompt() + " any more",
                "give a pin-source that a server can read again, say file: or cred:");
  }
  if (request.final_try) {
    return fail(
        Errc::pin_locked,
        "only the last try is left for the " + request.prompt() +
            ", and the program's answer may be no person's",
        "type the PIN once with `keystore ls URI --pin prompt`; a good one resets the count");
  }
  // OpenSSL puts "Enter pass phrase for" in front.
  auto prompt = request.prompt();
  if (const auto about = prompt.find(" for "); about != std::string::npos) {
    prompt.erase(0, about + std::string_view(" for ").size());
  }
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PASSPHRASE_PARAM_INFO, prompt.data(), 0),
      OSSL_PARAM_construct_end()};
  Secret typed(longest);
  std::size_t size = 0;
  auto* buffer = reinterpret_cast<char*>(typed.writable().data());
  if (callback(buffer, longest, &size, params, argument) != 1 || size > longest) {
    return fail(Errc::pin_required, "the program gave no " + request.prompt(),
                "give a pin-source in the URI or the configuration");
  }
  typed.shrink(size);
  return typed;
}

}  // namespace keystore::provider
