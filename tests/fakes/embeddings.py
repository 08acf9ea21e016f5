"""A stand-in for a server that speaks OpenAI's embeddings protocol, on a real socket, with a switch for each failure.

    with FakeEmbeddings(dimensions=64) as server:
        RemoteEmbedder(RemoteModel(server.base_url, "fake"), 64, OutboundPolicy(allow=("127.0.0.1",)))
        server.failure = "rate_limited"

Its vectors are bags of hashed words, so that texts of like words lie near each other.
"""

import hashlib
import json
import re
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal

import numpy as np

from tests.fakes.listening import Listening

Failure = Literal[
    "",
    "unauthorized",  # 401
    "not_found",  # 404
    "bad_request",  # 400 with a message
    "rate_limited",  # 429 with Retry-After
    "server_error",  # 500
    "cut",  # fewer bytes than the length promised
    "too_few",  # one vector less than texts
    "same_index",  # two vectors of one index
    "nan",  # NaN, as Python's own json writes it
    "zero",  # vectors of no length
    "wrong_shape",  # JSON of another shape
    "html",  # 200 with a web page
    "slow",  # answers after ``delay_s``
    "redirect",  # 307 elsewhere
]


@dataclass
class FakeEmbeddings(Listening):
    """The server; its fields may be changed while it runs. ``failures_left`` bounds how often ``failure`` strikes."""

    dimensions: int = 64
    failure: Failure = ""
    failures_left: int | None = None
    retry_after: str | None = "0"
    delay_s: float = 0.0
    api_key: str = ""
    port: int = 0
    reverse: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """Every text it was asked for."""
        return [text for request in self.requests for text in request["input"]]

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers a request."""
        return _Handler

    def strikes(self) -> str:
        """The failure of this request, if it is one."""
        if not self.failure or self.failures_left == 0:
            return ""
        if self.failures_left is not None:
            self.failures_left -= 1
        return self.failure


def vector_of(text: str, dimensions: int) -> list[float]:
    """The vector that the server gives for a text; not of unit length, as real servers' often are not."""
    total = np.full(dimensions, 0.01)
    for word in re.findall(r"\w+", text.lower()):
        digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
        total[int.from_bytes(digest[:4], "big") % dimensions] += 1.0
    return (3 * total).tolist()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeEmbeddings
    protocol_version = "HTTP/1.1"
    timeout = 20

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer one request."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))))
        fake = self.fake
        fake.requests.append(body)
        if fake.delay_s:
            time.sleep(fake.delay_s)
        failure = fake.strikes()
        if fake.api_key and self.headers.get("authorization") != f"Bearer {fake.api_key}":
            failure = "unauthorized"
        if self.path != "/v1/embeddings":
            failure = "not_found"
        refusals = {"unauthorized": 401, "not_found": 404, "bad_request": 400, "rate_limited": 429, "server_error": 500}
        if failure in refusals:
            extra = {"Retry-After": fake.retry_after} if failure == "rate_limited" and fake.retry_after else {}
            message = f"Failed as asked: {failure}. Key {self.headers.get('authorization', '')[7:]}"
            self._send(refusals[failure], json.dumps({"error": {"message": message}}).encode(), extra)
            return
        if failure == "redirect":
            self._send(307, b"", {"Location": "http://169.254.169.254/latest"})
            return
        if failure == "html":
            self._send(200, b"<html>It works</html>", {})
            return
        data = [
            {"object": "embedding", "index": index, "embedding": vector_of(text, fake.dimensions)}
            for index, text in enumerate(body["input"])
        ]
        if failure == "too_few":
            data = data[1:]
        elif failure == "same_index":
            for item in data:
                item["index"] = 0
        elif failure in ("nan", "zero"):
            data[0]["embedding"] = [float("nan") if failure == "nan" else 0.0] * fake.dimensions
        if fake.reverse:
            data.reverse()
        answer: Any = {"object": "list", "data": data, "model": body["model"], "usage": {"prompt_tokens": 1}}
        if failure == "wrong_shape":
            answer = {"vectors": "none"}
        payload = json.dumps(answer).encode()
        self._send(200, payload, {}, promised=len(payload) + (100 if failure == "cut" else 0))

    def _send(self, status: int, payload: bytes, headers: dict[str, str], promised: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload) if promised is None else promised))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)
        if promised is not None and promised > len(payload):
            self.close_connection = True
