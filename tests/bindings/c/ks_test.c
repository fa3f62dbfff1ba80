/* The C API over one store:
 *
 *   ks_test TOKEN-URI PIN-FILE PEM-FOLDER
 *
 * TOKEN-URI names a token with the keys p256, rsa2048 and ed25519, each with its certificate. What
 * they sign is verified, and what they decrypt was encrypted, by plain OpenSSL. */
#include "bindings/c/ks.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bindings/c/check.h"

static const char message[] = "attack at dawn";
static char pin[64];
static const uint32_t patience = 60000; /* milliseconds: valgrind is slow */

struct asked {
  int calls;
  int released;
  int32_t status;
  char prompt[256];
};

static int32_t ask(void* user, const ks_secret_request* request, ks_secret_reply* reply) {
  struct asked* asked = user;
  asked->calls++;
  snprintf(asked->prompt, sizeof(asked->prompt), "%s", request->prompt);
  CHECK(request->what == KS_SECRET_TOKEN_PIN && strcmp(request->object, "test") == 0);
  CHECK(request->tries_left >= -1 && request->final_try == 0);
  if (asked->status != KS_OK) return asked->status;
  return ks_secret_answer(reply, pin, strlen(pin));
}

static void released(void* user) { ((struct asked*)user)->released++; }

/* By plain OpenSSL; `salt` of -2 means PKCS#1 or no RSA at all. */
static int verifies(const ks_entry* entry, const char* digest, int salt, const uint8_t* signature,
                    size_t size) {
  const uint8_t* der = entry->public_key.data;
  EVP_PKEY* key = d2i_PUBKEY(NULL, &der, (long)entry->public_key.size);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* padding = NULL;
  int good = EVP_DigestVerifyInit_ex(context, &padding, digest, NULL, NULL, key, NULL) == 1;
  if (salt != -2) {
    good = good && EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, salt) == 1;
  }
  good = good &&
         EVP_DigestVerify(context, signature, size, (const uint8_t*)message, sizeof(message)) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return good;
}

static ks_key* key_of(const ks_store* store, const char* label) {
  ks_query query = KS_QUERY_INIT;
  ks_key* key = NULL;
  query.label = label;
  CHECK(ks_store_key(store, &query, &key) == KS_OK && key != NULL);
  CHECK(strcmp(ks_key_entry(key)->label, label) == 0);
  return key;
}

static void check_signature(const ks_key* key, uint16_t scheme, const char* digest, int salt) {
  uint8_t signature[1024];
  size_t size = sizeof(signature);
  size_t room = 0;
  CHECK(ks_key_sign(key, scheme, message, sizeof(message), patience, NULL, &room) == KS_OK &&
        room > 0);
  CHECK(ks_key_sign(key, scheme, message, sizeof(message), patience, signature, &size) == KS_OK);
  CHECK(size <= room && verifies(ks_key_entry(key), digest, salt, signature, size));
  signature[size / 2] ^= 1;
  CHECK(!verifies(ks_key_entry(key), digest, salt, signature, size));
  size = room - 1;
  CHECK(ks_key_sign(key, scheme, message, sizeof(message), patience, signature, &size) ==
            KS_ERROR_INVALID_ARGUMENT &&
        size == room);
}

static void check_signatures(const ks_store* store) {
  ks_key* rsa = key_of(store, "rsa2048");
  ks_key* ec = key_of(store, "p256");
  ks_key* ed = key_of(store, "ed25519");
  size_t count = 0;
  check_signature(rsa, KS_RSA_PKCS1_SHA256, "SHA256", -2);
  check_signature(rsa, KS_RSA_PSS_RSAE_SHA384, "SHA384", 48);
  check_signature(ec, KS_ECDSA_SECP256R1_SHA256, "SHA256", -2);
  check_signature(ed, KS_ED25519, NULL, -2);
  CHECK(ks_key_schemes(ec, &count) != NULL && count > 0);
  CHECK(ks_key_schemes(ec, NULL)[0] == KS_ECDSA_SECP256R1_SHA256);
  {
    uint8_t signature[64];
    size_t size = sizeof(signature);
    CHECK(ks_key_sign(ed, KS_RSA_PKCS1_SHA256, message, 1, patience, signature, &size) ==
          KS_ERROR_INVALID_ARGUMENT);
    CHECK(ks_key_sign(ed, 0x1234, message, 1, patience, signature, &size) ==
          KS_ERROR_INVALID_ARGUMENT);
  }
  ks_key_free(rsa);
  ks_key_free(ec);
  ks_key_free(ed);
}

