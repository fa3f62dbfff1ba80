#include "keystore/internal/quiet_thread.h"

#include <pthread.h>
#include <signal.h>

#include <memory>

namespace keystore {
namespace {

struct Start {
  const char* name;
  std::function<void()> body;
};

void* run(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  ::pthread_setname_np(::pthread_self(), start->name);
  start->body();
  return nullptr;
}

}  // namespace

bool start_quiet_thread(const char* name, std::function<void()> body) {
  auto start = std::make_unique<Start>(Start{name, std::move(body)});
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // inherited by the new thread
  pthread_t thread = {};
  const bool started = ::pthread_create(&thread, nullptr, run, start.get()) == 0;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started) return false;
  static_cast<void>(start.release());
  ::pthread_detach(thread);
  return true;
}

}  // namespace keystore
