"""Finds the shared libraries that belong to this package."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Iterator, Optional

from .errors import UnsupportedError

#: A folder with libkeystore-c.so.0 and its sisters, say the lib/ of a build.
FOLDER_VARIABLE = "KEYSTORE_LIBRARY_FOLDER"


def _folders() -> Iterator[Path]:
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        yield Path(named).absolute()
    # Installed: lib/python3/dist-packages/keystore, and its libraries in lib/.
    yield Path(__file__).resolve().parents[3]


def folder_with(name: str) -> Optional[Path]:
    """The first of the known folders that holds a file of this name."""
    return next((folder for folder in _folders() if (folder / name).is_file()), None)


def load(name: str) -> ctypes.CDLL:
    """The shared library of this name: from the known folders, else by the system's loader."""
    folder = folder_with(name)
    try:
        return ctypes.CDLL(str(folder / name) if folder else name)
    except OSError as problem:
        raise UnsupportedError(
            f"cannot load {name}: {problem}",
            f"install it beside this package, or name its folder in {FOLDER_VARIABLE}",
        ) from None