static void check_digest(const ks_store* store) {
  ks_key* rsa = key_of(store, "rsa2048");
  ks_key* ec = key_of(store, "p256");
  ks_sign_spec spec = KS_SIGN_SPEC_INIT;
  uint8_t digest[32];
  uint8_t signature[256];
  size_t size = sizeof(signature);
  CHECK(EVP_Q_digest(NULL, "SHA256", NULL, message, sizeof(message), digest, NULL) == 1);
  spec.algorithm = KS_SIGN_ECDSA;
  CHECK(ks_key_can_sign(ec, &spec) == 1);
  CHECK(ks_key_sign_digest(ec, &spec, digest, sizeof(digest), patience, signature, &size) == KS_OK);
  CHECK(verifies(ks_key_entry(ec), "SHA256", -2, signature, size));
  spec.algorithm = KS_SIGN_RSA_PSS;
  spec.salt_length = 20;
  size = sizeof(signature);
  CHECK(ks_key_sign_digest(rsa, &spec, digest, sizeof(digest), patience, signature, &size) ==
        KS_OK);
  CHECK(verifies(ks_key_entry(rsa), "SHA256", 20, signature, size));
  spec.digest = 77;
  CHECK(ks_key_sign_digest(rsa, &spec, digest, sizeof(digest), patience, signature, &size) ==
        KS_ERROR_INVALID_ARGUMENT);
  CHECK(ks_key_can_sign(rsa, &spec) == 0);
  spec.size = 1;
  CHECK(ks_key_sign_digest(rsa, &spec, digest, sizeof(digest), patience, signature, &size) ==
        KS_ERROR_INVALID_ARGUMENT);
  ks_key_free(rsa);
  ks_key_free(ec);
}

static void check_decryption(const ks_store* store) {
  ks_key* rsa = key_of(store, "rsa2048");
  const uint8_t* der = ks_key_entry(rsa)->public_key.data;
  EVP_PKEY* key = d2i_PUBKEY(NULL, &der, (long)ks_key_entry(rsa)->public_key.size);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
  ks_decrypt_spec spec = KS_DECRYPT_SPEC_INIT;
  uint8_t secret[256];
  uint8_t plain[256];
  size_t size = sizeof(secret);
  size_t plain_size = sizeof(plain);
  CHECK(EVP_PKEY_encrypt_init(context) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
        EVP_PKEY_CTX_set_rsa_oaep_md_name(context, "SHA1", NULL) == 1);
  CHECK(EVP_PKEY_encrypt(context, secret, &size, (const uint8_t*)message, sizeof(message)) == 1);
  spec.digest = KS_DIGEST_SHA1;
  CHECK(ks_key_decrypt(rsa, &spec, secret, size, patience, plain, &plain_size) == KS_OK);
  CHECK(plain_size == sizeof(message) && memcmp(plain, message, plain_size) == 0);
  ks_wipe(plain, sizeof(plain));
  CHECK(plain[0] == 0);
  secret[20] ^= 1;
  plain_size = sizeof(plain);
  CHECK(ks_key_decrypt(rsa, &spec, secret, size, patience, plain, &plain_size) ==
        KS_ERROR_MALFORMED);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
  ks_key_free(rsa);
}

static void check_derivation(const ks_store* store) {
  ks_key* ec = key_of(store, "p256");
  EVP_PKEY* peer = EVP_EC_gen("P-256");
  uint8_t* peer_der = NULL;
  const int peer_size = i2d_PUBKEY(peer, &peer_der);
  const uint8_t* der = ks_key_entry(ec)->public_key.data;
  EVP_PKEY* ours = d2i_PUBKEY(NULL, &der, (long)ks_key_entry(ec)->public_key.size);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_pkey(NULL, peer, NULL);
  uint8_t theirs[32];
  uint8_t shared[32];
  size_t their_size = sizeof(theirs);
  size_t size = sizeof(shared);
  CHECK(EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, ours) == 1 &&
        EVP_PKEY_derive(context, theirs, &their_size) == 1);
  CHECK(ks_key_derive(ec, peer_der, (size_t)peer_size, patience, shared, &size) == KS_OK);
  CHECK(size == their_size && memcmp(shared, theirs, size) == 0);
  CHECK(ks_key_derive(ec, "?", 1, 0, shared, &size) == KS_ERROR_MALFORMED);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(ours);
  EVP_PKEY_free(peer);
  OPENSSL_free(peer_der);
  ks_key_free(ec);
}

