/* sign KEY: how many octets a signature by the key that the URI names has. */
#include <keystore/ks.h>
#include <stdio.h>

int main(int count, char** words) {
  ks_key* key = NULL;
  uint8_t signature[1024];
  size_t size = sizeof(signature);
  if (count != 2 || ks_key_open(words[1], NULL, &key) != KS_OK ||
      ks_key_sign(key, ks_key_schemes(key, NULL)[0], "message", 7, 0, signature, &size) != KS_OK) {
    fprintf(stderr, "%s\n", ks_last_error()->message);
    return 1;
  }
  printf("%lu\n", (unsigned long)size);
  ks_key_free(key);
  return 0;
}
