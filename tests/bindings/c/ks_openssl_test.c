/* TLS of the C API, in memory:
 *
 *   ks_openssl_test FOLDER
 *
 * FOLDER has ca.crt, web and next (.key, .crt), and the lists empty.crl and full.crl, in which web
 * is revoked. */
#define _POSIX_C_SOURCE 200809L
#include "bindings/c/ks_openssl.h"

#include <openssl/ssl.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bindings/c/check.h"

static const char* folder;

/* In turns, so that several live at once. */
static const char* file(const char* name) {
  static char paths[4][512];
  static int turn;
  turn = (turn + 1) % 4;
  snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", folder, name);
  return paths[turn];
}

static void copy(const char* from, const char* to) {
  char content[8192];
  char fresh[512];
  FILE* in = fopen(file(from), "rb");
  FILE* out;
  size_t size;
  snprintf(fresh, sizeof(fresh), "%s", file("fresh"));
  out = fopen(fresh, "wb");
  CHECK(in != NULL && out != NULL);
  size = fread(content, 1, sizeof(content), in);
  CHECK(fwrite(content, 1, size, out) == size && size < sizeof(content));
  fclose(in);
  fclose(out);
  CHECK(rename(fresh, file(to)) == 0);
}

struct outcome {
  int done;
  int version;
  long verdict; /* of the client on the server */
  char shown[64];
  char cipher[64];
};

static struct outcome shake_hands(SSL_CTX* server, SSL_CTX* client) {
  struct outcome outcome = {0, 0, 0, "", ""};
  SSL* accepting = SSL_new(server);
  SSL* connecting = SSL_new(client);
  BIO* a = NULL;
  BIO* b = NULL;
  X509* leaf;
  int i;
  CHECK(BIO_new_bio_pair(&a, 0, &b, 0) == 1);
  SSL_set_bio(accepting, a, a);
  SSL_set_bio(connecting, b, b);
  SSL_set_accept_state(accepting);
  SSL_set_connect_state(connecting);
  CHECK(ks_tls_set_host(connecting, "localhost") == KS_OK);
  for (i = 0; i < 20 && !outcome.done; i++) {
    const int from_client = SSL_do_handshake(connecting);
    outcome.done = SSL_do_handshake(accepting) == 1 && from_client == 1;
  }
  outcome.version = SSL_version(connecting);
  outcome.verdict = SSL_get_verify_result(connecting);
  snprintf(outcome.cipher, sizeof(outcome.cipher), "%s", SSL_get_cipher(connecting));
  leaf = SSL_get0_peer_certificate(connecting);
  if (leaf != NULL) {
    X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, outcome.shown,
                              sizeof(outcome.shown));
  }
  SSL_free(accepting);
  SSL_free(connecting);
  return outcome;
}

static SSL_CTX* configured(const ks_tls_options* options) {
  SSL_CTX* context =
      SSL_CTX_new(options->role == KS_TLS_SERVER ? TLS_server_method() : TLS_client_method());
  CHECK(ks_tls_configure(context, options) == KS_OK);
  return context;
}

static SSL_CTX* server(const char* key, const char* certificates) {
  ks_tls_options options = KS_TLS_OPTIONS_INIT;
  ks_tls_source source = {NULL, NULL, NULL};
  source.key = key;
  source.certificates = certificates;
  options.identities = &source;
  options.identity_count = 1;
  return configured(&options);
}

static ks_tls_options believing(const char* const* trust) {
  ks_tls_options options = KS_TLS_OPTIONS_INIT;
  options.role = KS_TLS_CLIENT;
  options.trust = trust;
  options.trust_count = 1;
  return options;
}

static void check_settings(const char* const* trust) {
  SSL_CTX* web = server(file("web.key"), file("web.crt"));
  ks_tls_options options = believing(trust);
  SSL_CTX* client = configured(&options);
  struct outcome outcome = shake_hands(web, client);
  CHECK(outcome.done && outcome.version == TLS1_3_VERSION && strcmp(outcome.shown, "web") == 0);
  SSL_CTX_free(client);

  options.max_version = KS_TLS_1_2;
  options.tls12_ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305";
  client = configured(&options);
  outcome = shake_hands(web, client);
  CHECK(outcome.done && outcome.version == TLS1_2_VERSION);
  CHECK(strcmp(outcome.cipher, "ECDHE-ECDSA-CHACHA20-POLY1305") == 0);
  SSL_CTX_free(client);

  options = believing(trust);
  options.min_version = KS_TLS_1_3;
  options.tls13_ciphersuites = "TLS_AES_128_GCM_SHA256";
  client = configured(&options);
  CHECK(strcmp(shake_hands(web, client).cipher, "TLS_AES_128_GCM_SHA256") == 0);
  CHECK(SSL_CTX_get_min_proto_version(client) == TLS1_3_VERSION);
  SSL_CTX_free(client);

  /* A program that was built with an older header says less. */
  options = believing(trust);
  options.size = offsetof(ks_tls_options, crls);
  memset((char*)&options + options.size, 0x5a, sizeof(options) - options.size);
  client = configured(&options);
  outcome = shake_hands(web, client);
  CHECK(outcome.done && outcome.version == TLS1_3_VERSION);
  SSL_CTX_free(client);
  SSL_CTX_free(web);
}

