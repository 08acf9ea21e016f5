"""The sandbox: the same result as parsing in this process, and no harm from any file."""

import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from rag.errors import ParsingError
from rag.parsing import parse
from rag.parsing.sandbox import ParsingSandbox
from rag.parsing.wire import WireError, pack_document, pack_error, unpack
from tests.rag.docx_files import make_docx, p
from tests.rag.epub_files import make_epub, page
from tests.rag.mail_files import make_eml, make_ole
from tests.rag.pdf_files import PdfPage, lines, make_pdf

MEMORY = 512 * 1024**2
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sandbox():
    sandbox = ParsingSandbox(memory_bytes=MEMORY, parser="tests.rag.hostile_parsers:misbehave")
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def real_sandbox():
    sandbox = ParsingSandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def ask(sandbox, tmp_path):
    """Have the hostile parser do something; returns the text it answers."""

    def asked(order, timeout_s=20.0):
        path = tmp_path / "order"
        path.write_text(order)
        return sandbox.parse(path, "order.txt", timeout_s).text

    return asked


def code_of(call, *arguments, **options):
    with pytest.raises(ParsingError) as caught:
        call(*arguments, **options)
    assert caught.value.message.endswith(".")
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", make_pdf([PdfPage(lines(["Opening hours are from seven to six."]))] * 3)),
        ("a.docx", make_docx(p("Goals", "berschrift1") + p("We grow."))),
        ("a.html", b"<h1>Goals</h1><p>We grow.</p>"),
        ("a.md", b"# Goals\n\nWe grow.\n"),
        ("a.csv", b"Goal,Year\nGrow,2024\n"),
        ("a.json", b'{"goal": "grow"}'),
        ("a.py", b"def grow():\n    pass\n"),
        ("a.epub", make_epub({"a.xhtml": page("<h1>Goals</h1><p>We grow.</p>")})),
        ("a.eml", make_eml(attachments=[("a.docx", make_docx(p("Goals", "berschrift1") + p("We grow.")), None)])),
        ("a.msg", make_ole({"__properties_version1.0": bytes(32), "__substg1.0_0037001F": "Hi".encode("utf-16-le")})),
        ("a.txt", "Größe ja, \U0001f600 auch.".encode()),
    ],
)
def test_a_document_is_the_same_as_parsed_in_this_process(real_sandbox, tmp_path, name, content):
    path = tmp_path / "stored"
    path.write_bytes(content)
    assert real_sandbox.parse(path, name) == parse(path, name)


def test_the_parsers_own_error_comes_through(sandbox, tmp_path):
    path = tmp_path / "stored"
    path.write_bytes(b"")
    path.write_text("%PDF-1.4 broken")
    assert code_of(sandbox.parse, path, "a.pdf") == "corrupt"


@pytest.mark.parametrize("order", ["loop", "sleep"])
def test_a_parser_that_does_not_end_is_stopped(ask, order):
    begin = time.monotonic()
    assert code_of(ask, order, timeout_s=0.3) == "parse_timeout"
    assert time.monotonic() - begin < 10


def test_a_parser_that_takes_all_memory_is_stopped(ask):
    assert code_of(ask, "hoard") == "parse_memory"


@pytest.mark.parametrize("order", ["crash", "exit", "raise", "lie", "stray"])
def test_a_parser_that_breaks_or_lies_is_a_crash(ask, order):
    assert code_of(ask, order) == "parse_crashed"


def test_a_result_beyond_all_bounds_is_refused_and_others_go_on(ask, monkeypatch):
    monkeypatch.setattr("rag.parsing.sandbox._MAX_RESULT_BYTES", 100_000)
    assert code_of(ask, "flood") == "too_large"
    assert ask("plain words") == "plain words"


def test_endless_recursion_is_a_document_too_deep(ask):
    assert code_of(ask, "recurse") == "too_large"


def test_the_next_document_is_read_after_each_of_these(ask):
    for order in ("crash", "hoard", "raise"):
        code_of(ask, order)
        assert ask("plain words") == "plain words"


def test_the_child_reaches_no_network(ask):
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert ask(f"connect {server.getsockname()[1]}").endswith("Error")


def test_the_child_writes_no_file(ask, tmp_path):
    target = tmp_path / "written"
    assert ask(f"write {target}").endswith("Error")
    assert not target.exists() or target.read_text() == ""


def test_the_child_opens_no_file_but_its_own_and_pythons(ask, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("the other document")
    assert ask(f"read {secret}") == "PermissionError"
    assert ask(f"read {Path(__file__).parents[2] / 'manage.py'}") == "PermissionError"
    assert ask("read /etc/passwd") == "PermissionError"
    assert ask("codec cp1257") == "ä", "a codec is loaded when it is needed"


def test_the_child_changes_no_file_and_starts_nothing(ask, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("kept")
    assert ask(f"remove {kept}") == "PermissionError"
    assert kept.read_text() == "kept"
    assert ask("start") == "PermissionError"
    assert ask("socket") == "PermissionError"


def test_the_child_has_no_descriptors_and_no_secrets_but_its_own(ask, monkeypatch):
    monkeypatch.setenv("LLM_API_KEY", "secret")
    assert len(ask("descriptors").split()) == 5, "the standard three, the file and the result"
    assert "LLM_API_KEY" not in ask("environment")


def test_many_threads_share_one_helper(sandbox, tmp_path):
    def one(number):
        path = tmp_path / f"file-{number}"
        path.write_text(f"document {number} " * 2000)
        return sandbox.parse(path, "a.txt").text.startswith(f"document {number} ")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(40)))


