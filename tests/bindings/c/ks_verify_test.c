/* The C functions of ks_verify.h: ks_verify_test CERTIFICATE CA KEY */
#include "bindings/c/ks_verify.h"

#include <stdio.h>
#include <string.h>

#include "tests/bindings/c/check.h"

static uint8_t certificate[8192];
static uint8_t ca[8192];

static ks_bytes content(const char* path, uint8_t* buffer, size_t room) {
  FILE* file = fopen(path, "rb");
  ks_bytes read = {NULL, 0};
  CHECK(file != NULL);
  read.data = buffer;
  read.size = fread(buffer, 1, room, file);
  fclose(file);
  return read;
}

static void check_paths(ks_bytes leaf, const ks_verify_options* trusting) {
  ks_verify_options options = *trusting;
  ks_verification* found = NULL;
  const ks_verdict* verdict;
  CHECK(ks_verify(leaf.data, leaf.size, &options, &found) == KS_OK);
  verdict = ks_verification_verdict(found);
  CHECK(verdict->trusted == 1 && verdict->openssl_accepts == 1 &&
        strcmp(verdict->reason, "ok") == 0);
  CHECK(verdict->path_count == 2 && strcmp(verdict->path[0]->subject, "CN=web") == 0);
  CHECK(strcmp(verdict->path[1]->subject, "CN=Test CA") == 0);
  CHECK(verdict->revocation == KS_REVOCATION_NOT_ASKED && verdict->not_fetched_count == 0);
  ks_verification_free(found);

  options.host = "elsewhere.test";
  CHECK(ks_verify(leaf.data, leaf.size, &options, &found) == KS_OK);
  CHECK(ks_verification_verdict(found)->trusted == 0);
  ks_verification_free(found);

  options.host = NULL;
  options.at = 946684800; /* 2000-01-01 */
  CHECK(ks_verify(leaf.data, leaf.size, &options, &found) == KS_OK);
  CHECK(ks_verification_verdict(found)->trusted == 0);
  ks_verification_free(found);

  options.purpose = "tea";
  CHECK(ks_verify(leaf.data, leaf.size, &options, &found) == KS_ERROR_INVALID_ARGUMENT);
  CHECK(ks_verify("nonsense", 8, trusting, &found) == KS_ERROR_MALFORMED);
  CHECK(ks_verify(NULL, 3, trusting, &found) == KS_ERROR_INVALID_ARGUMENT);
  CHECK(ks_verify(leaf.data, leaf.size, trusting, NULL) == KS_ERROR_INVALID_ARGUMENT);
  CHECK(ks_verification_verdict(NULL) == NULL);
  ks_verification_free(NULL);
}

static int has(const ks_target_report* report, const char* code) {
  size_t i;
  for (i = 0; i < report->finding_count; i++) {
    const ks_finding* finding = &report->findings[i];
    CHECK(finding->message[0] != '\0' && finding->fix_text[0] != '\0');
    if (strcmp(finding->code, code) == 0) return 1;
  }
  return 0;
}

static void check_doctor(const char* const* words, const ks_verify_options* trusting) {
  const char* targets[2];
  ks_verify_options judging = *trusting;
  ks_check_options options = KS_CHECK_OPTIONS_INIT;
  ks_report* report = NULL;
  targets[0] = words[1];
  targets[1] = words[3];
  judging.host = "elsewhere.test";
  options.verify = &judging;
  CHECK(ks_check(targets, 2, &options, &report) == KS_OK);
  CHECK(ks_report_count(report) == 2 && ks_report_target(report, 2) == NULL);
  CHECK(strcmp(ks_report_target(report, 0)->target, words[1]) == 0);
  CHECK(ks_report_target(report, 0)->verdict == KS_TARGET_FAIL);
  CHECK(has(ks_report_target(report, 0), "cert.host-mismatch"));
  CHECK(!has(ks_report_target(report, 0), "key.missing"));
  ks_report_free(report);

  targets[0] = "/nowhere/absent.pem";
  CHECK(ks_check(targets, 1, &options, &report) == KS_OK);
  CHECK(ks_report_target(report, 0)->error->code == KS_ERROR_NOT_FOUND);
  ks_report_free(report);
  options.starttls = "tea";
  CHECK(ks_check(targets, 1, &options, &report) == KS_ERROR_INVALID_ARGUMENT);
  CHECK(ks_check(NULL, 1, NULL, &report) == KS_ERROR_INVALID_ARGUMENT);
  CHECK(ks_report_count(NULL) == 0);
  ks_report_free(NULL);
}

int main(int count, const char* const* words) {
  ks_verify_options options = KS_VERIFY_OPTIONS_INIT;
  ks_bytes leaf;
  ks_bytes anchor;
  CHECK(count == 4);
  leaf = content(words[1], certificate, sizeof(certificate));
  anchor = content(words[2], ca, sizeof(ca));
  options.trust = &anchor;
  options.trust_count = 1;
  check_paths(leaf, &options);
  check_doctor(words, &options);
  return 0;
}
