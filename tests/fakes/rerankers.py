"""A stand-in for a reranking server, on a real socket, in the shapes of Cohere and of TEI, with a switch for failures.

    with FakeReranker(shape="tei") as server:
        RemoteReranker(RemoteRerankingModel(server.base_url, "", "tei"), OutboundPolicy(allow=("127.0.0.1",)))
        server.failure = "rate_limited"

The score of a passage is the share of the question's words that it holds.
"""

import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal

from tests.fakes.listening import Listening

Failure = Literal[
    "",
    "unauthorized",  # 401
    "not_found",  # 404
    "bad_request",  # 422 with a message
    "rate_limited",  # 429
    "server_error",  # 500
    "cut",  # fewer bytes than the length promised
    "too_few",  # one score less than passages
    "same_index",  # two scores of one index
    "nan",  # NaN, as Python's own json writes it
    "wrong_shape",  # JSON of another shape
    "html",  # 200 with a web page
    "redirect",  # 307 elsewhere
    "logits",  # scores below 0 and above 1
    "huge",  # more bytes than are accepted
]


@dataclass
class FakeReranker(Listening):
    """The server; its fields may be changed while it runs."""

    shape: Literal["cohere", "tei"] = "cohere"
    failure: Failure = ""
    delay_s: float = 0.0
    api_key: str = ""
    port: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers a request."""
        return _Handler


def score_of(question: str, passage: str) -> float:
    """The score that the server gives."""
    asked = set(re.findall(r"\w+", question.lower()))
    return len(asked & set(re.findall(r"\w+", passage.lower()))) / max(len(asked), 1)


class _Handler(BaseHTTPRequestHandler):
    fake: FakeReranker
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
        failure: str = fake.failure
        if fake.api_key and self.headers.get("authorization") != f"Bearer {fake.api_key}":
            failure = "unauthorized"
        passages = body.get("documents" if fake.shape == "cohere" else "texts")
        if self.path != "/v1/rerank":
            failure = "not_found"
        elif passages is None:
            failure = "bad_request"
        refusals = {"unauthorized": 401, "not_found": 404, "bad_request": 422, "rate_limited": 429, "server_error": 500}
        if failure in refusals:
            said = f"Failed as asked: {failure}. Key {self.headers.get('authorization', '')[7:]}"
            told = {"message": said} if fake.shape == "cohere" else {"error": said, "error_type": "Validation"}
            self._send(refusals[failure], json.dumps(told).encode())
        elif failure == "redirect":
            self._send(307, b"", {"Location": "http://169.254.169.254/latest"})
        elif failure == "html":
            self._send(200, b"<html>It works</html>")
        elif failure == "wrong_shape":
            self._send(200, b'{"scores": "none"}')
        elif failure == "huge":
            self._send(200, b" " * 2_000_000)
        else:
            payload = json.dumps(self._answer(body["query"], passages, failure)).encode()
            self._send(200, payload, promised=len(payload) + (100 if failure == "cut" else 0))

    def _answer(self, question: str, passages: list[str], failure: str) -> Any:
        key = "relevance_score" if self.fake.shape == "cohere" else "score"
        rows = [{"index": index, key: score_of(question, text)} for index, text in enumerate(passages)]
        if failure == "too_few":
            rows = rows[1:]
        elif failure == "same_index":
            rows = [{**row, "index": 0} for row in rows]
        elif failure == "nan":
            rows[0][key] = float("nan")
        elif failure == "logits":
            rows = [{**row, key: 12 * row[key] - 6} for row in rows]
        rows.sort(key=lambda row: -row[key])
        return rows if self.fake.shape == "tei" else {"id": "1", "results": rows}

    def _send(
        self, status: int, payload: bytes, headers: dict[str, str] | None = None, promised: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload) if promised is None else promised))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        with suppress(ConnectionError):  # who waited may have gone
            self.end_headers()
            self.wfile.write(payload)
        if promised is not None and promised > len(payload):
            self.close_connection = True