static void check_revocation(const char* const* trust) {
  SSL_CTX* web = server(file("web.key"), file("web.crt"));
  const char* crls[1];
  ks_tls_options options = believing(trust);
  SSL_CTX* client;
  struct outcome outcome;
  options.crls = crls;
  options.crl_count = 1;
  crls[0] = file("empty.crl");
  client = configured(&options);
  CHECK(shake_hands(web, client).done);
  SSL_CTX_free(client);

  crls[0] = file("full.crl");
  client = configured(&options);
  outcome = shake_hands(web, client);
  CHECK(!outcome.done && outcome.verdict == X509_V_ERR_CERT_REVOKED);
  SSL_CTX_free(client);

  options.crl_check = "none";
  client = configured(&options);
  CHECK(shake_hands(web, client).done);
  SSL_CTX_free(client);

  options.crl_count = 0;
  options.crl_check = "leaf";
  options.soft_fail = 1;
  client = configured(&options);
  CHECK(shake_hands(web, client).done);
  SSL_CTX_free(client);
  SSL_CTX_free(web);
}

static void expect_refusal(const ks_tls_options* options, const char* words) {
  SSL_CTX* context = SSL_CTX_new(TLS_method());
  CHECK(ks_tls_configure(context, options) == KS_ERROR_INVALID_ARGUMENT);
  CHECK(strstr(ks_last_error()->message, words) != NULL);
  SSL_CTX_free(context);
}

static void check_refusals(const char* const* trust) {
  ks_tls_options options = believing(trust);
  options.crl_check = "sometimes";
  expect_refusal(&options, "sometimes");
  options.crl_check = "chain";
  expect_refusal(&options, "no CRL");
  options = believing(trust);
  options.max_version = 7;
  expect_refusal(&options, "max_version");
  options.max_version = KS_TLS_1_2;
  options.min_version = KS_TLS_1_3;
  expect_refusal(&options, "versions");
  options = believing(trust);
  options.tls12_ciphers = "no-such";
  expect_refusal(&options, "no-such");
  options = believing(NULL);
  expect_refusal(&options, "trust");
  options = believing(trust);
  options.identities_only = 1;
  expect_refusal(&options, "identities only");
}

struct told {
  sem_t more;
  int32_t code;
  char leaf[128];
};

static void tell(void* user, const ks_rotation_report* report) {
  struct told* told = user;
  told->code = report->error == NULL ? KS_OK : report->error->code;
  snprintf(told->leaf, sizeof(told->leaf), "%s", report->leaf == NULL ? "" : report->leaf->subject);
  sem_post(&told->more);
}

static void wait_for(struct told* told) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 60;
  CHECK(sem_timedwait(&told->more, &until) == 0);
}

static void check_rotation(const char* const* trust) {
  ks_tls_options believed = believing(trust);
  SSL_CTX* client = configured(&believed);
  SSL_CTX* live;
  ks_rotator* rotator = NULL;
  ks_rotator_options options = KS_ROTATOR_OPTIONS_INIT;
  struct told told = {.code = -1};
  sem_init(&told.more, 0, 0);
  copy("web.key", "live.key");
  copy("web.crt", "live.crt");
  live = server(file("live.key"), file("live.crt"));
  CHECK(strcmp(shake_hands(live, client).shown, "web") == 0);
  options.report = tell;
  options.user = &told;
  options.settle_ms = 50;
  CHECK(ks_rotator_start_with(live, &options, &rotator) == KS_OK);

  copy("next.key", "live.key"); /* alone, it fits nothing */
  wait_for(&told);
  CHECK(told.code == KS_ERROR_KEY_MISMATCH && told.leaf[0] == '\0');
  CHECK(strcmp(shake_hands(live, client).shown, "web") == 0);
  copy("next.crt", "live.crt");
  wait_for(&told);
  CHECK(told.code == KS_OK && strcmp(told.leaf, "CN=next") == 0);
  CHECK(strcmp(shake_hands(live, client).shown, "next") == 0);
  ks_rotator_free(rotator);

  CHECK(ks_rotator_start(client, &rotator) == KS_OK); /* without options */
  ks_rotator_check(rotator);
  ks_rotator_free(rotator);
  ks_rotator_free(NULL);
  SSL_CTX_free(live);
  SSL_CTX_free(client);
  client = SSL_CTX_new(TLS_method());
  CHECK(ks_rotator_start(client, &rotator) == KS_ERROR_INVALID_ARGUMENT);
  SSL_CTX_free(client);
  sem_destroy(&told.more);
}

static void check_newest_context(void) {
  SSL_CTX* context;
  CHECK(ks_tls_watch_contexts() == KS_OK && ks_tls_newest_context() == NULL);
  context = SSL_CTX_new(TLS_method());
  CHECK(ks_tls_newest_context() == context);
  CHECK(ks_tls_watch_contexts() == KS_OK && ks_tls_newest_context() == NULL);
  SSL_CTX_free(context);
}

int main(int count, char** words) {
  const char* trust[1];
  char ca[512];
  CHECK(count == 2);
  folder = words[1];
  snprintf(ca, sizeof(ca), "%s/ca.crt", folder);
  trust[0] = ca;
  check_settings(trust);
  check_revocation(trust);
  check_refusals(trust);
  check_rotation(trust);
  check_newest_context();
  return 0;
}
