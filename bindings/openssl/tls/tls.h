#pragma once

// Everything of keystore::openssl for keys and TLS.
#include "bindings/openssl/tls/configure.h"
#include "bindings/openssl/tls/pkey.h"
#include "bindings/openssl/tls/rotator.h"
