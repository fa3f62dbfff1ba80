#pragma once

/// Marks what libkeystore exports; everything else is hidden.
#define KEYSTORE_API __attribute__((visibility("default")))
