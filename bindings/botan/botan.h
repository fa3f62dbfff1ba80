#pragma once

// Everything of keystore::botan.
#include "bindings/botan/certificate_store.h"
#include "bindings/botan/credentials.h"
#include "bindings/botan/error.h"
#include "bindings/botan/key.h"
