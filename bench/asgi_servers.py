"""Compares ASGI servers at what Footnote asks of one: many sockets and HTTP streams, each fed word by word.

Prints for each server the messages per second that reach all clients, the time to the first one, and the server's CPU
seconds per 100,000 messages. Servers that are not installed are left out and named: pip install granian daphne.
Run as a program it starts itself as the application of each server in turn.
"""

import asyncio
import importlib.util
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

CLIENTS = 50
MESSAGES = 400
START_S = 20
WORD = '{"type":"answer.delta","seq":1,"message_id":"0b9f","offset":120,"text":" words"}'
SERVERS = {
    "uvicorn": ["-m", "uvicorn", "asgi_servers:application", "--log-level", "warning", "--no-access-log",
                "--ws", "websockets-sansio", "--port"],
    "granian": ["-m", "granian", "--interface", "asginl", "--log-level", "warning", "asgi_servers:application",
                "--port"],
    "daphne": ["-m", "daphne", "-v", "0", "asgi_servers:application", "--port"],
}  # fmt: skip


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Send MESSAGES words, over a socket or as a stream, giving other clients their turn after each."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        for _ in range(MESSAGES):
            await send({"type": "websocket.send", "text": WORD})
            await asyncio.sleep(0)
        await send({"type": "websocket.close"})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for _ in range(MESSAGES):
            await send({"type": "http.response.body", "body": f"data: {WORD}\n\n".encode(), "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})


async def follow_socket(port: int) -> float:
    """Read one socket to its end; return the seconds to the first message."""
    from websockets.asyncio.client import connect

    started = time.perf_counter()
    first = 0.0
    seen = 0
    async with connect(f"ws://127.0.0.1:{port}/", compression=None) as connection:
        await connection.send("follow")
        async for _message in connection:
            first = first or time.perf_counter() - started
            seen += 1
    assert seen == MESSAGES, seen
    return first


async def follow_stream(port: int) -> float:
    """Read one HTTP stream to its end; return the seconds to the first bytes of it."""
    started = time.perf_counter()
    first = 0.0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    seen = 0
    while block := await reader.read(65536):
        first = first or time.perf_counter() - started
        seen += block.count(b"data: ")
    writer.close()
    assert seen == MESSAGES, seen
    return first


async def measure(follow: Any, port: int) -> tuple[float, float]:
    """Return messages per second over all clients, and the median seconds to a client's first one."""
    started = time.perf_counter()
    firsts = await asyncio.gather(*(follow(port) for _ in range(CLIENTS)))
    return CLIENTS * MESSAGES / (time.perf_counter() - started), statistics.median(firsts)


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and its children."""
    family = [process, *process.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in family)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Return once somebody listens on ``port``; TimeoutError after START_S seconds."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {port}")


def main() -> None:
    """Measure each server three times and print the best."""
    print(f"{CLIENTS} clients at once, {MESSAGES} messages each; best of three")
    for name, words in SERVERS.items():
        if importlib.util.find_spec(name) is None:
            print(f"{name:8} is not installed")
            continue
        port = free_port()
        process = subprocess.Popen([sys.executable, *words, str(port)], cwd=Path(__file__).parent)
        try:
            wait_for(port)
            watched = psutil.Process(process.pid)
            for kind, follow in (("sockets", follow_socket), ("streams", follow_stream)):
                rates, firsts, costs = [], [], []
                for _ in range(3):
                    before = cpu_seconds(watched)
                    rate, first = asyncio.run(measure(follow, port))
                    rates.append(rate)
                    firsts.append(first)
                    costs.append((cpu_seconds(watched) - before) / (CLIENTS * MESSAGES) * 100_000)
                print(f"{name:8} {kind}: {max(rates):9,.0f} messages/s, first after {min(firsts) * 1000:5.0f} ms, "
                      f"{min(costs):5.1f} CPU s per 100,000")  # fmt: skip
        finally:
            process.terminate()
            process.wait(10)


if __name__ == "__main__":
    main()