static void check_entries(const ks_store* store) {
  ks_listing* listing = NULL;
  size_t keys = 0;
  size_t certificates = 0;
  size_t i;
  CHECK(ks_store_list(store, NULL, &listing) == KS_OK);
  for (i = 0; i < ks_listing_count(listing); i++) {
    const ks_entry* entry = ks_listing_entry(listing, i);
    CHECK(strncmp(entry->uri, "pkcs11:", 7) == 0 && strstr(entry->uri, "pin-") == NULL);
    CHECK(entry->custody == KS_CUSTODY_TOKEN && entry->id.size > 0 && entry->label[0] != '\0');
    CHECK(entry->key_type != KS_KEY_NONE && entry->key_bits > 0 && entry->spki_sha256.size == 32);
    CHECK((entry->key_type == KS_KEY_EC) == (strcmp(entry->key_curve, "P-256") == 0));
    if (entry->kind == KS_KIND_PRIVATE_KEY) {
      keys++;
      CHECK(entry->extractable == 0 && entry->certificate == NULL);
    }
    if (entry->kind == KS_KIND_CERTIFICATE) {
      const ks_certificate* certificate = entry->certificate;
      certificates++;
      CHECK(entry->extractable == 1 && strstr(certificate->subject, entry->label) != NULL);
      CHECK(strcmp(certificate->issuer, "CN=Test CA") == 0 && certificate->serial[0] != '\0');
      CHECK(certificate->not_before < certificate->not_after && certificate->sha256.size == 32);
      CHECK(certificate->name_count == 2 && strcmp(certificate->names[1], "dns:localhost") == 0);
      CHECK(certificate->der.size > 100 && certificate->der.data[0] == 0x30);
    }
  }
  CHECK(keys == 3 && certificates == 3);
  CHECK(ks_listing_entry(listing, i) == NULL && ks_listing_skipped_count(listing) == 0);
  ks_listing_free(listing);
}

static void check_identity(const char* token) {
  char uri[512];
  ks_open_options options = KS_OPEN_OPTIONS_INIT;
  ks_identity* identity = NULL;
  ks_key* key = NULL;
  snprintf(uri, sizeof(uri), "%s;object=p256", token);
  options.secret = pin;
  options.secret_size = strlen(pin);
  CHECK(ks_identity_open(uri, NULL, &options, &identity) == KS_OK);
  CHECK(ks_identity_certificate_count(identity) == 1);
  CHECK(strcmp(ks_identity_certificate(identity, 0)->subject, "CN=p256") == 0);
  CHECK(ks_identity_certificate(identity, 1) == NULL);
  CHECK(ks_identity_prove(identity, patience) == KS_OK);
  CHECK(ks_identity_key(identity, &key) == KS_OK);
  ks_identity_free(identity);
  check_signature(key, KS_ECDSA_SECP256R1_SHA256, "SHA256", -2);
  ks_key_free(key);
}

static void expect_error(int32_t status, int32_t wanted, const char* words) {
  const ks_error* error = ks_last_error();
  CHECK(status == wanted && error->code == wanted);
  if (strstr(error->message, words) == NULL) fprintf(stderr, "no '%s'\n", words);
  CHECK(strstr(error->message, words) != NULL && strstr(error->message, pin) == NULL);
}

static void check_errors(const char* token, const char* folder) {
  char path[512];
  ks_open_options options = KS_OPEN_OPTIONS_INIT;
  ks_store* store = NULL;
  ks_key* key = NULL;
  size_t size = 0;
  uint16_t scheme = 0;
  expect_error(ks_store_open("pkcs11:object=a;object=b", &store), KS_ERROR_MALFORMED, "object");
  expect_error(ks_key_open("pkcs11:token=absent;object=x", NULL, &key), KS_ERROR_NOT_FOUND,
               "absent");
  options.secret = "wrong pin";
  options.secret_size = 9;
  expect_error(ks_key_open(token, &options, &key), KS_ERROR_PIN_INCORRECT, "test");
  CHECK(strcmp(ks_last_error()->cause_call, "C_Login") == 0 && ks_last_error()->cause_code == 0xA0);
  CHECK(strcmp(ks_last_error()->cause_subsystem, "pkcs11") == 0);
  options.secret_source = "file:/nowhere";
  expect_error(ks_key_open(token, &options, &key), KS_ERROR_INVALID_ARGUMENT, "secret");
  snprintf(path, sizeof(path), "%s/broken.pem", folder);
  expect_error(ks_key_open(path, NULL, &key), KS_ERROR_MALFORMED, "broken.pem");
  expect_error(ks_store_open(NULL, &store), KS_ERROR_INVALID_ARGUMENT, "uri");
  expect_error(ks_store_open("file:x", NULL), KS_ERROR_INVALID_ARGUMENT, "out");
  expect_error(ks_store_key(NULL, NULL, &key), KS_ERROR_INVALID_ARGUMENT, "store");
  expect_error(ks_key_sign(NULL, 0, "", 0, patience, NULL, &size), KS_ERROR_INVALID_ARGUMENT,
               "key");
  expect_error(ks_identity_open(NULL, NULL, NULL, NULL), KS_ERROR_INVALID_ARGUMENT, "out");
  expect_error(ks_scheme_parse("no_such", &scheme), KS_ERROR_INVALID_ARGUMENT, "no_such");
  CHECK(store == NULL && key == NULL);
  CHECK(ks_listing_count(NULL) == 0 && ks_key_entry(NULL) == NULL && ks_store_uri(NULL)[0] == '\0');
  ks_store_free(NULL);
  ks_listing_free(NULL);
  ks_key_free(NULL);
  ks_identity_free(NULL);
}

