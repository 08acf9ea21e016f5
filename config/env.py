"""Reads settings from environment variables, strictly: a value is right or the program does not start."""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})


class SettingError(Exception):
    """A setting has a value that cannot be used; ``name`` is the variable, ``message`` says what is allowed."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


class Env:
    """Typed access to environment variables. An empty variable counts as not set.

    ``names`` collects every variable asked for, so that a test can compare them with docs/settings.md.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values
        self.names: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        """Return the value without surrounding white space, or ``default``."""
        self.names.add(name)
        return self._values.get(name, "").strip() or default

    def secret(self, name: str) -> str:
        """Return ``name``, or the content of the file that ``name_FILE`` points at, or an empty string.

        Raises SettingError when both are set or the file cannot be read.
        """
        value, file = self.text(name), self.text(f"{name}_FILE")
        if value and file:
            raise SettingError(name, f"set either {name} or {name}_FILE, not both.")
        if not file:
            return value
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(
                f"{name}_FILE", f"{file} cannot be read ({error}). Name a readable text file."
            ) from error

    def integer(self, name: str, default: int, *, minimum: int, maximum: int) -> int:
        """Return a whole number between ``minimum`` and ``maximum``, both included."""
        value = self.text(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError as error:
            raise SettingError(name, f"{value!r} is not a whole number.") from error
        if not minimum <= number <= maximum:
            raise SettingError(name, f"{number} is not between {minimum} and {maximum}.")
        return number

    def boolean(self, name: str, default: bool) -> bool:
        """Return a truth value written as 1/0, true/false, yes/no or on/off."""
        value = self.text(name).lower()
        if not value:
            return default
        if value in TRUE_WORDS | FALSE_WORDS:
            return value in TRUE_WORDS
        raise SettingError(name, f"{value!r} is neither true nor false. Write true or false.")

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """Return one of ``choices``; case does not matter."""
        value = self.text(name, default)
        for choice in choices:
            if choice.lower() == value.lower():
                return choice
        raise SettingError(name, f"{value!r} is not one of {', '.join(choices)}.")

    def listing(self, name: str) -> list[str]:
        """Return the parts of a comma-separated list, without empty ones."""
        return [part.strip() for part in self.text(name).split(",") if part.strip()]

    def url(self, name: str, default: str = "", *, schemes: tuple[str, ...]) -> str:
        """Return an address with one of ``schemes``, without a trailing slash."""
        value = self.text(name, default)
        if value:
            check_url(name, value, schemes)
        return value.rstrip("/")

    def secret_url(self, name: str, *, schemes: tuple[str, ...]) -> str:
        """Return an address that may hold a password, from ``name`` or ``name_FILE``."""
        value = self.secret(name)
        if value:
            check_url(name, value, schemes)
        return value

    def path(self, name: str, default: Path) -> Path:
        """Return an absolute path; a relative one counts from the folder of manage.py."""
        value = self.text(name)
        if not value:
            return default
        path = Path(value).expanduser()
        return path if path.is_absolute() else (Path(__file__).resolve().parents[1] / path).resolve()

    def folders(self, name: str) -> list[Path]:
        """Return a list of absolute folders; / itself would allow everything and is refused."""
        folders = [Path(entry).expanduser() for entry in self.listing(name)]
        for folder in folders:
            if not folder.is_absolute() or folder.resolve() == Path("/"):
                raise SettingError(
                    name, f"{str(folder)!r} is no absolute folder below /. Write one like /srv/documents."
                )
        return folders

    def time_zone(self, name: str, default: str) -> str:
        """Return the name of a time zone that this machine knows."""
        value = self.text(name, default)
        try:
            return ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            message = f"{value!r} is not a known time zone. Write one like Europe/Berlin."
            raise SettingError(name, message) from error

    def hosts(self, name: str) -> list[str]:
        """Return a list of host names, addresses and networks such as 10.0.0.0/8."""
        entries = self.listing(name)
        for entry in entries:
            if "://" in entry:
                raise SettingError(name, f"{entry!r} is an address with a scheme. Write the host or the network alone.")
            if "/" in entry:
                try:
                    ip_network(entry, strict=False)
                except ValueError as error:
                    raise SettingError(name, f"{entry!r} is not a network. Write one like 10.0.0.0/8.") from error
        return entries


def check_url(name: str, value: str, schemes: tuple[str, ...]) -> None:
    """Raise SettingError unless ``value`` is a URL of one of ``schemes`` with a host, or a path for socket schemes.

    The value itself is left out of the message: it may hold a password.
    """
    try:
        parts = urlsplit(value)
        port_is_valid = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        raise SettingError(name, "this is not a valid address.") from None
    if parts.scheme not in schemes:
        raise SettingError(name, f"the address must start with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    needs_host = parts.scheme not in {"unix", "postgres", "postgresql"}
    if not port_is_valid or (needs_host and not parts.hostname):
        raise SettingError(name, "the address names no valid host or port.")


env = Env()
