"""Server-sent events: bytes in, data out, however they are cut."""

import pytest

from rag.errors import GenerationError
from rag.generation import chat_protocol
from rag.generation.chat_protocol import Lines


def data_of(*chunks: bytes) -> list[bytes]:
    lines = Lines()
    return [data for chunk in chunks for data in lines.feed(chunk)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_events_are_the_same_however_the_bytes_are_cut(size: int, end: bytes) -> None:
    lines = [b'data: {"a": 1}', b"", b"data:two", b"", b": a comment", b"event: x", b"data: [DONE]", b"", b""]
    stream = end.join(lines)
    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert data_of(*chunks) == [b'{"a": 1}', b"two", b"[DONE]"]


def test_data_of_several_lines_is_one_event() -> None:
    assert data_of(b'data: {"a":\ndata: 1}\n\n') == [b'{"a":\n1}']


def test_a_line_separator_inside_the_text_ends_nothing() -> None:
    assert data_of('data: "a\u2028b\x85c"\n\n'.encode()) == ['"a\u2028b\x85c"'.encode()]


def test_an_event_that_does_not_end_is_no_event() -> None:
    assert data_of(b'data: {"a": 1}\n') == []
    assert data_of(b'data: {"a": 1}') == []


def test_an_event_without_data_says_nothing() -> None:
    assert data_of(b"data:\n\ndata: 1\n\n") == [b"1"]


def test_a_line_without_end_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_protocol, "_LONGEST_EVENT", 1_000)
    with pytest.raises(GenerationError, match="llm_malformed"):
        data_of(b"data: " + b"x" * 600, b"x" * 600)
