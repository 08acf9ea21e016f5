"""/health/live and /health/ready, asked of the real server."""

import json
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from config.heartbeat import KEY, client


def get(url):
    """Return status and JSON of a GET."""
    try:
        with urlopen(url, timeout=10) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        return error.code, json.load(error)


def ready_within(server, seconds):
    """Return the last answer of /health/ready, waiting for a 200."""
    deadline = time.monotonic() + seconds
    while True:
        status, body = get(f"{server.url}/health/ready")
        if status == 200 or time.monotonic() > deadline:
            return status, body
        time.sleep(0.1)


def test_live_asks_nobody_else(server):
    assert get(f"{server.url}/health/live") == (200, {"status": "live"})


def test_ready_when_every_part_works(server, worker):
    status, body = ready_within(server, 30)
    assert status == 200
    assert body["status"] == "ready"
    assert body["parts"] == {"database": "ok", "valkey": "ok", "worker": "ok", "embedder": "ok"}


def test_not_ready_names_what_is_missing(server, worker):
    ready_within(server, 30)
    for _attempt in range(5):  # the worker may give its sign between these two lines
        client().delete(KEY)
        status, body = get(f"{server.url}/health/ready")
        if status == 503:
            break
    assert status == 503
    assert body["parts"]["worker"] == "missing"
    assert body["missing"] == ["No worker has given a sign of life lately."]


def test_a_worker_gives_its_sign_of_life_again_by_itself(server, worker):
    client().delete(KEY)
    assert ready_within(server, 15)[0] == 200


@pytest.mark.usefixtures("worker")
def test_ready_is_cheap(server):
    ready_within(server, 30)
    started = time.monotonic()
    for _ in range(20):
        get(f"{server.url}/health/ready")
    assert (time.monotonic() - started) / 20 < 0.25
