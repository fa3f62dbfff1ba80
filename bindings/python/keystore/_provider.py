"""Our OpenSSL provider in the OpenSSL that Python's ssl module uses."""

from __future__ import annotations

import ctypes
import importlib
import threading
from typing import Any, List

from ._library import FOLDER_VARIABLE, folder_with
from .errors import UnsupportedError

_module_name = "ossl-modules/keystore.so"
_name = b"keystore"
_lock = threading.Lock()
_modules: List[Any] = []  # never unloaded


def load() -> None:
    """Loads it into the default library context, after the providers that are there."""
    with _lock:
        crypto = _crypto()
        if crypto.OSSL_PROVIDER_available(None, _name):
            return
        # Asked first, this reads the configuration and activates the providers that it names.
        crypto.OSSL_PROVIDER_available(None, b"default")
        module = ctypes.CDLL(_module_path())
        _modules.append(module)
        start = ctypes.cast(module.OSSL_provider_init, ctypes.c_void_p)
        crypto.OSSL_PROVIDER_add_builtin(None, _name, start)
        if not crypto.OSSL_PROVIDER_try_load(None, _name, 1):
            raise UnsupportedError("this Python's OpenSSL does not take the provider")


def _crypto() -> ctypes.CDLL:
    """The libcrypto of the ssl module, seen through what that is linked with."""
    library = ctypes.CDLL(getattr(importlib.import_module("_ssl"), "__file__", None))
    try:
        library.OSSL_PROVIDER_available.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        library.OSSL_PROVIDER_add_builtin.argtypes = [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_void_p,
        ]
        library.OSSL_PROVIDER_try_load.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        library.OSSL_PROVIDER_try_load.restype = ctypes.c_void_p
    except AttributeError:
        raise UnsupportedError(
            "this Python's ssl module has no OpenSSL 3 that a provider can be added to",
            "use a Python that is linked with the system's OpenSSL",
        ) from None
    return library


def _module_path() -> str:
    folder = folder_with(_module_name)
    if folder is None:
        raise UnsupportedError(
            f"{_module_name} is not beside the library",
            f"install it, or name the folder above it in {FOLDER_VARIABLE}",
        )
    return str(folder / _module_name)
