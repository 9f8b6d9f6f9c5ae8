"""Keys of hashes, each in a file of its own."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from modemgw.config.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

SECRET_BYTES = 32


def read_secret(path: Path, key: str = "secret_file") -> bytes:
    """The secret in the file that the configuration calls `key`, made when missing.

    Its owner alone can read it.

    Raises ConfigError.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigError(f"{key}: cannot make {path}: {error.strerror}") from None
    else:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise ConfigError(f"{key}: {path} is no key of {SECRET_BYTES} bytes in hex") from None
    if len(secret) < SECRET_BYTES:
        raise ConfigError(f"{key}: {path} is no key of {SECRET_BYTES} bytes in hex")
    return secret