static void check_questions(const char* token) {
  struct asked asked = {0, 0, KS_ERROR_CANCELLED, ""};
  ks_open_options options = KS_OPEN_OPTIONS_INIT;
  ks_store* store = NULL;
  ks_key* key = NULL;
  ks_query query = KS_QUERY_INIT;
  query.label = "p256";
  options.ask = ask;
  options.user = &asked;
  options.release = released;
  CHECK(ks_store_open_with(token, &options, &store) == KS_OK);
  expect_error(ks_store_key(store, &query, &key), KS_ERROR_CANCELLED, "PIN for token 'test'");
  CHECK(asked.calls == 1 && strstr(asked.prompt, "PIN for token 'test'") == asked.prompt);
  asked.status = KS_OK;
  CHECK(ks_store_key(store, &query, &key) == KS_OK && asked.calls == 2);
  ks_store_free(store);
  check_signature(key, KS_ECDSA_SECP256R1_SHA256, "SHA256", -2);
  CHECK(asked.released == 0);
  ks_key_free(key);
  CHECK(asked.released == 1);
}

static void check_file(const char* folder) {
  char path[512];
  ks_open_options options = KS_OPEN_OPTIONS_INIT;
  ks_key* key = NULL;
  snprintf(path, sizeof(path), "%s/web.p12", folder);
  expect_error(ks_key_open(path, NULL, &key), KS_ERROR_PIN_REQUIRED, "web.p12");
  options.secret = "secret-words";
  options.secret_size = 12;
  CHECK(ks_key_open(path, &options, &key) == KS_OK);
  CHECK(ks_key_entry(key)->custody == KS_CUSTODY_FILE && ks_key_entry(key)->extractable == 1);
  check_signature(key, KS_ECDSA_SECP256R1_SHA256, "SHA256", -2);
  ks_key_free(key);
}

int main(int count, char** words) {
  ks_open_options options = KS_OPEN_OPTIONS_INIT;
  ks_store* store = NULL;
  ks_key* key = NULL;
  char source[512];
  FILE* file;
  uint16_t scheme = 0;
  CHECK(count == 4);
  file = fopen(words[2], "r");
  CHECK(file != NULL && fgets(pin, sizeof(pin), file) != NULL);
  fclose(file);
  CHECK(ks_abi_version() == KS_ABI_VERSION && ks_version()[0] != '\0');
  CHECK(ks_last_error()->code == KS_OK && ks_last_error()->message[0] == '\0');
  CHECK(strcmp(ks_error_name(KS_ERROR_PIN_LOCKED), "pin_locked") == 0);
  CHECK(strcmp(ks_error_name(99), "unknown") == 0);
  CHECK(strcmp(ks_scheme_name(KS_ED25519), "ed25519") == 0);
  CHECK(ks_scheme_parse("rsa_pss_rsae_sha256", &scheme) == KS_OK &&
        scheme == KS_RSA_PSS_RSAE_SHA256);

  check_errors(words[1], words[3]); /* before a login: a token that is logged in asks for no PIN */
  check_questions(words[1]);
  snprintf(source, sizeof(source), "file:%s", words[2]);
  options.secret_source = source;
  CHECK(ks_store_open_with(words[1], &options, &store) == KS_OK);
  CHECK(strcmp(ks_store_uri(store), words[1]) == 0);
  expect_error(ks_store_key(store, NULL, &key), KS_ERROR_AMBIGUOUS, "object=rsa2048");
  check_entries(store);
  check_signatures(store);
  check_digest(store);
  check_decryption(store);
  check_derivation(store);
  ks_store_free(store);
  check_identity(words[1]);
  check_file(words[3]);
  return 0;
}
