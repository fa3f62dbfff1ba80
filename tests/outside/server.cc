// server PORT KEY: greets over TLS with the key and certificate that the URI names.
#include <keystore/openssl/tls.h>
#include <openssl/ssl.h>

#include <cstdio>

int main(int, char** words) {
  auto* context = SSL_CTX_new(TLS_server_method());
  const auto done = keystore::openssl::configure(context, {.identities = {{.key = words[2]}}});
  if (!done) return std::puts(done.error().message.c_str());
  auto* listener = BIO_new_accept(words[1]);
  BIO_set_accept_bios(listener, BIO_new_ssl(context, 0));
  for (BIO_do_accept(listener); BIO_do_accept(listener) > 0;) {
    auto* connection = BIO_pop(listener);
    char request[4096];
    if (BIO_read(connection, request, sizeof(request)) > 0) {
      BIO_puts(connection, "HTTP/1.0 200 OK\r\n\r\nhello\n");
    }
    BIO_free_all(connection);
  }
}
