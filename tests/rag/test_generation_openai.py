"""The answerer for OpenAI-compatible servers, against a server on a real socket."""

import asyncio
import contextlib
import subprocess
import sys

import pytest

from rag.errors import GenerationError
from rag.generation import AnswerPart, AnswerRequest, CitationMade, PromptPassage, PromptReady, Refusal, TextDelta, Turn
from rag.generation.openai_compatible import ModelTimeouts, OpenAIAnswerer
from rag.outbound import OutboundPolicy
from rag.prompts import REFUSAL_SENTENCE
from tests.fakes.llm import Failure, FakeLLM, refused_url

LOCAL = OutboundPolicy(allow=("127.0.0.1",))
QUICK = ModelTimeouts(connect=1.0, first_token=0.4, between_tokens=0.3, total=20.0)
PASSAGES = (
    PromptPassage(1, "Trains are booked by the office. The fee is 5 EUR a day.", "Travel", "t.md", "Trains", None, 0.9),
    PromptPassage(2, "Dogs may come on Fridays. Cats may not.", "Animals", "a.md", "", 3, 0.8),
)


def request(question: str = "What is the fee?", passages: tuple[PromptPassage, ...] = PASSAGES) -> AnswerRequest:
    return AnswerRequest(question, "You help.", passages, (Turn("user", "Hello"), Turn("assistant", "Hi.")), 0.5)


def answerer(llm: FakeLLM, timeouts: ModelTimeouts = QUICK) -> OpenAIAnswerer:
    return OpenAIAnswerer(llm.base_url, "sk-test", "fake", LOCAL, timeouts=timeouts)


async def collect(source: OpenAIAnswerer, asked: AnswerRequest) -> tuple[list[AnswerPart], GenerationError | None]:
    parts: list[AnswerPart] = []
    try:
        async for part in source.answer(asked):
            parts.append(part)  # noqa: PERF401 - what came before a failure must stay
    except GenerationError as error:
        return parts, error
    return parts, None


def text_of(parts: list[AnswerPart]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextDelta))


async def test_streams_text_without_marks_and_cites_the_passage() -> None:
    async with FakeLLM(reply="The fee is 5 EUR [1]. Dogs may come on Fridays [2].") as llm:
        parts, error = await collect(answerer(llm), request())
    assert error is None
    text = text_of(parts)
    assert text == "The fee is 5 EUR. Dogs may come on Fridays."
    cited = [part for part in parts if isinstance(part, CitationMade)]
    assert [(text[c.start : c.end], c.passage_number) for c in cited] == [
        ("The fee is 5 EUR.", 1),
        ("Dogs may come on Fridays.", 2),
    ]
    assert PASSAGES[0].text[cited[0].source_start : cited[0].source_end] == "The fee is 5 EUR a day."
    assert PASSAGES[1].text[cited[1].source_start : cited[1].source_end] == "Dogs may come on Fridays."


async def test_sends_model_key_passages_history_and_question() -> None:
    async with FakeLLM() as llm:
        parts, _ = await collect(answerer(llm), request())
        sent = llm.requests[0]
    assert sent.headers["authorization"] == "Bearer sk-test"
    assert sent.body["model"] == "fake"
    assert sent.body["stream"] is True
    assert [message["role"] for message in sent.body["messages"]] == ["system", "user", "assistant", "user"]
    assert "The fee is 5 EUR a day." in sent.body["messages"][-1]["content"]
    assert sent.body["messages"][-1]["content"].endswith("Question: What is the fee?")
    ready = parts[0]
    assert isinstance(ready, PromptReady)
    assert "{{passage 1}}" in ready.messages[-1].content
    assert "5 EUR" not in ready.messages[-1].content


async def test_the_first_words_arrive_before_the_last_are_written() -> None:
    async with FakeLLM(reply="The fee is five " + "and more " * 50, tokens_per_second=20) as llm:
        stream = answerer(llm, ModelTimeouts()).answer(request())
        async with contextlib.aclosing(stream):
            async for part in stream:
                if isinstance(part, TextDelta):
                    break
        assert llm.tokens_sent < 10


async def test_refuses_without_asking_the_model_when_there_are_no_passages() -> None:
    async with FakeLLM() as llm:
        parts, error = await collect(answerer(llm), request(passages=()))
        assert llm.requests == []
    assert error is None
    assert parts == [Refusal(), TextDelta(REFUSAL_SENTENCE)]


