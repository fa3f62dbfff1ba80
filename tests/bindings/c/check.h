#ifndef KEYSTORE_TESTS_CHECK_H
#define KEYSTORE_TESTS_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "bindings/c/ks.h"

#define CHECK(what) check((what) ? 1 : 0, #what, __LINE__)

static void check(int holds, const char* what, int line) {
  const ks_error* error = ks_last_error();
  if (holds) return;
  fprintf(stderr, "line %d: %s; last error: %s: %s (%s)\n", line, what, ks_error_name(error->code),
          error->message, error->hint);
  exit(1);
}

#endif
