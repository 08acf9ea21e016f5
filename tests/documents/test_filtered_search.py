"""Filters leave exactly the documents that meet them, whoever asks and however is searched."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from documents.models import Document, DocumentVersion
from documents.retrieval import FUSIONS, MAX_FILTERS, Filter, SearchSettings, search, statement
from documents.retrieval.filters import period
from documents.services import Grants, document_share
from tests.documents.test_document_permissions import may_read
from tests.documents.test_retrieval import random_world

WORDS = ["alpha", "beta", "gamma", "delta"]
AUTHORS = ["Ada Lovelace", "ada lovelace", "Ärzte", "Max", ""]
TAGS = ["hr", "finance", "2023 report", "draft"]
DAYS = [datetime(2022, 12, 31, 23, 59, 59, tzinfo=UTC) + timedelta(seconds=n) for n in (0, 1, 2)]
DAYS += [datetime(2023, 5, 31, 12, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC)]
CUSTOM: dict[str, list[Any]] = {
    "cost": [1200, 1200.5, 3, "1200", "cheap"],
    "due": ["2023-05-31", "2024-02-29", "soon"],
    "done": [True, False],
}
ASKED: dict[str, list[str]] = {
    "author": ["ADA LOVELACE", "ärzte", "Max", "lovelace"],
    "kind": ["PDF", "markdown", "text"],
    "language": ["de", "EN", "fr"],
    "filename": ["document-1.md", "DOCUMENT-2", "md"],
    "title": ["Document 3", "document"],
    "tag": ["HR", "finance", " 2023  Report ", "none", "r"],
    "created": ["2022", "2023", "2023-05", "2023-05-31", "2024", "2024-02-29"],
    "modified": ["2022-12-31", "2023-01-01", "2023", "2025"],
    "date": ["2022-12-31", "2023", "2023-05", "2024"],
    "custom.cost": ["1200", "1200.50", "3", "cheap", "2023"],
    "custom.due": ["2023", "2023-05-31", "2024-02", "soon"],
    "custom.done": ["true", "False"],
    "custom.never": ["x"],
}
TEXT_OPERATORS = ["is", "is_not", "any_of", "none_of", "contains", "exists"]
DATE_OPERATORS = ["is", "is_not", "before", "after", "from", "until", "exists"]
ORDERS = ["before", "after", "from", "until"]


def random_filter(dice: random.Random, sources: list[Any]) -> Filter:
    field = dice.choice([*ASKED, "source"])
    values = ASKED.get(field) or [dice.choice([str(one.pk), one.slug, one.name.upper()]) for one in sources]
    operators = DATE_OPERATORS if field in ("created", "modified", "date") else TEXT_OPERATORS
    if field == "source":
        operators = ["is", "is_not", "any_of", "none_of", "contains"]
    while True:
        operator: Any = dice.choice([*operators, *(ORDERS if field.startswith("custom.") else [])])
        value: Any = dice.choice(values)
        if operator in ("any_of", "none_of"):
            value = tuple(dice.sample(values, min(2, len(values))))
        if operator == "exists":
            value = dice.choice(["", "true", "false"])
        try:
            return Filter(field, operator, value)
        except ValueError:
            continue  # a word that a number or a date is compared with


def facts(document: Document, field: str) -> list[Any]:
    """What a document has of a field."""
    version = document.current_version
    if field == "source":
        return [document.source.name, document.source.slug, str(document.source_id)]
    if field == "tag":
        return list(document.tags)
    if field.startswith("custom."):
        name = field.removeprefix("custom.")
        return [document.custom[name]] if name in document.custom else []
    known = {
        "author": document.author, "kind": document.kind, "language": version.language if version else None,
        "filename": document.filename, "title": document.title, "created": document.created,
        "modified": document.modified_at, "date": document.created or document.modified_at,
    }[field]  # fmt: skip
    return [known] if known else []


def equal(fact: Any, value: str) -> bool:
    if isinstance(fact, datetime):
        start, end = period(value)
        return start <= fact < end
    if isinstance(fact, bool):
        return str(fact).lower() == value.strip().lower()
    if isinstance(fact, int | float):
        try:
            return float(value) == fact
        except ValueError:
            return False
    return " ".join(str(fact).lower().split()) == " ".join(value.lower().split())


def ordered(fact: Any, operator: str, value: str) -> bool:
    if isinstance(fact, bool):
        return False
    if isinstance(fact, int | float):
        try:
            limit = float(value)
        except ValueError:
            return False
        return {"before": fact < limit, "after": fact > limit, "from": fact >= limit, "until": fact <= limit}[operator]
    try:
        when = fact if isinstance(fact, datetime) else datetime.fromisoformat(fact).replace(tzinfo=UTC)
        start, end = period(value)
    except ValueError:
        return False
    return {"before": when < start, "after": when >= end, "from": when >= start, "until": when < end}[operator]


def meets(document: Document, wanted: Filter) -> bool:
    """The rule of filters, written a second time."""
    has = facts(document, wanted.field)
    if wanted.operator == "exists":
        return bool(has) == (wanted.value != "false")
    if wanted.operator in ("is", "any_of"):
        return any(equal(fact, value) for fact in has for value in wanted.values)
    if wanted.operator in ("is_not", "none_of"):
        return not any(equal(fact, value) for fact in has for value in wanted.values)
    if wanted.operator == "contains":
        # Of a data source its name alone.
        part = " ".join(wanted.values[0].lower().split())
        return any(part in str(fact).lower() for fact in (has[:1] if wanted.field == "source" else has))
    return any(ordered(fact, wanted.operator, wanted.values[0]) for fact in has)


@pytest.fixture
def world(cast: Any, make_document: Any) -> tuple[list[User], list[Any], dict[Document, Grants | None]]:
    """People, data sources, and documents with facts and grants at random."""
    dice, numbers = random.Random(5), np.random.default_rng(5)
    people, sources = random_world(5)
    granted: dict[Document, Grants | None] = {}
    for source in sources.values():
        for _one in range(4):
            vectors = numbers.normal(size=(2, 384))
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            document = make_document(source, *(" ".join(dice.choices(WORDS, k=4)) for _n in range(2)), vectors=vectors)
            custom = {name: dice.choice(values) for name, values in CUSTOM.items() if dice.random() < 0.7}
            Document.objects.filter(pk=document.pk).update(
                author=dice.choice(AUTHORS), kind=dice.choice(["pdf", "markdown"]), custom=custom,
                created=dice.choice([None, *DAYS]), modified_at=dice.choice([None, *DAYS]),
                tags=dice.sample(TAGS, dice.randrange(3)),
            )  # fmt: skip
            DocumentVersion.objects.filter(document=document).update(language=dice.choice(["de", "en", "", None]))
            grants = Grants(users=dice.sample(people, 3), groups=list(Group.objects.all()[:1]))
            granted[document] = dice.choice([None, None, grants])
            document_share(user=cast.root, document_id=document.pk, grants=granted[document])
    known = Document.objects.select_related("source", "current_version").prefetch_related(
        "source__groups", "source__users"
    )
    fresh = known.in_bulk([each.pk for each in granted])
    return people, list(sources.values()), {fresh[each.pk]: grants for each, grants in granted.items()}


def test_filters_leave_what_brute_force_leaves(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    people, sources, granted = world
    chunks = {each.pk: set(each.chunks.values_list("pk", flat=True)) for each in granted}
    readable = {
        person: [each for each, grants in granted.items() if may_read(person, each, grants)] for person in people
    }
    dice = random.Random(6)
    some = 0
    for turn in range(200):
        monkeypatch.setattr(statement, "EXACT_BELOW", 4000 if turn % 2 else 0)
        person = dice.choice(people)
        filters = [random_filter(dice, sources) for _one in range(dice.choice([1, 1, 2]))]
        left = [each for each in readable[person] if all(meets(each, one) for one in filters)]
        settings = SearchSettings(fusion=dice.choice(FUSIONS), reranker="none")
        found = search(user=person, query=" ".join(WORDS), limit=100, settings=settings, filters=filters)
        assert {each.chunk_id for each in found.passages} == {one for each in left for one in chunks[each.pk]}, filters
        some += 0 < len(left) < len(granted)
    assert some > 80


def test_filters_narrow_what_data_sources_narrow(world: Any, cast: Any) -> None:
    _people, sources, granted = world
    wanted = [Filter("kind", "is", "pdf")]
    found = search(user=cast.root, query="alpha", limit=100, sources=[sources[0].pk], filters=wanted)
    assert {each.document_id for each in found.passages} == {
        each.pk for each in granted if each.source_id == sources[0].pk and each.kind == "pdf"
    }
    step = next(each for each in found.steps if each.name == "retrieve")
    assert step.input["filters"] == [{"field": "kind", "operator": "is", "value": "pdf"}]


def test_too_many_filters_are_refused(cast: Any) -> None:
    with pytest.raises(ValueError, match="at most"):
        search(user=cast.root, query="alpha", filters=[Filter("kind", "is", "pdf")] * (MAX_FILTERS + 1))


@pytest.mark.usefixtures("world")
def test_any_value_is_safe(cast: Any) -> None:
    for value in ("'; DROP TABLE x; --", "100%", "%s", "a_b", "\\", '"{}"'):
        for field in ("author", "tag", "custom.cost", "source"):
            for operator in ("is", "contains"):
                found = search(user=cast.root, query="alpha", filters=[Filter(field, operator, value)])
                assert found.passages == [], (field, operator, value)
