#include "backends/pkcs11/admin/token_admin.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>

#include "backends/pkcs11/admin/libp11_error.h"
#include "backends/pkcs11/admin/libp11_ptr.h"

namespace keystore::pkcs11 {
namespace {

constexpr std::size_t label_size = 32;

TokenSlot copy_of(PKCS11_SLOT& slot);
Result<PKCS11_SLOT*> find(SlotList& list, unsigned long slot);
Result<void> log_in_as_officer(PKCS11_SLOT* slot, const char* so_pin);
Result<Secret> terminated(const Secret& pin);
const char* text_of(const Secret& terminated);

}  // namespace

struct TokenAdmin::State {
  ModuleConfig module = {};
  Libp11Ptr context = {};
};

TokenAdmin::TokenAdmin(std::unique_ptr<State> state) : state_(std::move(state)) {}
TokenAdmin::TokenAdmin(TokenAdmin&&) noexcept = default;
TokenAdmin& TokenAdmin::operator=(TokenAdmin&&) noexcept = default;
TokenAdmin::~TokenAdmin() = default;

namespace {

bool loaded_already(const std::string& path) {
  void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (module == nullptr) return false;
  dlclose(module);
  return true;
}

struct CloseLibrary {
  void operator()(void* library) const noexcept { dlclose(library); }
};
using LibraryPtr = std::unique_ptr<void, CloseLibrary>;

/// libp11 writes the loader's complaints to stderr, so they are found before it can.
Result<LibraryPtr> check_library(const std::string& path) {
  LibraryPtr library(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!library) return fail(Errc::unavailable, fmt::format("cannot load module: {}", dlerror()));
  if (dlsym(library.get(), "C_GetFunctionList") == nullptr) {
    return fail(Errc::malformed, fmt::format("{} is no PKCS#11 module", path));
  }
  return library;
}

Result<Libp11Ptr> load(const ModuleConfig& module) {
  ERR_clear_error();
  const auto library = check_library(module.path);
  if (!library) return Failure(library.error());
  EmptyLibp11Ptr context(PKCS11_CTX_new());
  if (!module.args.empty()) PKCS11_CTX_init_args(context.get(), module.args.c_str());
  if (PKCS11_CTX_load(context.get(), module.path.c_str()) != 0) {
    auto error = error_from_libp11("PKCS11_CTX_load", fmt::format("cannot load {}", module.path));
    error.code = Errc::unavailable;
    return Failure(std::move(error));
  }
  return Libp11Ptr(context.release());
}

}  // namespace

Result<TokenAdmin> TokenAdmin::open(const ModuleConfig& module) {
  if (loaded_already(module.path)) {
    return fail(
        Errc::unavailable,
        fmt::format("this process uses {} already: administration would cut off its sessions",
                    module.path),
        "administer tokens in a process of its own");
  }
  auto context = load(module);
  if (!context) return Failure(context.error());
  return TokenAdmin(std::make_unique<State>(State{module, *std::move(context)}));
}

Result<std::vector<TokenSlot>> TokenAdmin::slots() {
  SlotList list(state_->context.get());
  if (!list.good()) {
    return Failure(error_from_libp11(
        "PKCS11_enumerate_slots", fmt::format("cannot list the slots of {}", state_->module.path)));
  }
  std::vector<TokenSlot> slots;
  for (auto& slot : list.all()) {
    if (slot.token != nullptr) slots.push_back(copy_of(slot));
  }
  return slots;
}

Result<TokenSlot> TokenAdmin::initialise(unsigned long slot, std::string_view label,
                                         const Secret& so_pin, const Secret& pin) {
  if (label.empty() || label.size() > label_size) {
    return fail(Errc::invalid_argument,
                fmt::format("the label '{}' is not 1 to {} octets long", label, label_size));
  }
  const auto officer = terminated(so_pin);
  if (!officer) return Failure(officer.error());
  std::string serial;
  {
    SlotList list(state_->context.get());
    const auto found = find(list, slot);
    if (!found) return Failure(found.error());
    // libp11 hands the label over as it is; C_InitToken reads 32 octets.
    std::string padded(label);
    padded.resize(label_size, ' ');
    if (PKCS11_init_token((*found)->token, text_of(*officer), padded.c_str()) != 0) {
      return Failure(error_from_libp11(
          "PKCS11_init_token", fmt::format("cannot initialise the token in slot {}", slot)));
    }
  }
  if (const auto set = set_pin(slot, so_pin, pin); !set) return Failure(set.error());
  {
    SlotList list(state_->context.get());
    const auto found = find(list, slot);
    if (!found) return Failure(found.error());
    serial = copy_of(**found).serial;
  }
  // A fresh start of the module shows the slot number that other programs will see.
  state_->context.reset();
  auto context = load(state_->module);
  if (!context) return Failure(context.error());
  state_->context = *std::move(context);
  const auto all = slots();
  if (!all) return Failure(all.error());
  for (const auto& token : *all) {
    if (token.initialised && token.serial == serial && token.label == label) return token;
  }
  return fail(Errc::unavailable, fmt::format("the new token '{}' does not show up", label));
}

Result<void> TokenAdmin::set_pin(unsigned long slot, const Secret& so_pin, const Secret& pin) {
  const auto officer = terminated(so_pin);
  if (!officer) return Failure(officer.error());
  const auto user = terminated(pin);
  if (!user) return Failure(user.error());
  SlotList list(state_->context.get());
  const auto found = find(list, slot);
  if (!found) return Failure(found.error());
  if (const auto in = log_in_as_officer(*found, text_of(*officer)); !in) return in;
  const bool done = PKCS11_init_pin((*found)->token, text_of(*user)) == 0;
  const auto error = error_from_libp11(
      "PKCS11_init_pin", fmt::format("cannot set the user PIN of the token in slot {}", slot));
  PKCS11_logout(*found);
  if (!done) return Failure(error);
  return {};
}

Result<void> TokenAdmin::change_pin(unsigned long slot, const Secret& old_pin, const Secret& pin) {
  const auto known = terminated(old_pin);
  if (!known) return Failure(known.error());
  const auto wanted = terminated(pin);
  if (!wanted) return Failure(wanted.error());
  SlotList list(state_->context.get());
  const auto found = find(list, slot);
  if (!found) return Failure(found.error());
  if (PKCS11_open_session(*found, 1) != 0 ||
      PKCS11_change_pin(*found, text_of(*known), text_of(*wanted)) != 0) {
    return Failure(error_from_libp11(
        "PKCS11_change_pin",
        fmt::format("cannot change the PIN of token '{}'", copy_of(**found).label)));
  }
  return {};
}

namespace {

std::string text(const char* value) { return value == nullptr ? "" : value; }

TokenSlot copy_of(PKCS11_SLOT& slot) {
  const auto& token = *slot.token;
  return {.slot = PKCS11_get_slotid_from_slot(&slot),
          .label = text(token.label),
          .manufacturer = text(token.manufacturer),
          .model = text(token.model),
          .serial = text(token.serialnr),
          .initialised = token.initialized != 0};
}

Result<PKCS11_SLOT*> find(SlotList& list, unsigned long slot) {
  const auto all = list.all();
  const auto found = std::find_if(all.begin(), all.end(), [slot](PKCS11_SLOT& candidate) {
    return candidate.token != nullptr && PKCS11_get_slotid_from_slot(&candidate) == slot;
  });
  if (found != all.end()) return &*found;
  return fail(Errc::not_found, fmt::format("there is no token in slot {}", slot));
}

Result<void> log_in_as_officer(PKCS11_SLOT* slot, const char* so_pin) {
  if (PKCS11_open_session(slot, 1) == 0 && PKCS11_login(slot, 1, so_pin) == 0) return {};
  return Failure(error_from_libp11(
      "PKCS11_login",
      fmt::format("cannot log in to token '{}' as security officer", copy_of(*slot).label)));
}

/// libp11 takes PINs as C strings.
Result<Secret> terminated(const Secret& pin) {
  const auto octets = pin.view();
  if (std::find(octets.begin(), octets.end(), 0) != octets.end()) {
    return fail(Errc::invalid_argument, "a PIN must not hold a zero octet");
  }
  Secret copy(pin.size() + 1);
  std::copy(octets.begin(), octets.end(), copy.writable().begin());
  return copy;
}

const char* text_of(const Secret& terminated) {
  return reinterpret_cast<const char*>(terminated.view().data());
}

}  // namespace
}  // namespace keystore::pkcs11
