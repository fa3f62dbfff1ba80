#include <cstdio>

#include "keystore/config.h"

// Prints which configuration file applies; run as a set-user-id program by config_test.
int main() { std::puts(keystore::Config::default_path().c_str()); }
