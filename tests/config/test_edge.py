"""What the server does before and around Django: ids, limits, files, origins, headers, errors in one shape."""

import gzip
import http.client
import json
import re
import socket
from urllib.parse import urlsplit

import pytest
from django.utils import translation
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from config import edge
from documents.errors import upload_too_large


def call(server, method, path, body=None, headers=None):
    """Return status, headers and bytes of one request."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def error_of(body):
    """Return the error in a JSON answer, which has a code and a message and nothing around it."""
    parsed = json.loads(body)
    assert list(parsed) == ["error"]
    assert parsed["error"]["message"]
    return parsed["error"]["code"]


def test_each_answer_carries_the_id_of_its_request(server):
    _status, headers, _body = call(server, "GET", "/health/live", headers={"X-Request-ID": "from-the-proxy.1"})
    assert headers["X-Request-ID"] == "from-the-proxy.1"
    _status, headers, _body = call(server, "GET", "/health/live", headers={"X-Request-ID": "bad id\u00e9"})
    assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-ID"])


def test_a_body_announced_as_too_large_is_refused_before_it_is_sent(server, settings):
    host = urlsplit(server.url)
    size = settings.MAX_UPLOAD_BYTES + 2**21
    with socket.create_connection((host.hostname, host.port), timeout=10) as raw:
        request = f"POST /api/v1/documents HTTP/1.1\r\nHost: {host.netloc}\r\nContent-Length: {size}\r\n"
        raw.sendall(f"{request}Expect: 100-continue\r\n\r\n".encode())
        answer = raw.makefile("rb").read1(4096)
        while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
            answer += raw.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"too_large"' in answer


async def test_a_body_that_grows_too_large_is_refused_and_forgotten():
    blocks = [{"type": "http.request", "body": b"x" * 600, "more_body": True}] * 3
    blocks.append({"type": "http.request", "body": b"", "more_body": False})
    sent = []

    async def receive():
        return blocks.pop(0)

    async def send(message):
        sent.append(message)

    async def app(scope, receive, send):
        while (await receive())["more_body"]:
            pass

    await edge.BodyLimit(app, limit=1000)({"type": "http", "headers": []}, receive, send)
    assert sent[0]["status"] == 413
    assert error_of(sent[1]["body"]) == "too_large"
    assert blocks == []


async def test_the_refusal_of_a_body_is_in_the_language_of_whoever_sent_it():
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    headers = [(b"content-length", b"9000000"), (b"cookie", b"a=b; language=de"), (b"accept-language", b"ar")]
    await edge.BodyLimit(None, limit=2**20)({"type": "http", "headers": headers}, receive, send)
    with translation.override("de"):
        message = upload_too_large(1).message
    assert message != upload_too_large(1).message
    assert json.loads(sent[1]["body"])["error"]["message"] == message


def test_a_client_that_sends_two_gigabytes_reads_the_refusal(server):
    def zeros():
        for _ in range(2 * 2**30 // 2**22):
            yield bytes(2**22)

    headers = {"Content-Length": str(2 * 2**30)}
    status, _headers, body = call(server, "POST", "/api/v1/documents", body=zeros(), headers=headers)
    assert status == 413
    assert error_of(body) == "too_large"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/api/v1/documents", 401, "unauthorized"),
        ("GET", "/v1/models", 401, "unauthorized"),
        ("PUT", "/api/v1/documents", 405, "method_not_allowed"),
    ],
)
def test_programs_get_every_error_in_one_shape(server, method, path, status, code):
    got, _headers, body = call(server, method, path)
    parsed = json.loads(body)["error"]
    assert (got, parsed["code"]) == (status, code)
    assert parsed["message"]


def test_people_get_a_page_for_an_address_that_is_not_there(server):
    status, headers, body = call(server, "GET", "/nothing/here/")
    assert status == 404
    assert headers["Content-Type"].startswith("text/html")
    assert b"nothing at this address" in body


def test_pages_forbid_scripts_and_styles_from_elsewhere_and_inline(server):
    _status, headers, _body = call(server, "GET", "/accounts/login/")
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_static_files_are_kept_for_good_under_an_address_of_their_content(server, settings):
    path = f"{settings.STATIC_URL}css/base.css"
    status, headers, body = call(server, "GET", path)
    assert status == 200
    assert body == (settings.BASE_DIR / "static/css/base.css").read_bytes()
    assert "immutable" in headers["Cache-Control"]
    assert headers["Content-Type"].startswith("text/css")
    status, _headers, body = call(server, "GET", path, headers={"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")


def test_static_files_travel_compressed_where_the_browser_takes_it(server, settings):
    path = f"{settings.STATIC_URL}css/base.css"
    plain = (settings.BASE_DIR / "static/css/base.css").read_bytes()
    status, headers, body = call(server, "GET", path, headers={"Accept-Encoding": "gzip, br"})
    assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, "gzip", "Accept-Encoding")
    assert int(headers["Content-Length"]) == len(body) < len(plain) / 2
    assert gzip.decompress(body) == plain
    part = {"Accept-Encoding": "gzip", "Range": "bytes=0-9"}
    status, headers, body = call(server, "GET", path, headers=part)
    assert (status, body, "Content-Encoding" in headers) == (206, plain[:10], False)
    font = f"{settings.STATIC_URL}fonts/source-sans-3-latin-wght-normal.woff2"
    assert "Content-Encoding" not in call(server, "GET", font, headers={"Accept-Encoding": "gzip"})[1]


@pytest.mark.parametrize("path", ["../manage.py", "..%2fmanage.py", "css/../../manage.py", "nothing.css"])
def test_static_files_end_at_their_folder(server, settings, path):
    assert call(server, "GET", f"{settings.STATIC_URL}{path}")[0] == 404


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1.evil.example", "null", None])
def test_a_socket_opens_from_our_own_pages_only(server, origin):
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{server.socket_url}/ws/documents/", origin=origin, open_timeout=10)
    assert refused.value.response.status_code == 403


def test_the_specification_is_public(server):
    status, _headers, body = call(server, "GET", "/api/v1/openapi.json")
    assert status == 200
    assert "/api/v1/documents" in json.loads(body)["paths"]


def test_the_documentation_of_the_api_needs_nothing_from_elsewhere(server):
    status, _headers, body = call(server, "GET", "/api/v1/docs")
    page = body.decode()
    assert status == 200
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    for source in sources:
        assert source.startswith("/static/")
        assert call(server, "GET", source)[0] == 200
