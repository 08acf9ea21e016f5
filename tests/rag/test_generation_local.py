"""The in-process model where its packages are missing; tests/local_llm runs it where they are there."""

import sys

import pytest

from rag.errors import GenerationError
from rag.generation import AnswerRequest, PromptPassage
from rag.generation.local_transformers import TransformersAnswerer


async def test_without_torch_it_names_the_file_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    asked = AnswerRequest("Q?", "", (PromptPassage(1, "Text.", "", "", "", None, 1.0),), (), 0.5)
    with pytest.raises(GenerationError, match=r"requirements-local-llm\.txt") as caught:
        async for _ in TransformersAnswerer("some/model").answer(asked):
            pass
    assert (caught.value.code, caught.value.retryable) == ("llm_not_installed", False)
