"""Real Git repositories, made by git and served over HTTP by git's own http-backend."""

import base64
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

from tests.fakes.website import Asked, Page, Site

TOKEN = "git-token-9f"


class Repository:
    """A repository with a working tree. ``leaves_out`` says whether its server can leave files out, as most can."""

    def __init__(self, folder: Path, *, leaves_out: bool = True) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "uploadpack.allowAnySHA1InWant", "true")
        self.git("config", "uploadpack.allowFilter", "true" if leaves_out else "false")

    def git(self, *words: str) -> str:
        """Run git; what it printed."""
        environment = {
            **os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
        }  # fmt: skip
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout.strip()

    def commit(self, **files: str | None) -> None:
        """Commit files; ``docs__one_md`` is docs/one.md, None deletes."""
        for name, text in files.items():
            path = self.folder / name.replace("__", "/").replace("_md", ".md")
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "Change.")


class GitServer:
    """Serves the repositories in a folder at a site, to who knows the token.

    ``sent`` counts bytes. A fetch for which ``slow`` is true is answered by half; the rest comes once ``gate`` opens.
    """

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.folder = folder
        self.sent = 0
        self.slow: Callable[[Asked], bool] = lambda _asked: False
        self.gate = Event()
        self.waiting = Event()
        site.otherwise = self.answer

    def fetches(self) -> list[bytes]:
        """What was asked for in each fetch."""
        return [each.body for each in self.site.asked if b"command=fetch" in each.body]

    def answer(self, asked: Asked) -> Page:
        """One request."""
        path, _, query = asked.path.partition("?")
        if not (self.folder / path.strip("/").split("/")[0] / ".git").is_dir():
            return Page(b"Nothing here.", 404)
        if asked.headers.get("authorization") != "Basic " + base64.b64encode(f"token:{TOKEN}".encode()).decode():
            return Page(b"Who is there?", 401)
        done = subprocess.run(
            ["git", "http-backend"], input=asked.body, capture_output=True, timeout=30, check=False,
            env={
                "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.folder), "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": asked.method, "HOME": str(self.folder),
                "CONTENT_TYPE": asked.headers.get("content-type", ""), "CONTENT_LENGTH": str(len(asked.body)),
                "GIT_PROTOCOL": asked.headers.get("git-protocol", ""), "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
            },
        ).stdout  # fmt: skip
        head, _, body = done.partition(b"\r\n\r\n")
        given = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.sent += len(body)
        slowly = b"command=fetch" in asked.body and self.slow(asked)
        content = self._by_halves(body) if slowly else body
        return Page(content, int(given.pop("Status", "200").split()[0]), type=given.get("Content-Type", ""))

    def _by_halves(self, body: bytes) -> Iterator[bytes]:
        yield body[: len(body) // 2]
        self.waiting.set()
        self.gate.wait(timeout=60)
        yield body[len(body) // 2 :]
