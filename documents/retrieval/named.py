"""Which of the names in a question are names of what the asker may see, and whether filters leave anything of it."""

import uuid
from collections.abc import Sequence

from django.db import connection
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Lower, StrIndex

from accounts.models import User
from documents.models import DataSource, Document
from documents.retrieval.filters import Filter
from documents.retrieval.scope import DOCUMENTS, Within, scope_of
from rag.said_filters import Known, Named

MOST_NAMES = 50
"""Of each kind, for one question."""

ANY_LEFT = """SELECT EXISTS (
    SELECT FROM {documents} WHERE document.audience_id IN ({allowed}) AND document.chunk_count > 0 AND {conditions}
)"""


def known_names(user: User, question: str, named: Named, sources: Sequence[uuid.UUID] | None) -> Known:
    """The names of data sources in ``question``, and those of authors and tags in ``named``, that ``user`` may know.

    ``sources`` narrows to what is of these data sources. One statement for each of the three that may be named.
    """
    its_sources = DataSource.objects.visible_to(user)
    documents = Document.objects.visible_to(user)
    if sources is not None:
        its_sources, documents = its_sources.filter(pk__in=sources), documents.filter(source__in=sources)
    return Known(
        sources=_sources(its_sources, question) if named.source else {},
        authors=_authors(documents, named.authors) if named.authors else (),
        tags=_tags(documents, named.tags) if named.tags else (),
    )


def any_left(
    user: User,
    sources: Sequence[uuid.UUID] | None,
    filters: Sequence[Filter],
    *,
    within: Within | None = None,
    attached: uuid.UUID | None = None,
) -> bool:
    """Whether ``user`` may find anything where ``scope_of`` says, with these filters, one or more."""
    scope = scope_of(user, sources, filters, within=within, attached=attached)
    if scope.allowed is None:
        return False
    sql = ANY_LEFT.format(documents=DOCUMENTS, allowed=scope.allowed, conditions=scope.conditions)
    with connection.cursor() as cursor:
        cursor.execute(sql, scope.parameters)
        return bool(cursor.fetchone()[0])


def _sources(visible: "QuerySet[DataSource]", question: str) -> dict[str, str]:
    text = Value(question.lower())
    said = visible.annotate(by_name=StrIndex(text, Lower("name")), by_slug=StrIndex(text, F("slug")))
    rows = said.filter(Q(by_name__gt=0) | Q(by_slug__gt=0)).values_list("name", "slug")[:MOST_NAMES]
    return {key: name for name, slug in rows for key in (slug, name)}


def _authors(visible: "QuerySet[Document]", names: Sequence[str]) -> set[str]:
    said = visible.annotate(small=Lower("author")).filter(small__in=names)
    return set(said.order_by().values_list("author", flat=True).distinct()[:MOST_NAMES])


def _tags(visible: "QuerySet[Document]", names: Sequence[str]) -> set[str]:
    wanted = [" ".join(name.split()).casefold() for name in names]
    # One at a time: the documents of one tag may be many, and say nothing of the others.
    return {tag for tag in wanted if visible.filter(tags__contains=[tag]).exists()}
