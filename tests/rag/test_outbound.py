"""The guard of outbound calls: addresses, names, redirects, rebinding, limits; against servers on real sockets."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import httpx2
import pytest

from rag.errors import OutboundError
from rag.outbound import OutboundLimits, OutboundPolicy, check_url, guarded_async_client, guarded_client
from rag.outbound.policy import is_public, resolve

NOBODY = OutboundPolicy()


@contextmanager
def server(reply: bytes) -> Iterator[int]:
    """Answers every connection with the bytes; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    request = connection.recv(65536)
                    connection.sendall(reply.replace(b"{request}", request.split(b"\r\n\r\n")[0]))
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        # Closing alone does not wake accept().
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def ok(body: bytes = b"fine", extra: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{extra}\r\n".encode() + body


def fetch(url: str, policy: OutboundPolicy, **options: Any) -> httpx2.Response:
    with guarded_client(policy, **options) as client:
        return client.get(url)


def fetch_async(url: str, policy: OutboundPolicy, **options: Any) -> httpx2.Response:
    async def run() -> httpx2.Response:
        async with guarded_async_client(policy, **options) as client:
            return await client.get(url)

    return asyncio.run(run())


both = pytest.mark.parametrize("get", [fetch, fetch_async])


@both
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "localhost",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a00:1]",
        "[64:ff9b::7f00:1]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
    ],
)
def test_an_inside_address_is_refused_however_it_is_written(get, host: str) -> None:
    with pytest.raises((OutboundError, httpx2.InvalidURL)) as caught:
        get(f"http://{host}:9/", NOBODY)
    if isinstance(caught.value, OutboundError):
        assert caught.value.code in ("outbound_private", "outbound_unresolved")
        assert caught.value.message.endswith(".")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@both
@pytest.mark.parametrize(
    "entry", ["127.0.0.1", "127.0.0.0/8", "localhost", "LOCALHOST.", "127.0.0.1:{port}", "localhost:{port}"]
)
def test_what_an_admin_allowed_is_called(get, entry: str) -> None:
    with server(ok()) as port:
        allowed = entry.format(port=port)
        host = "localhost" if "localhost" in allowed.lower() else "127.0.0.1"
        policy = OutboundPolicy(allow=(allowed, "::1"))
        assert get(f"http://{host}:{port}/", policy).text == "fine"


@both
def test_an_allowed_port_opens_no_other(get) -> None:
    with server(ok()) as port, pytest.raises(OutboundError, match="outbound_private"):
        get(f"http://127.0.0.1:{port}/", OutboundPolicy(allow=(f"127.0.0.1:{port + 1}",)))


@both
@pytest.mark.parametrize("url", ["ftp://example.org/", "file:///etc/passwd", "gopher://example.org/"])
def test_only_http_is_spoken(get, url: str) -> None:
    with pytest.raises((OutboundError, httpx2.UnsupportedProtocol)):
        get(url, NOBODY)


@both
def test_one_private_address_among_public_ones_refuses_the_host(get, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(OutboundError, match="outbound_private"):
        get("http://mixed.example/", NOBODY)


@both
def test_the_name_is_resolved_once_and_the_checked_address_is_called(get, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    asked: list[str] = []

    def rebinding(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host in ("rebind.example", b"rebind.example"):
            asked.append(str(host))
            # Harmless at first, the metadata service at a second look.
            return real("127.0.0.1" if len(asked) == 1 else "169.254.169.254", port, *args, **kwargs)
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with server(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{request}") as port:
        policy = OutboundPolicy(allow=("127.0.0.1/32",))
        text = get(f"http://rebind.example:{port}/", policy).text
    assert len(asked) == 1
    assert f"Host: rebind.example:{port}".lower() in text.lower()


@both
def test_redirects_are_not_followed_unless_asked_for(get) -> None:
    with server(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n") as port:
        assert get(f"http://127.0.0.1:{port}/", OutboundPolicy(allow=("127.0.0.1",))).status_code == 302


@both
@pytest.mark.parametrize("target", ["http://169.254.169.254/latest", "http://[::1]:9/", "file:///etc/passwd"])
def test_every_hop_of_a_redirect_is_checked(get, target: str) -> None:
    reply = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    with server(reply) as port, pytest.raises((OutboundError, httpx2.UnsupportedProtocol)):
        get(f"http://127.0.0.1:{port}/", OutboundPolicy(allow=("127.0.0.1",)), follow_redirects=True)


@both
def test_a_response_has_a_largest_size(get) -> None:
    with server(ok(b"x" * 5_000)) as port, pytest.raises(OutboundError, match="outbound_too_large"):
        get(f"http://127.0.0.1:{port}/", OutboundPolicy(allow=("127.0.0.1",)), limits=OutboundLimits(max_bytes=1_000))


@both
def test_a_response_has_a_longest_time(get) -> None:
    with server(ok(b"x" * 500)) as port, pytest.raises(OutboundError, match="outbound_timeout"):
        get(f"http://127.0.0.1:{port}/", OutboundPolicy(allow=("127.0.0.1",)), limits=OutboundLimits(total_s=0.0))


@both
def test_a_compressed_body_that_nobody_asked_for_is_refused(get) -> None:
    packed = ok(b"\x1f\x8b", "Content-Encoding: gzip\r\n")
    with server(packed) as port, pytest.raises(OutboundError, match="outbound_encoding"):
        get(f"http://127.0.0.1:{port}/", OutboundPolicy(allow=("127.0.0.1",)))


@both
def test_a_proxy_of_the_environment_is_not_used(get, monkeypatch: pytest.MonkeyPatch) -> None:
    with server(ok(b"proxied")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy}")
        with pytest.raises(OutboundError, match="outbound_private"):
            get("http://10.0.0.1/", NOBODY)


@both
def test_a_host_that_does_not_exist_is_named(get) -> None:
    with pytest.raises(OutboundError, match=r"nowhere\.invalid was not found"):
        get("http://nowhere.invalid/", NOBODY)


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hanging(*_: Any, **__: Any) -> Any:
        release.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    try:
        with pytest.raises(OutboundError, match="outbound_unresolved"):
            resolve("slow.example", 80, NOBODY, timeout_s=0.05)
    finally:
        release.set()


def test_ports_may_be_limited() -> None:
    policy = OutboundPolicy(ports=frozenset({443}))
    assert policy.permits("example.org", 443, ip_address("93.184.216.34"))
    assert not policy.permits("example.org", 22, ip_address("93.184.216.34"))


@pytest.mark.parametrize("entry", ["", "http://host", "a b", "host/path", "user@host", "10.0.0.0/99", "host:port"])
def test_an_entry_that_means_nothing_is_an_error(entry: str) -> None:
    with pytest.raises(OutboundError, match="outbound_bad_allow"):
        OutboundPolicy(allow=(entry,))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://127.0.0.1:11434/v1", "outbound_private"),
        ("ftp://example.org", "outbound_scheme"),
        ("example.org", "outbound_scheme"),
        ("https://user:pass@example.org/", "outbound_bad_url"),
        ("https://", "outbound_bad_url"),
        ("http://[::1", "outbound_bad_url"),
    ],
)
def test_a_base_url_is_checked_before_it_is_saved(url: str, code: str) -> None:
    with pytest.raises(OutboundError, match=code):
        check_url(url, NOBODY)


def test_a_sound_base_url_passes() -> None:
    check_url("https://api.example.org/v1", NOBODY)
    check_url("http://127.0.0.1:11434/v1", OutboundPolicy(allow=("127.0.0.1:11434",)))
