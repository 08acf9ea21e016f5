"""Answers of one model share a client; connections that are not good any more cost no answer."""

import asyncio
import contextlib

import pytest

from rag.generation import clients
from rag.generation.clients import IDLE, Server, client_of
from rag.generation.openai_compatible import OpenAIAnswerer
from rag.outbound import OutboundLimits
from tests.fakes.llm import FakeLLM
from tests.rag.test_generation_openai import LOCAL, answerer, collect, request


def server(number: int) -> Server:
    return Server("http://127.0.0.1:9/v1", f"key-{number}", LOCAL, OutboundLimits(), connect_s=1.0, silence_s=1.0)


async def test_a_server_that_closes_each_connection_after_its_answer_is_asked_again_and_again() -> None:
    async with FakeLLM() as llm:
        for _ in range(5):
            _parts, error = await collect(answerer(llm), request())
            assert error is None
        assert len(llm.requests) == 5


async def test_answers_at_the_same_time_share_a_client_and_not_a_key() -> None:
    async with client_of(server(1)) as one, client_of(server(1)) as same, client_of(server(2)) as other:
        assert one is same
        assert one is not other
        assert [each.headers["authorization"] for each in (one, other)] == ["Bearer key-1", "Bearer key-2"]
    async with client_of(server(1)) as later:
        assert later is one


async def test_only_a_few_clients_stay_that_nobody_uses_and_none_in_use_is_closed() -> None:
    async with client_of(server(0)) as used:
        for number in range(1, IDLE + 5):
            async with client_of(server(number)):
                pass
        assert not used.is_closed
        kept = clients._shared[asyncio.get_running_loop()]
        assert len(kept) == IDLE + 1
        assert server(1) not in kept


@pytest.mark.parametrize(("ends", "connections"), [(True, 1), (False, 2)])
async def test_a_connection_is_used_again_when_the_answer_on_it_has_ended(ends: bool, connections: int) -> None:
    accepted = 0

    async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for data in (b'{"choices": [{"delta": {"content": "Five."}, "finish_reason": "stop"}]}', b"[DONE]"):
                    event = b"data: " + data + b"\n\n"
                    writer.write(b"%x\r\n%s\r\n" % (len(event), event))
                if ends:
                    writer.write(b"0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer_all, "127.0.0.1") as listening:
        port = listening.sockets[0].getsockname()[1]
        asked = OpenAIAnswerer(f"http://127.0.0.1:{port}/v1", "", "fake", LOCAL)
        for _ in range(2):
            async with asyncio.timeout(5):
                _parts, error = await collect(asked, request())
            assert error is None
        assert accepted == connections
        await next(iter(clients._shared[asyncio.get_running_loop()].values())).client.aclose()


async def test_many_answers_at_once_have_a_connection_each() -> None:
    async with FakeLLM(first_token_delay_s=0.2) as llm:
        many = OpenAIAnswerer(llm.base_url, "sk-test", "fake", LOCAL)
        ended = await asyncio.gather(*(collect(many, request()) for _ in range(30)))
    assert [error for _parts, error in ended] == [None] * 30


def test_a_key_does_not_show() -> None:
    assert "key-7" not in repr(server(7))