@pytest.mark.parametrize(
    "reply",
    [
        REFUSAL_SENTENCE,
        f"  {REFUSAL_SENTENCE}\n",
        f'"{REFUSAL_SENTENCE}"',
        "The documents don't answer this",
        "Sorry, but the documents do not answer this question.",
        "**The documents do not answer this.**",
        f"<think>Passage 1 is about trains [1].</think>\n\n{REFUSAL_SENTENCE}",
        "Die Dokumente beantworten diese Frage nicht.",
        "Leider enthalten die Textstellen keine Antwort auf Ihre Frage.",
        "عذرًا، لا تجيب المستندات عن هذا السؤال.",
    ],
)
async def test_the_refusal_sentence_is_a_refusal_and_not_an_answer(reply: str) -> None:
    async with FakeLLM(reply=reply) as llm:
        parts, error = await collect(answerer(llm), request())
    assert error is None
    assert parts[1:] == [Refusal(), TextDelta(REFUSAL_SENTENCE)]


@pytest.mark.parametrize(
    "reply",
    [
        "The documents do not answer this, but the fee is 5 EUR [1].",
        "The documents do not answer this [1].",
        "The documents say: 5 EUR.",
        "Die Dokumente beantworten diese Frage nicht ganz, nennen aber 5 EUR [1].",
    ],
)
async def test_an_answer_that_only_begins_like_a_refusal_is_an_answer(reply: str) -> None:
    async with FakeLLM(reply=reply) as llm:
        parts, error = await collect(answerer(llm), request())
    assert error is None
    assert not any(isinstance(part, Refusal) for part in parts)
    assert text_of(parts) == reply.replace(" [1]", "")


async def test_thinking_at_the_start_is_not_part_of_the_answer() -> None:
    async with FakeLLM(reply="<think>\nHmm, passage 1 [1].\n</think>\n\nThe fee is 5 EUR [1].") as llm:
        parts, _ = await collect(answerer(llm), request())
    assert text_of(parts) == "The fee is 5 EUR."


@pytest.mark.parametrize(
    ("failure", "code", "retryable"),
    [
        ("unauthorized", "llm_unauthorized", False),
        ("forbidden", "llm_unauthorized", False),
        ("not_found", "llm_unavailable", False),
        ("bad_request", "llm_unavailable", False),
        ("rate_limited", "llm_rate_limited", True),
        ("server_error", "llm_unavailable", True),
        ("overloaded", "llm_unavailable", True),
        ("redirect", "llm_unavailable", False),
        ("disconnect", "llm_unavailable", True),
        ("stall", "llm_timeout", True),
        ("html", "llm_malformed", True),
        ("empty", "llm_malformed", True),
        ("compressed", "llm_malformed", True),
        ("huge_chunk", "llm_malformed", False),
    ],
)
async def test_a_failure_before_the_answer_has_its_code_and_a_sentence(
    failure: Failure, code: str, retryable: bool
) -> None:
    async with FakeLLM(failure=failure) as llm:
        timeouts = QUICK if failure == "stall" else ModelTimeouts()
        parts, error = await collect(answerer(llm, timeouts), request())
        assert len(llm.requests) == 1
    assert text_of(parts) == ""
    assert error is not None
    assert (error.code, error.retryable) == (code, retryable)
    assert error.message.endswith(".")
    assert "sk-" not in error.message


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        ("cut", "llm_interrupted"),
        ("no_finish", "llm_interrupted"),
        ("error_midstream", "llm_interrupted"),
        ("stall_midstream", "llm_timeout"),
        ("malformed", "llm_malformed"),
        ("wrong_shape", "llm_malformed"),
        ("not_utf8", "llm_malformed"),
    ],
)
async def test_a_failure_in_the_middle_keeps_what_came(failure: Failure, code: str) -> None:
    async with FakeLLM(reply="Five EUR [1]. And so on for long.", failure=failure, tokens_before_failure=4) as llm:
        parts, error = await collect(answerer(llm), request())
    assert error is not None
    assert error.code == code
    assert text_of(parts) == "Five EUR. And"
    assert any(isinstance(part, CitationMade) for part in parts)


async def test_a_beginning_of_the_refusal_is_shown_when_the_stream_breaks_there() -> None:
    async with FakeLLM(reply=REFUSAL_SENTENCE, failure="cut") as llm:
        parts, error = await collect(answerer(llm), request())
    assert error is not None
    assert text_of(parts) == "The documents do"


