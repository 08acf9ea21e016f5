"""Secret keys that the first run makes and keeps beside the data."""

import base64
import os
import secrets
from pathlib import Path

from config.env import SettingError


def stored_key(path: Path) -> str:
    """Return the key in ``path``; make it first, readable by its owner alone: 32 random bytes in URL-safe base64.

    Several processes may start at once, so the file is written aside and linked into place: one key wins.
    Raises SettingError when the folder cannot be written or the file is empty.
    """
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        key = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingError(
            "DATA_DIR", f"{path} cannot be read or made ({error.strerror}). Set a folder you own."
        ) from error
    if not key:
        raise SettingError("DATA_DIR", f"{path} is empty. Restore it from a backup; deleting it loses stored API keys.")
    return key
