/* Prints size and layout of the structs of the C headers, and the version of the ABI. */
#include <stdio.h>

#include "bindings/c/ks_openssl.h"

#define STRUCT(type) printf("struct %s %zu\n", #type, sizeof(type))
#define FIELD(type, field) printf("  %s.%s %zu\n", #type, #field, offsetof(type, field))

int main(void) {
  printf("version %d\n", (int)ks_abi_version());
  STRUCT(ks_error);
  FIELD(ks_error, code);
  FIELD(ks_error, message);
  FIELD(ks_error, hint);
  FIELD(ks_error, cause_subsystem);
  FIELD(ks_error, cause_call);
  FIELD(ks_error, cause_code);
  STRUCT(ks_secret_request);
  FIELD(ks_secret_request, what);
  FIELD(ks_secret_request, object);
  FIELD(ks_secret_request, prompt);
  FIELD(ks_secret_request, tries_left);
  FIELD(ks_secret_request, final_try);
  FIELD(ks_secret_request, serial);
  STRUCT(ks_open_options);
  FIELD(ks_open_options, secret_source);
  FIELD(ks_open_options, secret);
  FIELD(ks_open_options, secret_size);
  FIELD(ks_open_options, ask);
  FIELD(ks_open_options, user);
  FIELD(ks_open_options, release);
  STRUCT(ks_bytes);
  FIELD(ks_bytes, size);
  STRUCT(ks_certificate);
  FIELD(ks_certificate, der);
  FIELD(ks_certificate, subject);
  FIELD(ks_certificate, issuer);
  FIELD(ks_certificate, serial);
  FIELD(ks_certificate, not_before);
  FIELD(ks_certificate, not_after);
  FIELD(ks_certificate, sha256);
  FIELD(ks_certificate, names);
  FIELD(ks_certificate, name_count);
  STRUCT(ks_attribute);
  FIELD(ks_attribute, value);
  STRUCT(ks_entry);
  FIELD(ks_entry, uri);
  FIELD(ks_entry, kind);
  FIELD(ks_entry, label);
  FIELD(ks_entry, id);
  FIELD(ks_entry, custody);
  FIELD(ks_entry, extractable);
  FIELD(ks_entry, key_type);
  FIELD(ks_entry, key_bits);
  FIELD(ks_entry, key_curve);
  FIELD(ks_entry, public_key);
  FIELD(ks_entry, spki_sha256);
  FIELD(ks_entry, certificate);
  FIELD(ks_entry, attributes);
  FIELD(ks_entry, attribute_count);
  STRUCT(ks_query);
  FIELD(ks_query, kind);
  FIELD(ks_query, label);
  FIELD(ks_query, id);
  FIELD(ks_query, id_size);
  FIELD(ks_query, public_key);
  FIELD(ks_query, public_key_size);
  STRUCT(ks_sign_spec);
  FIELD(ks_sign_spec, algorithm);
  FIELD(ks_sign_spec, input);
  FIELD(ks_sign_spec, digest);
  FIELD(ks_sign_spec, mgf_digest);
  FIELD(ks_sign_spec, salt_length);
  FIELD(ks_sign_spec, context);
  FIELD(ks_sign_spec, context_size);
  STRUCT(ks_decrypt_spec);
  FIELD(ks_decrypt_spec, encryption);
  FIELD(ks_decrypt_spec, digest);
  FIELD(ks_decrypt_spec, mgf_digest);
  FIELD(ks_decrypt_spec, label);
  FIELD(ks_decrypt_spec, label_size);
  STRUCT(ks_tls_source);
  FIELD(ks_tls_source, certificates);
  FIELD(ks_tls_source, identity);
  STRUCT(ks_tls_options);
  FIELD(ks_tls_options, role);
  FIELD(ks_tls_options, identities);
  FIELD(ks_tls_options, identity_count);
  FIELD(ks_tls_options, trust);
  FIELD(ks_tls_options, trust_count);
  FIELD(ks_tls_options, client_certificate);
  FIELD(ks_tls_options, host);
  FIELD(ks_tls_options, any_host);
  FIELD(ks_tls_options, open);
  FIELD(ks_tls_options, lib_ctx);
  return 0;
}
