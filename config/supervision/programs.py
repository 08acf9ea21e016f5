"""The programs of ``make up``, as a configuration for supervisord."""

import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A program that fails to start this often in a row is broken, and everything stops.
START_RETRIES = 3
# A server that ends sooner has failed to start. Nobody waits for that time to be over; with less, a failure on a slow
# machine would look like a life of its own, and be repeated for ever.
SERVER_START_S = 10


@dataclass(frozen=True, slots=True)
class Program:
    """One process to keep running. Lower ``priority`` starts first and stops last."""

    name: str
    command: list[str]
    priority: int
    stop_signal: str = "TERM"
    stop_seconds: int = 6
    # One that ends sooner has failed to start: Python programs need seconds to find out that something is missing.
    start_seconds: int = 5


def programs(data_dir: Path, *, embedded_database: bool, embedded_valkey: bool) -> Iterator[Program]:
    """Yield the programs of one machine; all start at once and wait for one another where they must."""
    manage = [sys.executable, str(ROOT / "manage.py")]
    embedded = [sys.executable, "-m", "config.embedded"]
    if embedded_database:
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for the last client to leave.
        yield Program("postgres", [*embedded, "postgres", str(data_dir)], 10, "INT", 15, SERVER_START_S)
    if embedded_valkey:
        yield Program("valkey", [*embedded, "valkey", str(data_dir)], 10, start_seconds=SERVER_START_S)
    yield Program("web", [*manage, "web"], 20)
    # SIGQUIT ends the worker within seconds; SIGTERM would wait for the document it is reading.
    yield Program("worker", [*manage, "worker"], 20, "QUIT", 8)
    yield Program("beat", [sys.executable, "-m", "config.supervision.gate", "ready", *manage, "beat"], 20)


def supervisord_conf(programs: list[Program], *, folder: Path, logs: Path) -> str:
    """Return supervisord's configuration; its socket and pid file lie in ``folder``, output in ``logs``."""
    user = "user=root\n" if os.geteuid() == 0 else ""
    sections = [
        f"[supervisord]\nnodaemon=true\nsilent=true\numask=077\nminfds=1024\n{user}"
        f"directory={quoted(ROOT)}\nlogfile={quoted(logs / 'supervisor.log')}\nlogfile_maxbytes=2MB\n"
        f"logfile_backups=1\npidfile={quoted(folder / 'supervisord.pid')}\nchildlogdir={quoted(logs)}\n",
        f"[unix_http_server]\nfile={quoted(folder / 'supervisor.sock')}\nchmod=0700\n",
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
    ]
    sections += [
        f"[program:{program.name}]\ncommand={quoted(shlex.join(program.command))}\npriority={program.priority}\n"
        f"autostart=true\nautorestart=true\nstartsecs={program.start_seconds}\nstartretries={START_RETRIES}\n"
        f"stopsignal={program.stop_signal}\nstopwaitsecs={program.stop_seconds}\nkillasgroup=true\n"
        f"redirect_stderr=true\nstdout_logfile={quoted(logs / f'{program.name}.log')}\n"
        f"stdout_logfile_maxbytes=10MB\nstdout_logfile_backups=2\n"
        for program in programs
    ]
    # Those that use the database stop together, then the servers they use.
    apps = [program.name for program in programs if program.priority == 20]
    sections.append(f"[group:app]\nprograms={','.join(apps)}\npriority=20\n")
    return "\n".join(sections)


def quoted(value: Path | str) -> str:
    """Return a value as supervisord reads it: a per cent sign would begin one of its expressions."""
    return str(value).replace("%", "%%")
