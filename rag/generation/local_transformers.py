"""Answers with a model that runs in this process through transformers: a local directory or a hub id.

torch and transformers are an extra (requirements-local-llm.txt) and imported only when a model is first used.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rag.errors import GenerationError
from rag.errors import marked as _
from rag.generation import AnswerPart, AnswerRequest, PromptMessage, PromptReady, failures
from rag.generation.reading import AnswerReader, refuse
from rag.prompts import PromptBudget, build_prompt

if TYPE_CHECKING:
    from types import ModuleType

_log = logging.getLogger(__name__)

_LOAD_S = 1_800.0  # a hub id may have to be downloaded
_TURN_S = 600.0  # how long an answer waits for the one before it: a model answers one question at a time
_TOKEN_S = 120.0
_WIDEST_WINDOW = 8_192  # tokens; beyond that a CPU reads for minutes
_RULES_TOKENS = 400


@dataclass(slots=True)
class _Loaded:
    model: Any
    tokenizer: Any
    window: int
    turn: threading.Lock = field(default_factory=threading.Lock)


_loaded: dict[str, _Loaded] = {}
_loading = threading.Lock()


class TransformersAnswerer:
    """Answers with ``model``: a directory with a causal language model, or its id on the hub.

    Weights are read from safetensors only and no code of the model is run. ``max_new_tokens`` bounds the answer.
    """

    def __init__(self, model: str, *, max_new_tokens: int = 512) -> None:
        self._name = model
        self._max_new_tokens = max_new_tokens

    async def answer(self, request: AnswerRequest) -> AsyncGenerator[AnswerPart]:
        """Yield the parts of the answer as the model writes it; closing the iterator stops the model.

        Raises GenerationError: "llm_not_installed" without torch, "llm_unavailable" when the model cannot be loaded
        or fails, "llm_timeout".
        """
        if not request.passages:
            for part in refuse():
                yield part
            return
        loaded = await self._ready()
        prompt = build_prompt(request, _budget(loaded, self._max_new_tokens))
        yield PromptReady(prompt.traced)
        inputs = await asyncio.to_thread(_encoded, loaded, prompt.messages)
        if inputs["input_ids"].shape[1] + 16 > loaded.window:
            raise failures.too_long_to_read()
        reader = AnswerReader(prompt.passages, request.beginning)
        run = _Run(loaded, inputs, self._max_new_tokens)
        run.start()
        try:
            while (text := await asyncio.to_thread(run.next_text)) is not None:
                for part in reader.feed(text):
                    yield part
        except GenerationError:
            for part in reader.rest():
                yield part
            raise
        finally:
            run.stop()
        for part in reader.finish():
            yield part

    async def write(self, messages: Sequence[PromptMessage], most_characters: int) -> str:
        """What the model says to ``messages``; it is stopped after ``most_characters``. Raises GenerationError."""
        loaded = await self._ready()
        inputs = await asyncio.to_thread(_encoded, loaded, messages)
        if inputs["input_ids"].shape[1] + 16 > loaded.window:
            raise failures.too_long_to_read()
        run = _Run(loaded, inputs, min(self._max_new_tokens, most_characters // 2))
        run.start()
        written = ""
        try:
            while len(written) < most_characters and (text := await asyncio.to_thread(run.next_text)) is not None:
                written += text
        finally:
            run.stop()
        return written[:most_characters]

    async def check(self) -> float:
        """Seconds to the first text of a tiny answer, loading not counted. Raises GenerationError."""
        loaded = await self._ready()
        inputs = await asyncio.to_thread(_encoded, loaded, (PromptMessage("user", "Reply with the word ok."),))
        run = _Run(loaded, inputs, 4)
        started = asyncio.get_running_loop().time()
        run.start()
        try:
            await asyncio.to_thread(run.next_text)
        finally:
            run.stop()
        return asyncio.get_running_loop().time() - started

    async def _ready(self) -> _Loaded:
        try:
            async with asyncio.timeout(_LOAD_S):
                return await asyncio.to_thread(_load, self._name)
        except TimeoutError as error:
            raise failures.timed_out() from error


def _libraries() -> "tuple[ModuleType, ModuleType]":
    try:
        import torch
        import transformers
    except ImportError as error:
        raise failures.not_installed() from error
    return torch, transformers


def _load(name: str) -> _Loaded:
    """The model, loaded once per process. Raises GenerationError."""
    torch, transformers = _libraries()
    with _loading:
        if name in _loaded:
            return _loaded[name]
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(name, trust_remote_code=False)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                name, trust_remote_code=False, use_safetensors=True, dtype="auto"
            )
        except Exception as error:
            _log.exception("The local model %s cannot be loaded", name)
            raise GenerationError(
                "llm_unavailable",
                _(
                    "The local model “%(name)s” cannot be loaded. Check that it is a directory with a causal "
                    "language model in safetensors, or the id of one on the hub."
                )
                % {"name": name},
                retryable=False,
            ) from error
        model.eval()
        if torch.cuda.is_available():
            model = model.to("cuda")
        positions = getattr(model.config, "max_position_embeddings", None) or _WIDEST_WINDOW
        _loaded[name] = _Loaded(model, tokenizer, min(int(positions), _WIDEST_WINDOW))
        return _loaded[name]


def _budget(loaded: _Loaded, max_new_tokens: int) -> PromptBudget:
    """Shares of the model's window, counted in its own tokens."""
    room = max(96, loaded.window - max_new_tokens - _RULES_TOKENS)

    def measure(text: str) -> int:
        return len(loaded.tokenizer(text, add_special_tokens=False)["input_ids"])

    return PromptBudget(passages=room * 6 // 10, history=room * 2 // 10, question=room * 2 // 10, measure=measure)


def _encoded(loaded: _Loaded, messages: Sequence[PromptMessage]) -> Any:
    """The messages as the model was trained to read them; as plain labelled text where it has no chat template."""
    tokenizer = loaded.tokenizer
    if not tokenizer.chat_template:
        labelled = "\n\n".join(f"{message.role.capitalize()}: {message.content}" for message in messages)
        return tokenizer(f"{labelled}\n\nAssistant:", return_tensors="pt").to(loaded.model.device)
    wire = [{"role": message.role, "content": message.content} for message in messages]
    options: dict[str, Any] = {"add_generation_prompt": True, "return_tensors": "pt", "return_dict": True}
    try:
        encoded = tokenizer.apply_chat_template(wire, **options)
    except Exception as error:
        # Some templates know no system role and raise: its text then opens the first message.
        if not type(error).__module__.startswith("jinja2") or len(wire) < 2 or wire[0]["role"] != "system":
            raise
        first = {"role": "user", "content": f"{wire[0]['content']}\n\n{wire[1]['content']}"}
        encoded = tokenizer.apply_chat_template([first, *wire[2:]], **options)
    return encoded.to(loaded.model.device)


class _Run:
    """One generation in a thread of its own, read piece by piece, stopped at the next token when asked to."""

    def __init__(self, loaded: _Loaded, inputs: Any, max_new_tokens: int) -> None:
        torch, transformers = _libraries()
        self._loaded = loaded
        self._inputs = inputs
        self._max_new_tokens = max_new_tokens
        self._error: Exception | None = None
        self._stopped = threading.Event()
        self._streamer = transformers.TextIteratorStreamer(
            loaded.tokenizer, skip_prompt=True, timeout=_TOKEN_S, skip_special_tokens=True
        )
        self._texts: Iterator[str] = iter(self._streamer)
        stopped = self._stopped

        class Stop(transformers.StoppingCriteria):  # type: ignore[name-defined,misc]
            def __call__(self, input_ids: Any, scores: Any, **_other: Any) -> Any:
                return torch.full((input_ids.shape[0],), stopped.is_set(), device=input_ids.device)

        self._criteria = transformers.StoppingCriteriaList([Stop()])
        self._thread = threading.Thread(target=self._generate, name="local-llm", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the model to stop; it does at its next token."""
        self._stopped.set()

    def next_text(self) -> str | None:
        """The next piece, or None at the end. Blocks; raises GenerationError."""
        try:
            text = next(self._texts, None)
        except queue.Empty as error:
            raise failures.timed_out() from error
        if text is None and self._error is not None:
            _log.error("The local model failed", exc_info=self._error)
            raise failures.local_failed() from self._error
        return text

    def _generate(self) -> None:
        tokenizer = self._loaded.tokenizer
        padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        if not self._loaded.turn.acquire(timeout=_TURN_S):
            self._streamer.end()
            return
        try:
            if self._stopped.is_set():
                self._streamer.end()
            else:
                self._loaded.model.generate(
                    **self._inputs,
                    streamer=self._streamer,
                    stopping_criteria=self._criteria,
                    max_new_tokens=self._max_new_tokens,
                    do_sample=False,
                    pad_token_id=padding,
                )
        except Exception as error:
            # Whatever torch raises must reach the reader, not die with the thread.
            self._error = error
            self._streamer.end()
        finally:
            self._loaded.turn.release()
