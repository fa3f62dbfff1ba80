/* A TLS server in C99 whose key may be anywhere, and which shows renewed certificates without a
 * restart.
 *
 *   tls_server_c PORT KEY [CERTIFICATES [CLIENT-CA]]
 *
 *   tls_server_c 8443 keystore:web
 *   tls_server_c 8443 'pkcs11:token=prod;object=web?pin-source=file:/etc/pin' /etc/ssl/web.pem
 *
 * CERTIFICATES is for keys that have theirs elsewhere; with CLIENT-CA, clients must show one too.
 */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "keystore/ks_openssl.h"

static volatile sig_atomic_t ended = 0;
static void end(int signal_number) {
  (void)signal_number;
  ended = 1;
}

static void log_line(void* user, int32_t level, const char* line) {
  (void)user;
  (void)level;
  fprintf(stderr, "%s\n", line);
}

static int fail(void) {
  const ks_error* error = ks_last_error();
  fprintf(stderr, "tls_server: %s\n", error->message);
  if (error->hint[0] != '\0') fprintf(stderr, "hint: %s\n", error->hint);
  return 1;
}

static int listen_on(const char* port) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  struct sockaddr_in address = {0};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  address.sin_family = AF_INET;
  address.sin_port = htons((in_port_t)atoi(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (const struct sockaddr*)&address, sizeof(address)) != 0) return -1;
  return listen(listener, 64) == 0 ? listener : -1;
}

static void answer(SSL* connection) {
  char request[4096];
  char name[256] = "nobody";
  char text[512];
  X509* client;
  if (SSL_accept(connection) != 1 || SSL_read(connection, request, sizeof(request)) <= 0) {
    ERR_print_errors_fp(stderr);
    return;
  }
  client = SSL_get0_peer_certificate(connection);
  if (client != NULL) X509_NAME_oneline(X509_get_subject_name(client), name, sizeof(name));
  snprintf(text, sizeof(text), "HTTP/1.0 200 OK\r\n\r\nHello, %s\n", name);
  SSL_write(connection, text, (int)strlen(text));
  SSL_shutdown(connection);
}

static void serve_one(SSL_CTX* context, int client) {
  const struct timeval patience = {5, 0};
  SSL* connection = SSL_new(context);
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  SSL_set_fd(connection, client);
  answer(connection);
  SSL_free(connection);
  close(client);
}

/* Until one of the signals that are let in while it waits, and only then, so that none is missed.
 */
static int serve(SSL_CTX* context, const char* port, const sigset_t* waiting) {
  const int listener = listen_on(port);
  if (listener < 0) {
    fprintf(stderr, "tls_server: cannot listen on port %s\n", port);
    return 1;
  }
  while (!ended) {
    fd_set ready;
    int client;
    FD_ZERO(&ready);
    FD_SET(listener, &ready);
    if (pselect(listener + 1, &ready, NULL, NULL, NULL, waiting) <= 0) continue;
    client = accept(listener, NULL, NULL);
    if (client >= 0) serve_one(context, client);
  }
  close(listener);
  return 0;
}

/* SIGTERM and SIGINT end the program, but are held back; `waiting` gets the mask from before. */
static void hold_back_ends(sigset_t* waiting) {
  struct sigaction action = {0};
  sigset_t ends;
  action.sa_handler = end;
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, waiting);
}

int main(int count, char** words) {
  ks_tls_options options = KS_TLS_OPTIONS_INIT;
  ks_tls_source source = {NULL, NULL, NULL};
  const char* trust[1];
  SSL_CTX* context;
  ks_rotator* rotator = NULL;
  sigset_t waiting;
  int status;
  if (count < 3 || count > 5) {
    fprintf(stderr, "usage: tls_server PORT KEY [CERTIFICATES [CLIENT-CA]]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  hold_back_ends(&waiting);
  ks_set_log_sink(log_line, NULL);

  source.key = words[2];
  source.certificates = count > 3 ? words[3] : NULL;
  options.identities = &source;
  options.identity_count = 1;
  if (count > 4) {
    trust[0] = words[4];
    options.trust = trust;
    options.trust_count = 1;
    options.client_certificate = KS_TLS_CLIENT_CERTIFICATE_REQUIRED;
  }
  context = SSL_CTX_new(TLS_server_method());
  if (ks_tls_configure(context, &options) != KS_OK ||
      ks_rotator_start(context, &rotator) != KS_OK) {
    status = fail();
  } else {
    status = serve(context, words[1], &waiting);
  }
  ks_rotator_free(rotator);
  SSL_CTX_free(context);
  return status;
}
