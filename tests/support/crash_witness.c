// Preloaded into every program that a suite starts: a process that ends by a fault leaves a file in
// the folder $KEYSTORE_CRASHES, also where nobody looks at its exit status (a server's worker) and
// where no core can be written.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int faults[] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE};
static char path[512];

// Only what a signal handler may call.
static void leave_note(int signal) {
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (file < 0) return;
  const char* name = program_invocation_short_name;
  const char number[] = {(char)('0' + signal / 10), (char)('0' + signal % 10), '\n'};
  if (write(file, name, strlen(name)) < 0 || write(file, ": signal ", 9) < 0 ||
      write(file, number, sizeof number) < 0) {
    // Nobody could be told.
  }
  close(file);
}

// The action is the default one again, so the process ends as it would have.
static void witness(int signal) {
  leave_note(signal);
  raise(signal);
}

__attribute__((constructor)) static void watch(void) {
  const char* folder = getenv("KEYSTORE_CRASHES");
  if (folder == NULL || strlen(folder) + sizeof "/seen" > sizeof path) return;
  strcat(strcpy(path, folder), "/seen");
  struct sigaction action = {0};
  action.sa_handler = witness;
  action.sa_flags = SA_RESETHAND | SA_ONSTACK;
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
    sigaction(faults[i], &action, NULL);
  }
}
