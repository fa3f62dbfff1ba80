"""ks.h for ctypes: structs, functions, and errors as exceptions."""

from __future__ import annotations

import ctypes
import os
import threading
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_int32,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any, Callable, List, Optional, Sequence, Union

from ._library import load
from .errors import Cause, InvalidArgumentError, KeystoreError, UnsupportedError, class_of

ABI_VERSION = 0


class Error(Structure):
    _fields_ = [
        ("code", c_int32),
        ("message", c_char_p),
        ("hint", c_char_p),
        ("cause_subsystem", c_char_p),
        ("cause_call", c_char_p),
        ("cause_code", c_uint64),
    ]


class SecretRequest(Structure):
    _fields_ = [
        ("what", c_int32),
        ("object", c_char_p),
        ("prompt", c_char_p),
        ("tries_left", c_int32),
        ("final_try", c_int32),
        ("serial", c_char_p),
    ]


SecretCallback = CFUNCTYPE(c_int32, c_void_p, POINTER(SecretRequest), c_void_p)


class OpenOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("secret_source", c_char_p),
        ("secret", c_char_p),
        ("secret_size", c_size_t),
        ("ask", SecretCallback),
        ("user", c_void_p),
        ("release", c_void_p),
    ]


class Bytes(Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    def value(self) -> bytes:
        return ctypes.string_at(self.data, self.size) if self.size else b""


class Certificate(Structure):
    _fields_ = [
        ("der", Bytes),
        ("subject", c_char_p),
        ("issuer", c_char_p),
        ("serial", c_char_p),
        ("not_before", c_int64),
        ("not_after", c_int64),
        ("sha256", Bytes),
        ("names", POINTER(c_char_p)),
        ("name_count", c_size_t),
    ]


class Attribute(Structure):
    _fields_ = [("name", c_char_p), ("value", c_char_p)]


class Entry(Structure):
    _fields_ = [
        ("uri", c_char_p),
        ("kind", c_int32),
        ("label", c_char_p),
        ("id", Bytes),
        ("custody", c_int32),
        ("extractable", c_int32),
        ("key_type", c_int32),
        ("key_bits", c_uint32),
        ("key_curve", c_char_p),
        ("public_key", Bytes),
        ("spki_sha256", Bytes),
        ("certificate", POINTER(Certificate)),
        ("attributes", POINTER(Attribute)),
        ("attribute_count", c_size_t),
    ]


class Query(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("kind", c_int32),
        ("label", c_char_p),
        ("id", c_char_p),
        ("id_size", c_size_t),
        ("public_key", c_char_p),
        ("public_key_size", c_size_t),
    ]


class SignSpec(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("algorithm", c_int32),
        ("input", c_int32),
        ("digest", c_int32),
        ("mgf_digest", c_int32),
        ("salt_length", c_int32),
        ("context", c_char_p),
        ("context_size", c_size_t),
    ]


class DecryptSpec(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("encryption", c_int32),
        ("digest", c_int32),
        ("mgf_digest", c_int32),
        ("label", c_char_p),
        ("label_size", c_size_t),
    ]


_handle = c_void_p
_out = POINTER(c_void_p)
_buffer = [c_void_p, POINTER(c_size_t)]

_functions = {
    "ks_abi_version": (c_int32, []),
    "ks_version": (c_char_p, []),
    "ks_last_error": (POINTER(Error), []),
    "ks_secret_answer": (c_int32, [c_void_p, c_char_p, c_size_t]),
    "ks_store_open_with": (c_int32, [c_char_p, POINTER(OpenOptions), _out]),
    "ks_store_free": (None, [_handle]),
    "ks_store_uri": (c_char_p, [_handle]),
    "ks_store_list": (c_int32, [_handle, POINTER(Query), _out]),
    "ks_listing_free": (None, [_handle]),
    "ks_listing_count": (c_size_t, [_handle]),
    "ks_listing_entry": (POINTER(Entry), [_handle, c_size_t]),
    "ks_listing_skipped_count": (c_size_t, [_handle]),
    "ks_listing_skipped": (POINTER(Error), [_handle, c_size_t]),
    "ks_store_key": (c_int32, [_handle, POINTER(Query), _out]),
    "ks_store_identity": (c_int32, [_handle, POINTER(Query), _out]),
    "ks_key_open": (c_int32, [c_char_p, POINTER(OpenOptions), _out]),
    "ks_key_free": (None, [_handle]),
    "ks_key_entry": (POINTER(Entry), [_handle]),
    "ks_key_schemes": (POINTER(c_uint16), [_handle, POINTER(c_size_t)]),
    "ks_key_can_sign": (c_int32, [_handle, POINTER(SignSpec)]),
    "ks_key_sign": (c_int32, [_handle, c_uint16, c_char_p, c_size_t, c_uint32, *_buffer]),
    "ks_key_sign_digest": (
        c_int32,
        [_handle, POINTER(SignSpec), c_char_p, c_size_t, c_uint32, *_buffer],
    ),
    "ks_key_decrypt": (
        c_int32,
        [_handle, POINTER(DecryptSpec), c_char_p, c_size_t, c_uint32, *_buffer],
    ),
    "ks_key_derive": (c_int32, [_handle, c_char_p, c_size_t, c_uint32, *_buffer]),
    "ks_identity_open": (c_int32, [c_char_p, c_char_p, POINTER(OpenOptions), _out]),
    "ks_identity_free": (None, [_handle]),
    "ks_identity_key": (c_int32, [_handle, _out]),
    "ks_identity_certificate_count": (c_size_t, [_handle]),
    "ks_identity_certificate": (POINTER(Certificate), [_handle, c_size_t]),
    "ks_identity_prove": (c_int32, [_handle, c_uint32]),
}


def declare(library: ctypes.CDLL, functions: Any) -> None:
    """Gives the functions of a library their types."""
    for name, (result, arguments) in functions.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments


ks = load("libkeystore-c.so.0")
declare(ks, _functions)
if ks.ks_abi_version() != ABI_VERSION:
    raise UnsupportedError(
        f"libkeystore-c has ABI {ks.ks_abi_version()}, and this package is for {ABI_VERSION}"
    )

#: What a callable of the application raised while the library asked it, on this thread.
raised = threading.local()


def text(value: Optional[bytes]) -> str:
    """Text of the library, which is UTF-8 unless a store holds something else."""
    return (value or b"").decode("utf-8", "replace")


def error_of(error: Any) -> KeystoreError:
    """The exception that a ks_error describes."""
    subsystem = text(error.cause_subsystem)
    cause = Cause(subsystem, text(error.cause_call), error.cause_code) if subsystem else None
    return class_of(error.code)(text(error.message), text(error.hint), cause)


def check(status: int) -> None:
    """Raises what a function that gave this status has to say."""
    if status == 0:
        return
    own: Optional[BaseException] = getattr(raised, "exception", None)
    raised.exception = None
    error = error_of(ks.ks_last_error().contents)
    if own is not None:
        raise own from error
    raise error


class Handle:
    """A handle of the library. Calls that are under way keep it, so closing is safe at any time."""

    def __init__(self, pointer: c_void_p, free: Callable[[c_void_p], None]) -> None:
        self._as_parameter_ = pointer
        self._free = free

    def __del__(self) -> None:
        self._free(self._as_parameter_)


def make(function: Callable[..., int], free: Callable[[c_void_p], None], *arguments: Any) -> Handle:
    """The handle that `function` hands out through its last argument."""
    pointer = c_void_p()
    check(function(*arguments, ctypes.byref(pointer)))
    return Handle(pointer, free)


def fill(function: Callable[..., int], *arguments: Any) -> bytes:
    """What `function` writes into its buffer, its last two arguments."""
    size = c_size_t(0)
    check(function(*arguments, None, ctypes.byref(size)))
    buffer = (c_uint8 * size.value)()
    try:
        check(function(*arguments, buffer, ctypes.byref(size)))
        return bytes(buffer[: size.value])
    finally:
        ctypes.memset(buffer, 0, ctypes.sizeof(buffer))


def milliseconds(timeout: Optional[float]) -> int:
    """A timeout in seconds as the library takes it; 0 is its own default."""
    if timeout is None:
        return 0
    return min(max(1, round(timeout * 1000)), 0xFFFFFFFF)


def octets(value: bytes) -> bytes:
    """bytes, bytearray or memoryview as bytes; text is refused, whatever its encoding was meant."""
    return value if isinstance(value, bytes) else bytes(memoryview(value))


#: A path may be an object that says so.
Uri = Union[str, "os.PathLike[str]"]


def encoded(value: Uri) -> bytes:
    """A text, URI or path for the library. File names keep the octets that are no UTF-8."""
    given = os.fspath(value)
    if not isinstance(given, str):
        raise TypeError(f"str is wanted, not {type(given).__name__}")
    try:
        octets = given.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as problem:
        raise InvalidArgumentError(f"a text is not UTF-8: {problem.reason}") from None
    if b"\0" in octets:
        raise InvalidArgumentError("a text contains a NUL character, which ends it in C")
    return octets


def encoded_or_none(value: Optional[Uri]) -> Optional[bytes]:
    """The same, None being NULL."""
    return None if value is None else encoded(value)


def texts(values: Sequence[str]) -> Any:
    """As an array of C strings."""
    return (c_char_p * len(values))(*(encoded(value) for value in values))


def structs() -> List[Any]:
    """All structs here, for the test of the ABI."""
    return [Error, SecretRequest, OpenOptions, Bytes, Certificate, Attribute, Entry, Query, SignSpec,
            DecryptSpec]
