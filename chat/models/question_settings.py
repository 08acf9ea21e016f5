"""How a question is understood, and how much is searched and read for it."""

from dataclasses import dataclass

MIN_PASSAGE_TOKENS = 200
MAX_PASSAGE_TOKENS = 100_000
MOST_STEPS = 5
"""Searches of one answer, whatever its assistant says."""


@dataclass(frozen=True, slots=True)
class QuestionSettings:
    """What a version holds of it, by the names of its fields.

    ``rewrite``: a language model writes what to search for where a question follows others or is several in one.
    ``said_filters``: what a question says of its documents ("from HR", "of 2023") narrows the search to them.
    ``max_steps``: how often it is searched before the answer, with a language model; 1 to ``MOST_STEPS``.
    ``passage_tokens``: how long the passages are together that an answer reads, in the embedder's tokens; fifty
    chunks have about ten thousand.
    """

    rewrite: bool = True
    said_filters: bool = True
    max_steps: int = 1
    passage_tokens: int = 6_000


DEFAULT_QUESTION = QuestionSettings()
