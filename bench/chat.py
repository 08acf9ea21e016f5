"""Measures the chat over its websocket: how soon an answer begins, how far it lags behind its LLM, and idle sockets.

    python bench/chat.py [--askers 1 10 50 100] [--sockets 5000] [--json FILE]

Footnote is started as ``make up`` does, with an LLM stand-in that begins at once and streams 30 tokens a second, each
of which is the time at which it was sent. Every asker has a socket and asks in a new conversation, all in the same
moment; the time to the first token is from then to the first text, so it holds rows, retrieval and the LLM's first
token. Askers meet as many web processes as there are by default, idle sockets are held by one. All of it, the clients
too, runs on one machine. A virtual one may get less of its processors than it asks for:
``stolen %`` is the share of their time that went elsewhere meanwhile, and figures with much of it say little.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import psutil  # noqa: E402 - the project's root must be on the path first
from websockets.asyncio.client import ClientConnection, connect  # noqa: E402

from bench.measures.application import Application, running  # noqa: E402

TOKENS, TOKENS_PER_SECOND = 150, 30
ROUNDS = {1: 10, 10: 4, 50: 2, 100: 2}
QUESTIONS = [one["question"] for one in json.loads((ROOT / "demo" / "questions.json").read_text("utf-8"))["answered"]]
STAMP = re.compile(r"\d+\.\d{4}")
WARMING = 20
OPENED_AT_ONCE = 50
ANSWER_S, START_S = 120.0, 20.0


@contextlib.contextmanager
def llm() -> Iterator[str]:
    """Run the LLM stand-in in a process of its own; its base URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.fakes.llm", "--port", str(port), "--stamped", str(TOKENS)]
    process = subprocess.Popen(
        [*command, "--tokens-per-second", str(TOKENS_PER_SECOND)], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(START_S)


class Asker:
    """One page: asks once, and notes when text came and how old it was. Seconds."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.first = 0.0
        self.lags: list[float] = []
        self.status = ""

    async def ask(self, question: str) -> None:
        """Ask in a new conversation and read to the end of the answer."""
        command = {"type": "ask", "conversation_id": None, "assistant": None, "question": question, "request_id": "r"}
        asked = time.monotonic()
        await self._connection.send(json.dumps(command))
        async with asyncio.timeout(ANSWER_S):
            async for raw in self._connection:
                now = time.monotonic()
                event = json.loads(raw)
                if event["type"] == "answer.delta":
                    self.first = self.first or now - asked
                    self.lags += [now - float(stamp) for stamp in STAMP.findall(event["text"])]
                elif event["type"] == "answer.completed":
                    self.status = event["message"]["status"]
                    return
                elif event["type"] == "error":
                    raise SystemExit(event["message"])


def opened(application: Application, cookies: str) -> Any:
    """A socket of the chat page, to be entered."""
    address = application.address.replace("http", "ws", 1) + "/ws/chat/"
    headers = {"cookie": cookies, "origin": application.address}
    return connect(address, additional_headers=headers, compression=None, max_size=None, open_timeout=60)


async def askers(application: Application, cookies: str, number: int, rounds: int | None = None) -> dict[str, float]:
    """Milliseconds to the first token and of lag, of so many askers at once."""
    firsts: list[float] = []
    lags: list[float] = []
    before = psutil.cpu_times()
    for turn in range(rounds or ROUNDS.get(number, 2)):
        async with contextlib.AsyncExitStack() as stack:
            pages = [Asker(await stack.enter_async_context(opened(application, cookies))) for _ in range(number)]
            asked = [QUESTIONS[(turn + index) % len(QUESTIONS)] for index in range(number)]
            await asyncio.gather(*(page.ask(question) for page, question in zip(pages, asked, strict=True)))
        wrong = [page.status for page in pages if page.status != "complete"]
        if wrong:
            raise SystemExit(f"{len(wrong)} of {number} answers ended as {set(wrong)}.")
        firsts += [page.first * 1000 for page in pages]
        lags += [lag * 1000 for page in pages for lag in page.lags]
    return {
        "first p50 ms": statistics.median(firsts),
        "first p95 ms": quantile(firsts, 0.95),
        "lag p50 ms": statistics.median(lags),
        "lag p95 ms": quantile(lags, 0.95),
        "stolen %": stolen(before),
    }


def stolen(before: Any) -> float:
    """The share of all processors' time since ``before`` that the machine wanted and did not get, in percent."""
    now = psutil.cpu_times()
    share: float = (getattr(now, "steal", 0.0) - getattr(before, "steal", 0.0)) / max(sum(now) - sum(before), 1e-9)
    return 100 * share


def quantile(values: list[float], part: float) -> float:
    """The value below which this part of ``values`` lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def web_process(application: Application) -> psutil.Process:
    """The process that answers, a child of the supervisor."""
    port = int(application.address.rpartition(":")[2])
    for child in psutil.Process(application.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            heard = [each.laddr.port for each in child.net_connections("inet") if each.status == psutil.CONN_LISTEN]
            if port in heard:
                return child
    raise SystemExit("The web process was not found.")


async def idle(application: Application, cookies: str, number: int) -> dict[str, float]:
    """Hold so many sockets, each following a conversation; the web process's memory, and whether it still answers."""
    web = web_process(application)
    before = web.memory_info().rss
    one = Asker(await opened(application, cookies))
    async with contextlib.AsyncExitStack() as stack:
        conversation = await _conversation(application, cookies)
        follow = json.dumps({"type": "follow", "conversation_id": conversation, "after": None})
        started = time.monotonic()
        held = 0
        while held < number:
            some = [opened(application, cookies) for _ in range(min(OPENED_AT_ONCE, number - held))]
            pages = await asyncio.gather(*(stack.enter_async_context(each) for each in some))
            await asyncio.gather(*(each.send(follow) for each in pages))
            await asyncio.gather(*(asyncio.wait_for(each.recv(), 60) for each in pages))
            held += len(pages)
        seconds = time.monotonic() - started
        await one.ask(QUESTIONS[0])
        return {
            "sockets": held,
            "MB before": before / 2**20,
            "MB": web.memory_info().rss / 2**20,
            "KB a socket": (web.memory_info().rss - before) / held / 1024,
            "opened in s": seconds,
            "first token ms meanwhile": one.first * 1000,
        }


async def _conversation(application: Application, cookies: str) -> str:
    command = {"type": "ask", "conversation_id": None, "question": QUESTIONS[0], "request_id": "r"}
    async with opened(application, cookies) as page:
        await page.send(json.dumps(command))
        async with asyncio.timeout(ANSWER_S):
            async for raw in page:
                event = json.loads(raw)
                if event["type"] == "answer.completed":
                    return str(event["conversation_id"])
    raise SystemExit("The socket was closed.")


async def measure_askers(application: Application, numbers: Sequence[int]) -> dict[str, Any]:
    """The figures of so many askers at once, each number for itself."""
    cookies = _cookies(application)
    # What is made once in each web process is made before it is measured.
    await askers(application, cookies, WARMING, rounds=1)
    return {
        f"{number} askers": told(f"{number} askers", await askers(application, cookies, number)) for number in numbers
    }


async def measure_idle(application: Application, sockets: int) -> dict[str, Any]:
    """The figures of sockets held by the one web process."""
    cookies = _cookies(application)
    await askers(application, cookies, 1, rounds=1)
    return {"idle": told("idle sockets", await idle(application, cookies, sockets))}


def _cookies(application: Application) -> str:
    with application.signed_in() as client:
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def told(name: str, figures: dict[str, float]) -> dict[str, float]:
    """Print figures and return them."""
    print(f"{name:14}", "  ".join(f"{key} {value:,.1f}" for key, value in figures.items()), flush=True)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--askers", type=int, nargs="*", default=[1, 10, 50, 100])
    parser.add_argument("--sockets", type=int, default=5000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * arguments.sockets + 1000)), hard))
    os.environ.pop("LLM_API_KEY", None)
    figures: dict[str, Any] = {}
    with llm() as address:
        more = {"LLM_BASE_URL": address, "LLM_MODEL": "fake"}
        if arguments.askers:
            with running(more=more) as application:
                figures |= asyncio.run(measure_askers(application, arguments.askers))
        if arguments.sockets:
            with running(more={**more, "WEB_PROCESSES": "1"}) as application:
                figures |= asyncio.run(measure_idle(application, arguments.sockets))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
