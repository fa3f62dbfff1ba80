/* A TLS client in C99 that knows whom it talks to, and shows its own certificate where it is asked.
 *
 *   tls_client_c HOST PORT CA [KEY [CERTIFICATES]]
 *
 *   tls_client_c www.example.org 443 system:
 *   tls_client_c db.example.org 8443 /etc/ssl/ca.pem keystore:client */
#define _POSIX_C_SOURCE 200809L
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>

#include "keystore/ks_openssl.h"

static void log_line(void* user, int32_t level, const char* line) {
  (void)user;
  (void)level;
  fprintf(stderr, "%s\n", line);
}

static int fail(void) {
  const ks_error* error = ks_last_error();
  fprintf(stderr, "tls_client: %s\n", error->message);
  if (error->hint[0] != '\0') fprintf(stderr, "hint: %s\n", error->hint);
  return 1;
}

static int ask(BIO* network, const char* host) {
  char part[4096];
  int size;
  int answered = 0;
  if (BIO_printf(network, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host) <= 0) {
    ERR_print_errors_fp(stderr);
    return 1;
  }
  while ((size = BIO_read(network, part, sizeof(part))) > 0) {
    fwrite(part, 1, (size_t)size, stdout);
    answered = 1;
  }
  if (!answered) ERR_print_errors_fp(stderr); /* in TLS 1.3 a server refuses us after our part */
  return answered ? 0 : 1;
}

static int talk(SSL_CTX* context, const char* host, const char* port) {
  BIO* network = BIO_new_ssl_connect(context);
  SSL* connection = NULL;
  int status;
  BIO_get_ssl(network, &connection);
  BIO_set_conn_hostname(network, host);
  BIO_set_conn_port(network, port);
  status = ks_tls_set_host(connection, host) == KS_OK ? ask(network, host) : fail();
  BIO_free_all(network);
  return status;
}

int main(int count, char** words) {
  ks_tls_options options = KS_TLS_OPTIONS_INIT;
  ks_tls_source source = {NULL, NULL, NULL};
  const char* trust[1];
  SSL_CTX* context;
  int status;
  if (count < 4 || count > 6) {
    fprintf(stderr, "usage: tls_client HOST PORT CA [KEY [CERTIFICATES]]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  ks_set_log_sink(log_line, NULL);
  trust[0] = words[3];
  options.role = KS_TLS_CLIENT;
  options.trust = trust;
  options.trust_count = 1;
  if (count > 4) {
    source.key = words[4];
    source.certificates = count > 5 ? words[5] : NULL;
    options.identities = &source;
    options.identity_count = 1;
  }
  context = SSL_CTX_new(TLS_client_method());
  status =
      ks_tls_configure(context, &options) == KS_OK ? talk(context, words[1], words[2]) : fail();
  SSL_CTX_free(context);
  return status;
}
