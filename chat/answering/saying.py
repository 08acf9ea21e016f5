"""From a question to the filters that it says, as far as they leave documents that the asker may see. Blocking."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from accounts.models import User
from chat.events import FilterPayload
from chat.events.filters import filter_payload
from documents.retrieval import Filter, RetrievalStep, Within, any_left, known_names
from rag.said_filters import Known, Named, SaidFilter, may_name, said_filters, without

STEP = "said_filters"


@dataclass(frozen=True, slots=True)
class Said:
    """``text`` is the question to search by, without the words of ``filters`` and of those that were taken away.

    ``payloads`` tell of all filters that it says, ``step`` how they were found: None where it says none.
    """

    text: str
    filters: tuple[Filter, ...] = ()
    payloads: tuple[FilterPayload, ...] = ()
    step: RetrievalStep | None = None


def may_say_filters(text: str) -> bool:
    """Whether ``said_in`` could find anything in this question; asks no database."""
    named = may_name(text)
    return named != Named() or bool(said_filters(text, Known({})))


def said_in(
    text: str,
    user: User,
    sources: Sequence[UUID] | None,
    taken_away: Collection[str],
    *,
    within: Within | None = None,
    attached: UUID | None = None,
) -> Said:
    """The filters that a question says, but for those whose keys were ``taken_away``.

    One by one they are left out where no document is left, so that no guess ends the search. Costs no statement for a
    question that says nothing of documents, else up to three for names and one for each filter.
    """
    started = time.perf_counter()
    found = said_filters(text, known_names(user, text, may_name(text), sources))
    if not found:
        return Said(text)
    used: list[SaidFilter] = []
    for each in found:
        if each.key in taken_away:
            continue
        if any_left(user, sources, _filters([*used, each]), within=within, attached=attached):
            used.append(each)
    told = [each for each in found if each.key not in taken_away]
    payloads = tuple(_payload(text, each, used=each in used) for each in told)
    output = {"filters": [each.model_dump(mode="json") for each in payloads]}
    asked = {"question": text, **({"taken_away": sorted(taken_away)} if taken_away else {})}
    ms = round((time.perf_counter() - started) * 1000, 1)
    # What was taken away is said of documents all the same; what leaves none may be the matter of the question.
    rest = without(text, [each for each in found if each in used or each.key in taken_away])
    return Said(rest, tuple(_filters(used)), payloads, RetrievalStep(STEP, ms, asked, output))


def unsaid(said: Said, text: str) -> Said:
    """The same question with no filter: with those it says, nothing was found to read."""
    payloads = tuple(each.model_copy(update={"used": False}) for each in said.payloads)
    output = {"filters": [each.model_dump(mode="json") for each in payloads]}
    return replace(
        said,
        text=text,
        filters=(),
        payloads=payloads,
        step=RetrievalStep(STEP, 0.0, {"question": text, "passages": 0}, output),
    )


def _filters(said: Sequence[SaidFilter]) -> list[Filter]:
    return [Filter(each.field, each.operator, each.value) for each in said]


def _payload(text: str, each: SaidFilter, *, used: bool) -> FilterPayload:
    return filter_payload(
        {
            "key": each.key,
            "field": each.field,
            "operator": each.operator,
            "values": [each.value] if isinstance(each.value, str) else list(each.value),
            "said": " ".join(text[each.start : each.end].split()),
            "used": used,
        }
    )