async def test_an_answer_without_end_is_stopped() -> None:
    async with FakeLLM(failure="endless") as llm:
        parts, error = await collect(answerer(llm, ModelTimeouts()), request())
        assert await left(llm)
    assert error is not None
    assert error.code == "llm_malformed"
    assert len(text_of(parts)) <= 100_000


async def test_a_server_that_is_not_there_refuses_the_connection() -> None:
    source = OpenAIAnswerer(refused_url(), "", "fake", LOCAL, timeouts=QUICK)
    _, error = await collect(source, request())
    assert error is not None
    assert error.code == "llm_refused_connection"


async def test_a_private_address_is_not_called_unless_allowed() -> None:
    async with FakeLLM() as llm:
        source = OpenAIAnswerer(llm.base_url, "", "fake", OutboundPolicy(), timeouts=QUICK)
        _, error = await collect(source, request())
        assert llm.requests == []
    assert error is not None
    assert (error.code, error.retryable) == ("llm_refused_connection", False)
    assert "OUTBOUND_ALLOW_PRIVATE" in error.message


async def left(llm: FakeLLM) -> bool:
    """Whether the server sees its client leave within two seconds."""
    for _ in range(200):
        if llm.disconnects:
            return True
        await asyncio.sleep(0.01)
    return False


async def test_closing_the_answer_closes_the_request() -> None:
    async with FakeLLM(reply="word " * 500, tokens_per_second=50) as llm:
        stream = answerer(llm, ModelTimeouts()).answer(request())
        async for part in stream:
            if isinstance(part, TextDelta):
                break
        await stream.aclose()
        assert await left(llm)
        assert llm.tokens_sent < 100


async def test_cancelling_the_task_closes_the_request() -> None:
    async with FakeLLM(failure="stall") as llm:
        task = asyncio.create_task(collect(answerer(llm, ModelTimeouts()), request()))
        while not llm.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await left(llm)


async def test_a_slow_reader_is_not_taken_for_a_slow_model() -> None:
    async with FakeLLM(reply="The fee is 5 EUR [1].") as llm:
        parts = []
        async for part in answerer(llm).answer(request()):
            parts.append(part)
            await asyncio.sleep(0.2)
    assert text_of(parts) == "The fee is 5 EUR."


async def test_emoji_cut_in_two_arrive_whole() -> None:
    async with FakeLLM() as llm:
        llm.reply = "Fine \ud83d" + " " + "\ude00 x [1]."
        parts, _ = await collect(answerer(llm), request())
        assert "\ufffd" in text_of(parts)
        llm.reply = "Fine 😀 é ع [1]."
        parts, _ = await collect(answerer(llm), request())
    text = text_of(parts)
    assert text == "Fine 😀 é ع."
    cited = next(part for part in parts if isinstance(part, CitationMade))
    assert text[cited.start : cited.end] == "Fine 😀 é ع."
    text.encode("utf-8")


async def test_a_key_with_any_letters_is_sent_and_refused_by_the_server() -> None:
    async with FakeLLM(failure="unauthorized") as llm:
        _, error = await collect(OpenAIAnswerer(llm.base_url, "schlüssel", "fake", LOCAL), request())
        assert len(llm.requests) == 1
    assert error is not None
    assert error.code == "llm_unauthorized"


async def test_check_gives_the_time_to_the_first_word() -> None:
    async with FakeLLM(first_token_delay_s=0.1) as llm:
        assert 0.1 <= await answerer(llm).check() < 5


async def test_check_says_what_is_wrong() -> None:
    async with FakeLLM(failure="unauthorized") as llm:
        with pytest.raises(GenerationError, match="llm_unauthorized"):
            await answerer(llm).check()


async def test_lists_the_models() -> None:
    async with FakeLLM(models=("b", "a")) as llm:
        assert await answerer(llm).list_models() == ["a", "b"]
        llm.failure = "html"
        with pytest.raises(GenerationError, match="llm_malformed"):
            await answerer(llm).list_models()


def test_importing_the_answerers_loads_neither_the_sdk_nor_torch() -> None:
    code = (
        "import sys, rag.generation, rag.generation.openai_compatible, rag.generation.reading;"
        "print(sorted({'openai', 'torch', 'transformers', 'django'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert shown.stdout.strip() == "[]"
