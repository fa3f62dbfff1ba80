"""ks_openssl.h for ctypes. Its library is loaded at the first use: only it links libssl."""

from __future__ import annotations

import ctypes
import functools
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int32, c_size_t, c_uint32, c_void_p
from typing import Any, List

from . import _abi
from ._library import load

SERVER = 0
CLIENT = 1
CLIENT_CERTIFICATE_NONE = 0
CLIENT_CERTIFICATE_REQUIRED = 2
TLS_1_3 = 1


class TlsSource(Structure):
    _fields_ = [("key", c_char_p), ("certificates", c_char_p), ("identity", c_void_p)]


class TlsOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("role", c_int32),
        ("identities", POINTER(TlsSource)),
        ("identity_count", c_size_t),
        ("trust", POINTER(c_char_p)),
        ("trust_count", c_size_t),
        ("client_certificate", c_int32),
        ("host", c_char_p),
        ("any_host", c_int32),
        ("open", POINTER(_abi.OpenOptions)),
        ("lib_ctx", c_void_p),
        ("crls", POINTER(c_char_p)),
        ("crl_count", c_size_t),
        ("crl_check", c_char_p),
        ("soft_fail", c_int32),
        ("min_version", c_int32),
        ("max_version", c_int32),
        ("tls12_ciphers", c_char_p),
        ("tls13_ciphersuites", c_char_p),
        ("identities_only", c_int32),
    ]


class RotationReport(Structure):
    _fields_ = [
        ("source", c_char_p),
        ("error", POINTER(_abi.Error)),
        ("leaf", POINTER(_abi.Certificate)),
    ]


RotationCallback = CFUNCTYPE(None, c_void_p, POINTER(RotationReport))


class RotatorOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("report", RotationCallback),
        ("user", c_void_p),
        ("settle_ms", c_uint32),
        ("poll_ms", c_uint32),
    ]


@functools.lru_cache(maxsize=None)
def library() -> Any:
    """libkeystore-openssl-c."""
    loaded = load("libkeystore-openssl-c.so.0")
    out = POINTER(c_void_p)
    _abi.declare(
        loaded,
        {
            "ks_tls_configure": (c_int32, [c_void_p, POINTER(TlsOptions)]),
            "ks_tls_watch_contexts": (c_int32, []),
            "ks_tls_newest_context": (c_void_p, []),
            "ks_rotator_start_with": (c_int32, [c_void_p, POINTER(RotatorOptions), out]),
            "ks_rotator_check": (None, [c_void_p]),
            "ks_rotator_free": (None, [c_void_p]),
        },
    )
    return loaded


def structs() -> List[Any]:
    """All structs here, for the test of the ABI."""
    return [TlsSource, TlsOptions, RotationReport, RotatorOptions]
