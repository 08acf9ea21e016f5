"""A website on a port of this machine: pages by path, with headers and statuses; it remembers what was asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Page:
    """What is answered: bytes or a text, or one block after the other."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    type: str = "text/html; charset=utf-8"


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Site:
    """Pages by path with query; a function of the request may stand for one. What is not there is 404."""

    def __init__(self) -> None:
        self.pages: dict[str, Page | Callable[[Asked], Page]] = {}
        self.otherwise: Callable[[Asked], Page] = lambda _asked: Page(b"Not here.", 404)
        self.asked: list[Asked] = []
        self.url = ""

    def html(self, path: str, title: str, *links: str, head: str = "", **headers: str) -> None:
        """Put a page at ``path`` that leads to ``links``."""
        anchors = " ".join(f'<a href="{link}">more</a>' for link in links)
        words = f"<p>This page is about {title} and says so in a whole sentence.</p>"
        body = (
            f"<html><head><title>{title}</title>{head}</head><body><main><h1>{title}</h1>{words}{anchors}</main></body>"
        )
        self.pages[path] = Page(body.encode(), headers={key.replace("_", "-"): value for key, value in headers.items()})

    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [each.path for each in self.asked]

    def answer(self, asked: Asked) -> Page:
        """What is answered to a request."""
        self.asked.append(asked)
        page = self.pages.get(asked.path, self.otherwise)
        return page(asked) if callable(page) else page


def handler_of(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {key.lower(): value for key, value in self.headers.items()}
            page = site.answer(Asked(self.command, self.path, headers, self.rfile.read(length)))
            blocks = [page.body.encode() if isinstance(page.body, str) else page.body]
            streamed = not isinstance(page.body, bytes | str)
            self.send_response(page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if page.status not in (204, 304):
                self.send_header("content-type", page.type)
                if streamed:
                    blocks = page.body
                    self.send_header("connection", "close")
                    self.close_connection = True
                else:
                    self.send_header("content-length", str(len(blocks[0])))
            self.end_headers()
            try:
                for block in blocks if page.status not in (204, 304) else ():
                    self.wfile.write(block)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_GET = do_POST = _serve  # noqa: N815 - the server looks for these names

        def log_message(self, *_args: object) -> None:
            pass

    return Handler


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """The site, answering at ``site.url`` until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(site))
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
