"""ks_verify.h for ctypes. Its library is loaded at the first use: only it links what it needs."""

from __future__ import annotations

import ctypes
import functools
from ctypes import (
    POINTER,
    Structure,
    c_char_p,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_void_p,
)
from typing import Any, List

from . import _abi
from ._library import load

NOW = -(2**63)


class VerifyOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("purpose", c_char_p),
        ("profile", c_char_p),
        ("host", c_char_p),
        ("ip", c_char_p),
        ("email", c_char_p),
        ("crl_check", c_char_p),
        ("depth", c_int32),
        ("partial_chain", c_int32),
        ("policies", POINTER(c_char_p)),
        ("policy_count", c_size_t),
        ("explicit_policy", c_int32),
        ("inhibit_any_policy", c_int32),
        ("inhibit_policy_mapping", c_int32),
        ("at", c_int64),
        ("chain", POINTER(_abi.Bytes)),
        ("chain_count", c_size_t),
        ("trust", POINTER(_abi.Bytes)),
        ("trust_count", c_size_t),
        ("distrust", POINTER(_abi.Bytes)),
        ("distrust_count", c_size_t),
        ("crls", POINTER(_abi.Bytes)),
        ("crl_count", c_size_t),
        ("ocsp_responses", POINTER(_abi.Bytes)),
        ("ocsp_response_count", c_size_t),
        ("soft_fail", c_int32),
        ("strict_second_opinion", c_int32),
        ("aia", c_int32),
        ("ocsp", c_int32),
        ("ocsp_nonce", c_int32),
        ("fetch_crl", c_int32),
        ("allow_private_addresses", c_int32),
        ("timeout_ms", c_uint32),
    ]


class Verdict(Structure):
    _fields_ = [
        ("trusted", c_int32),
        ("reason", c_char_p),
        ("path", POINTER(POINTER(_abi.Certificate))),
        ("path_count", c_size_t),
        ("openssl_accepts", c_int32),
        ("openssl_reason", c_char_p),
        ("botan_verdict", c_int32),
        ("botan_reason", c_char_p),
        ("revocation", c_int32),
        ("not_fetched", POINTER(_abi.Error)),
        ("not_fetched_count", c_size_t),
    ]


class Finding(Structure):
    _fields_ = [
        ("code", c_char_p),
        ("severity", c_int32),
        ("message", c_char_p),
        ("why", c_char_p),
        ("fix_text", c_char_p),
        ("fix_command", c_char_p),
    ]


class CheckOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("verify", POINTER(VerifyOptions)),
        ("open", POINTER(_abi.OpenOptions)),
        ("soon_days", c_uint32),
        ("starttls", c_char_p),
        ("identity", c_char_p),
        ("timeout_ms", c_uint32),
    ]


class TargetReport(Structure):
    _fields_ = [
        ("target", c_char_p),
        ("verdict", c_int32),
        ("findings", POINTER(Finding)),
        ("finding_count", c_size_t),
        ("error", POINTER(_abi.Error)),
    ]


@functools.lru_cache(maxsize=None)
def library() -> Any:
    """libkeystore-verify-c."""
    loaded = load("libkeystore-verify-c.so.0")
    handle = c_void_p
    out = POINTER(c_void_p)
    options = POINTER(VerifyOptions)
    _abi.declare(
        loaded,
        {
            "ks_verify": (c_int32, [c_char_p, c_size_t, options, out]),
            "ks_verification_free": (None, [handle]),
            "ks_verification_verdict": (POINTER(Verdict), [handle]),
            "ks_check": (
                c_int32,
                [POINTER(c_char_p), c_size_t, POINTER(CheckOptions), out],
            ),
            "ks_report_free": (None, [handle]),
            "ks_report_count": (c_size_t, [handle]),
            "ks_report_target": (POINTER(TargetReport), [handle, c_size_t]),
        },
    )
    return loaded


def contents(values: List[bytes]) -> Any:
    """As an array of ks_bytes, which keeps what it points to."""
    array = (_abi.Bytes * len(values))()
    array.kept = values  # type: ignore[attr-defined]
    for place, value in zip(array, values):
        place.data = ctypes.cast(c_char_p(value), c_void_p)
        place.size = len(value)
    return array


def structs() -> List[Any]:
    """All structs here, for the test of the ABI."""
    return [VerifyOptions, Verdict, Finding, CheckOptions, TargetReport]
