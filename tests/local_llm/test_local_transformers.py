"""The answerer that runs a model in this process, with a tiny random one: what it writes is noise, how is not."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from rag.errors import GenerationError
from rag.generation import AnswerPart, AnswerRequest, PromptPassage, PromptReady, Refusal, TextDelta, Turn
from rag.generation.local_transformers import TransformersAnswerer, _encoded, _load
from rag.prompts import REFUSAL_SENTENCE, build_prompt
from tests.local_llm.conftest import NO_SYSTEM_TEMPLATE, make_model

PASSAGES = (PromptPassage(1, "The fee is 5 EUR. 😀 شكرا", "Fees", "f.md", "", None, 1.0),)


def request(passages: tuple[PromptPassage, ...] = PASSAGES, question: str = "What is the fee?") -> AnswerRequest:
    return AnswerRequest(question, "You help.", passages, (Turn("user", "Hi"), Turn("assistant", "Hello")), 0.5)


async def collect(source: TransformersAnswerer, asked: AnswerRequest) -> list[AnswerPart]:
    return [part async for part in source.answer(asked)]


def running() -> int:
    return sum(thread.name == "local-llm" for thread in threading.enumerate())


async def none_running() -> bool:
    for _ in range(500):
        if not running():
            return True
        await asyncio.sleep(0.01)
    return False


async def test_streams_text_in_several_pieces(model: str) -> None:
    parts = await collect(TransformersAnswerer(model, max_new_tokens=60), request())
    assert isinstance(parts[0], PromptReady)
    assert "{{passage 1}}" in parts[0].messages[-1].content
    assert len([part for part in parts if isinstance(part, TextDelta)]) > 3


async def test_the_same_question_gets_the_same_answer(model: str) -> None:
    source = TransformersAnswerer(model, max_new_tokens=30)
    assert await collect(source, request()) == await collect(source, request())


async def test_refuses_without_passages_and_without_the_model() -> None:
    parts = await collect(TransformersAnswerer("/no/such/model"), request(()))
    assert parts == [Refusal(), TextDelta(REFUSAL_SENTENCE)]


async def test_closing_the_answer_stops_the_model(model: str) -> None:
    stream = TransformersAnswerer(model, max_new_tokens=3_000).answer(request())
    async for part in stream:
        if isinstance(part, TextDelta):
            break
    started = time.monotonic()
    await stream.aclose()
    assert await none_running()
    assert time.monotonic() - started < 2


async def test_cancelling_the_task_stops_the_model(model: str) -> None:
    task = asyncio.create_task(collect(TransformersAnswerer(model, max_new_tokens=3_000), request()))
    while not running():
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await none_running()


async def test_two_questions_at_once_are_both_answered(model: str) -> None:
    source = TransformersAnswerer(model, max_new_tokens=30)
    first, second = await asyncio.gather(collect(source, request()), collect(source, request()))
    assert first == second


async def test_a_directory_without_a_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(GenerationError, match="cannot be loaded") as caught:
        await collect(TransformersAnswerer(str(tmp_path)), request())
    assert (caught.value.code, caught.value.retryable) == ("llm_unavailable", False)


async def test_a_failing_model_is_reported_not_waited_for(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = _load(model)

    def broken(**_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(loaded.model, "generate", broken)
    with pytest.raises(GenerationError, match="failed while it wrote"):
        await collect(TransformersAnswerer(model), request())


async def test_passages_are_cut_to_the_window(tmp_path: Path) -> None:
    small = str(make_model(tmp_path, positions=2048))
    long = tuple(PromptPassage(n, "word " * 150, "T", "t", "", None, 1.0) for n in range(1, 9))
    parts = await collect(TransformersAnswerer(small, max_new_tokens=20), request(long))
    ready = parts[0]
    assert isinstance(ready, PromptReady)
    assert 1 <= ready.messages[-1].content.count("{{passage") < 8


async def test_a_window_too_small_for_anything_says_so(tmp_path: Path) -> None:
    tiny = str(make_model(tmp_path, positions=128))
    with pytest.raises(GenerationError, match="longer than the local model can read"):
        await collect(TransformersAnswerer(tiny, max_new_tokens=20), request())


def test_a_template_without_system_role_gets_its_text_with_the_first_message(tmp_path: Path) -> None:
    loaded = _load(str(make_model(tmp_path, NO_SYSTEM_TEMPLATE)))
    shown = loaded.tokenizer.decode(_encoded(loaded, build_prompt(request()).messages)["input_ids"][0])
    assert shown.startswith("<|user|>You help.")
    assert shown.endswith("<|assistant|>")


def test_a_model_without_template_gets_labelled_text(tmp_path: Path) -> None:
    loaded = _load(str(make_model(tmp_path, None)))
    shown = loaded.tokenizer.decode(_encoded(loaded, build_prompt(request()).messages)["input_ids"][0])
    assert shown.startswith("System: You help.")
    assert shown.endswith("Assistant:")


async def test_check_gives_the_time_to_the_first_token(model: str) -> None:
    assert 0 < await TransformersAnswerer(model).check() < 30
