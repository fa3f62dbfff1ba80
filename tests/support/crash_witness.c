// Preloaded into every program that a suite starts: a process that ends by a fault leaves a file in
// the folder $KEYSTORE_CRASHES, also where nobody looks at its exit status (a server's worker) and
// where no core can be written.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static const int faults[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE};
static char path[512];

static void say(int file, const char* text) {
  if (write(file, text, strlen(text)) < 0) _exit(127);
}

// The library whose code was running; empty where that is not known.
static const char* library_at_fault(const ucontext_t* context) {
  void* address = NULL;
#if defined(__x86_64__)
  address = (void*)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  address = (void*)context->uc_mcontext.pc;
#endif
  Dl_info found;
  return dladdr(address, &found) != 0 ? found.dli_fname : "";
}

// The action is the default one again, so the process ends as it would have.
static void witness(int signal, siginfo_t* info, void* context) {
  (void)info;
  const char number[] = {(char)('0' + signal / 10), (char)('0' + signal % 10), 0};
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (file >= 0) {
    say(file, program_invocation_short_name);
    say(file, ": signal ");
    say(file, number);
    say(file, " in ");
    say(file, library_at_fault(context));
    say(file, "\n");
    close(file);
  }
  raise(signal);
}

__attribute__((constructor)) static void watch(void) {
  const char* folder = getenv("KEYSTORE_CRASHES");
  if (folder == NULL || strlen(folder) + sizeof "/seen" > sizeof path) return;
  strcat(strcpy(path, folder), "/seen");
  struct sigaction action = {0};
  action.sa_sigaction = witness;
  action.sa_flags = SA_RESETHAND | SA_ONSTACK | SA_SIGINFO;
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
    sigaction(faults[i], &action, NULL);
  }
}
