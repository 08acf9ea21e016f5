"""Serves css, scripts, fonts and pictures straight from the server's event loop, before Django is asked.

WhiteNoise knows the files, their types, compressed forms, ranges and caching; its Django middleware would send every
page and stream through a thread as well, so its answers are passed on here.
"""

import asyncio
import gzip
import hashlib
import stat
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from whitenoise.base import WhiteNoise

BLOCK_BYTES = 256 * 2**10
FOREVER_S = 10 * 365 * 24 * 3600

COMPRESSED = frozenset(
    ("text/css", "text/javascript", "application/javascript", "image/svg+xml", "application/json", "text/plain")
)
"""Types that are compressed on the way; an image of Footnote has compressed copies of all files already."""
SMALLEST_BYTES, LARGEST_BYTES = 512, 2 * 2**20
KEPT = 400
"""Compressed files that stay in memory: all that a page asks for, in a few megabytes at most."""


def content_version(folder: Path, *also: str) -> str:
    """Return a name for the state of ``folder`` and for ``also``; it changes when any file does.

    It becomes part of the address, so that a browser keeps files for good and modules that import one another by
    relative addresses need no rewriting.
    """
    digest = hashlib.blake2b(" ".join(also).encode(), digest_size=6)
    for path in sorted(folder.rglob("*")):
        # Size and time tell it as well as reading ten megabytes at each start of a command would. Whole seconds: the
        # layers of an image keep no more.
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            digest.update(f"{path.relative_to(folder)} {found.st_size} {int(found.st_mtime)}".encode())
    return digest.hexdigest()


class StaticFiles:
    """Answers requests below ``prefix`` from ``folders``; everything else goes on to ``app``."""

    def __init__(self, app: ASGI3Application, *, prefix: str, folders: list[Path], changing: bool) -> None:
        self.app = app
        self.prefix = prefix
        self.files = WhiteNoise(
            None,
            autorefresh=changing,
            max_age=0 if changing else FOREVER_S,
            immutable_file_test=(lambda path, url: not changing),
            allow_all_origins=False,
            add_headers_function=(lambda headers, path, url: headers.add_header("X-Content-Type-Options", "nosniff")),
        )
        for folder in folders:
            self.files.add_files(str(folder), prefix=prefix)

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or not scope["path"].startswith(self.prefix):
            await self.app(scope, receive, send)
            return
        found = await asyncio.to_thread(self.find, scope["path"])
        if found is None:
            await self.app(scope, receive, send)
            return
        environ = {
            f"HTTP_{name.decode().upper().replace('-', '_')}": str(value, "latin-1") for name, value in scope["headers"]
        }
        reply = await asyncio.to_thread(found, scope["method"], environ)
        headers = {name.lower(): value for name, value in reply.headers}
        body = b""
        if reply.file is not None and _is_worth_it(environ, int(reply.status), headers):
            with reply.file as file:
                body = await asyncio.to_thread(_compressed, file.name, headers.get("last-modified", ""))
            headers |= {"content-encoding": "gzip", "content-length": str(len(body)), "vary": "Accept-Encoding"}
            headers.pop("accept-ranges", None)
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": int(reply.status), "headers": raw, "trailers": False})
        if reply.file is not None and not body:
            await self.send_file(reply.file, send)
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def find(self, path: str) -> Callable[[str, dict[str, str]], Any] | None:
        """Return what answers a request for ``path``, or None when there is no such file."""
        file = self.files.find_file(path) if self.files.autorefresh else self.files.files.get(path)
        return None if file is None else file.get_response

    @staticmethod
    async def send_file(file: BinaryIO, send: ASGISendCallable) -> None:
        """Send a file's bytes and close it."""
        try:
            while block := await asyncio.to_thread(file.read, BLOCK_BYTES):
                await send({"type": "http.response.body", "body": block, "more_body": True})
        finally:
            file.close()


def _is_worth_it(environ: dict[str, str], status: int, headers: dict[str, str]) -> bool:
    """Whether a file that has no compressed copy beside it is compressed for this request."""
    return (
        status == HTTPStatus.OK
        and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
        and "content-encoding" not in headers
        and headers.get("content-type", "").partition(";")[0] in COMPRESSED
        and SMALLEST_BYTES <= int(headers.get("content-length", 0)) <= LARGEST_BYTES
    )


@lru_cache(maxsize=KEPT)
def _compressed(path: str, modified: str) -> bytes:
    """A file's content as gzip; ``modified`` tells its states apart."""
    return gzip.compress(Path(path).read_bytes(), 6, mtime=0)
