"""What could be asked next, from the passages of an answer. Blocking.

Worked out when it is asked for and kept nowhere: a question holds words of a document, which must go when the document
goes, and is only for those who may see it today.
"""

from accounts.models import User
from chat.answering.pipeline import prompt_passage
from chat.models import Message, Role, Status
from documents.retrieval import Span, read_again
from rag.embeddings import shipped_embedder
from rag.generation.extractive import DEFAULT_THRESHOLD, ExtractiveAnswerer
from rag.remembering import RememberingEmbedder
from rag.suggesting import suggest

EARLIER = 40
"""Messages before the answer whose questions are not suggested again."""


def spans_of(answer: Message) -> list[Span]:
    """The passages of an answer as they can be read again, best first."""
    return [
        Span(row.chunk_id, row.version_id, row.source_start, row.source_end, row.edited,
             row.score, row.dense_score or 0.0, row.keyword_score or 0.0)
        for row in answer.passages.all()
    ]  # fmt: skip


def suggestions_after(answer: Message, user: User) -> list[str]:
    """Up to three questions that the passages answer which the answer read and did not cite; none after a refusal."""
    if answer.status != Status.COMPLETE or answer.conversation is None:
        return []
    rows = list(answer.passages.all())
    cited_ranks = set(answer.citations.values_list("passage_rank", flat=True))
    found = [
        (row.rank, passage) for row, passage in zip(rows, read_again(user, spans_of(answer)), strict=True) if passage
    ]
    passages = [prompt_passage(number, passage) for number, (_rank, passage) in enumerate(found, start=1)]
    cited = {number for number, (rank, _passage) in enumerate(found, start=1) if rank in cited_ranks}
    if len(cited) == len(passages):
        return []
    before = answer.conversation.messages.path_to(answer.pk, EARLIER)
    answerer = ExtractiveAnswerer(RememberingEmbedder(shipped_embedder()))

    def answered_by(question: str) -> int | None:
        choice = answerer.choose(question, passages)
        return choice.quotes[0].passage if choice.quotes and choice.probability >= DEFAULT_THRESHOLD else None

    asked = [row.text for row in before if row.role == Role.USER]
    return [each.question for each in suggest(passages, cited, asked, answered_by)]
