#include <keystore/uri.h>

int main() { return keystore::Uri::parse("pkcs11:token=prod;object=web") ? 0 : 1; }
