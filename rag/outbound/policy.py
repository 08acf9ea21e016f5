"""Which addresses may be called, and what a host name resolves to."""

import asyncio
import queue
import re
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpx2

from rag.errors import OutboundError
from rag.errors import marked as _

Address = IPv4Address | IPv6Address

RESOLVE_TIMEOUT_S = 5.0

# What ``ipaddress.is_global`` of older Pythons still lets through.
_NOT_PUBLIC_V4 = (ip_network("192.0.0.0/24"), ip_network("192.88.99.0/24"))
_GLOBAL_V6 = IPv6Network("2000::/3")
_TUNNELS_V6 = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class _AllowedHost:
    """A host name or an address, on one port or on every port."""

    host: str
    port: int | None


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """What may be called besides public addresses.

    ``allow`` names hosts (``ollama.internal``, ``localhost:11434``), addresses or networks (``10.0.0.0/8``). A name
    is trusted with whatever it resolves to. ``ports`` limits the ports of public addresses; None permits all.

    Raises OutboundError ("outbound_bad_allow") for an entry that is neither.
    """

    allow: tuple[str, ...] = ()
    ports: frozenset[int] | None = None

    def __post_init__(self) -> None:
        for entry in self.allow:
            _parse_allowed(entry)

    def permits(self, host: str, port: int, address: Address) -> bool:
        """Whether a connection to ``address``, reached through the name ``host``, may be made."""
        plain = unmapped(address)
        for entry in self.allow:
            allowed = _parse_allowed(entry)
            if isinstance(allowed, _AllowedHost):
                if allowed.port in (None, port) and allowed.host in (_ascii_host(host), str(plain)):
                    return True
            elif plain.version == allowed.version and plain in allowed:
                return True
        return is_public(plain) and (self.ports is None or port in self.ports)


@lru_cache(maxsize=256)
def _parse_allowed(entry: str) -> IPv4Network | IPv6Network | _AllowedHost:
    text = entry.strip()
    try:
        return ip_network(text, strict=False)
    except ValueError:
        pass
    try:
        url = httpx2.URL(f"http://{text}/")
    except (httpx2.InvalidURL, ValueError):
        url = None
    if url is None or not url.host or url.path != "/" or url.userinfo or re.search(r"[\s/]", text):
        raise OutboundError(
            "outbound_bad_allow",
            _("“%(entry)s” is neither a host name nor a network such as 10.0.0.0/8.") % {"entry": entry},
        )
    return _AllowedHost(_ascii_host(url.raw_host.decode("ascii")), url.port)


def _ascii_host(host: str) -> str:
    return host.rstrip(".").lower()


def unmapped(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped or NAT64 IPv6 address, else the address itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether an address lies on the public internet: not private, loopback, link-local, multicast or reserved."""
    plain = unmapped(address)
    if not plain.is_global or plain.is_multicast or plain.is_reserved or plain.is_unspecified:
        return False
    if isinstance(plain, IPv6Address):
        return plain in _GLOBAL_V6 and not any(plain in tunnel for tunnel in _TUNNELS_V6)
    return not any(plain in network for network in _NOT_PUBLIC_V4)


def check_url(url: str, policy: OutboundPolicy) -> None:
    """Check what can be checked without the network: form, scheme, and the address where the host is one.

    Raises OutboundError: "outbound_bad_url", "outbound_scheme" or "outbound_private".
    """
    try:
        parsed = httpx2.URL(url.strip())
    except (httpx2.InvalidURL, ValueError) as error:
        raise OutboundError(
            "outbound_bad_url", _("This is not a web address. Write it as https://host/path.")
        ) from error
    check_scheme(parsed)
    if not parsed.host or parsed.userinfo:
        raise OutboundError("outbound_bad_url", _("The address needs a host and may not contain a user name."))
    try:
        address = ip_address(parsed.host)
    except ValueError:
        return
    _checked(parsed.host, _port(parsed), [address], policy)


def _port(url: httpx2.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def check_scheme(url: httpx2.URL) -> None:
    """Raise OutboundError ("outbound_scheme") unless the address is http or https."""
    if url.scheme not in ("http", "https"):
        raise OutboundError("outbound_scheme", _("Only addresses that begin with http:// or https:// can be called."))


def _checked(host: str, port: int, addresses: list[Address], policy: OutboundPolicy) -> list[Address]:
    """All addresses of a host, if every one of them is permitted: one private address among public ones is a trap."""
    for address in addresses:
        if not policy.permits(host, port, address):
            raise OutboundError(
                "outbound_private",
                _(
                    "%(host)s port %(port)s is not open to outbound calls: it is inside the network or reserved. "
                    "Whoever runs this server can allow it with OUTBOUND_ALLOW_PRIVATE."
                )
                % {"host": host, "port": port},
            )
    return addresses


def _parse_addresses(host: str, found: Iterable[tuple[Any, ...]]) -> list[Address]:
    unique = dict.fromkeys(ip_address(str(entry[4][0])) for entry in found)
    if not unique:
        raise unresolved(host)
    return list(unique)


def unresolved(host: str) -> OutboundError:
    """The error of a host that has no address."""
    return OutboundError(
        "outbound_unresolved",
        _("The host %(host)s was not found. Check its spelling and this server's network.") % {"host": host},
    )


def resolve(host: str, port: int, policy: OutboundPolicy, timeout_s: float = RESOLVE_TIMEOUT_S) -> list[Address]:
    """The permitted addresses of ``host``, in the resolver's order.

    Raises OutboundError: "outbound_unresolved" (also when the resolver takes longer than ``timeout_s``) or
    "outbound_private".
    """
    answers: queue.SimpleQueue[list[tuple[Any, ...]] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put([tuple(entry) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except (OSError, UnicodeError) as error:
            answers.put(error)

    # A thread, because the system's resolver takes no timeout.
    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        answer = answers.get(timeout=timeout_s)
    except queue.Empty as error:
        raise unresolved(host) from error
    if isinstance(answer, Exception):
        raise unresolved(host) from answer
    return _checked(host, port, _parse_addresses(host, answer), policy)


async def resolve_async(
    host: str, port: int, policy: OutboundPolicy, timeout_s: float = RESOLVE_TIMEOUT_S
) -> list[Address]:
    """As ``resolve``, without blocking the event loop."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise unresolved(host) from error
    return _checked(host, port, _parse_addresses(host, found), policy)