def test_a_small_document_costs_little(sandbox, tmp_path):
    path = tmp_path / "small"
    path.write_text("a few words")
    sandbox.parse(path, "a.txt")
    costs = []
    for _ in range(20):
        begin = time.perf_counter()
        sandbox.parse(path, "a.txt")
        costs.append(time.perf_counter() - begin)
    assert sorted(costs)[len(costs) // 2] < 0.5, "about 0.01 on an idle machine; bound loosely, for a busy one"


def test_a_helper_that_died_is_replaced(ask, sandbox):
    assert ask("one") == "one"
    helper = helper_of(sandbox)
    helper.kill()
    helper.wait(5)
    assert ask("two") == "two"


def test_closing_stops_the_helper_and_its_children(tmp_path):
    sandbox = ParsingSandbox(parser="tests.rag.hostile_parsers:misbehave")
    path = tmp_path / "order"
    path.write_text("sleep")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(code_of, sandbox.parse, path, "a.txt", 60.0)
        deadline = time.monotonic() + 20
        children = []
        while not children and time.monotonic() < deadline:
            time.sleep(0.05)
            children = [child for child in our_helpers() for child in child.children()]
        sandbox.close()
        assert waiting.result(timeout=20) in ("parse_crashed", "parse_timeout")
    assert children
    assert psutil.wait_procs(children, timeout=5)[1] == []


def test_a_forked_process_whose_parent_is_gone_before_it_asks_ends_at_once():
    code = (
        "import os; from rag.parsing.confinement import end_with; end_with(os.getppid()); print('lives', flush=True); "
        "end_with(os.getpid()); print('lives on', flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, "lives\n")


def test_the_helper_ends_when_its_parent_is_killed():
    script = (
        "import time, pathlib, tempfile\n"
        "from rag.parsing.sandbox import ParsingSandbox\n"
        "path = pathlib.Path(tempfile.mkdtemp()) / 'a'\n"
        "path.write_text('words')\n"
        "ParsingSandbox().parse(path, 'a.txt')\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", script], cwd=root, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        helpers = psutil.Process(parent.pid).children()
        assert len(helpers) == 1
        parent.send_signal(signal.SIGKILL)
        assert psutil.wait_procs(helpers, timeout=10)[1] == []


FORKING = """
import multiprocessing, os, sys
from pathlib import Path
from rag.parsing.sandbox import ParsingSandbox

sandbox, path = ParsingSandbox(), Path(sys.argv[1])
assert sandbox.parse(path, "a.txt").text == "child"

def in_child():
    assert sandbox.parse(path, "a.txt").text == "child"
    sandbox.close()
    os._exit(7)

child = multiprocessing.get_context("fork").Process(target=in_child, daemon=True)
child.start()
child.join(20)
assert child.exitcode == 7, child.exitcode
assert sandbox.parse(path, "a.txt").text == "child"
sandbox.close()
"""


def test_a_forked_child_starts_a_helper_of_its_own(tmp_path):
    # In a process of its own: one that runs tests has threads, whose locks a fork would copy in any state.
    path = tmp_path / "stored"
    path.write_text("child")
    subprocess.run([sys.executable, "-c", FORKING, str(path)], check=True, timeout=60, cwd=ROOT)


def test_what_arrives_is_checked(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(make_pdf([PdfPage(lines(["Opening hours."]))]))
    document = parse(path, "a.pdf")
    packed = pack_document(document)
    assert unpack(packed) == document
    for cut in (0, 5, 30, len(packed) - 1):
        with pytest.raises(WireError):
            unpack(packed[:cut])
    for change in (
        (b'"pdf"', b'"exe"'),
        (b'"blocks":1', b'"blocks":9'),
        (b"Opening", b"Ope\\u0000"),
        (b"612.0", b"1e999"),
    ):
        with pytest.raises(WireError):
            unpack(resized(packed.replace(*change)))


def test_an_unknown_error_code_is_not_passed_on():
    with pytest.raises(WireError):
        unpack(pack_error(ParsingError("made_up", "x")))


def resized(packed):
    """The packet with its header's length made right again."""
    end = packed.index(b"}") + 1
    return (end - 8).to_bytes(8, "big") + packed[8:]


def our_helpers():
    return [child for child in psutil.Process().children() if "rag.parsing.sandbox_server" in child.cmdline()]


def helper_of(sandbox):
    # The newest of this process: the fixture's, or its replacement.
    return max(our_helpers(), key=lambda child: child.create_time())
