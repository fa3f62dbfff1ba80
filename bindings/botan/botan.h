#pragma once

// Everything of keystore::botan.
#include "bindings/botan/error.h"
#include "bindings/botan/key.h"
