"""Which documents a list shows: the conditions that the page and the API share, named as their addresses name them."""

from collections.abc import Mapping

from django.db.models import Q

from accounts.models import User
from documents.models import DataSource, Document, DocumentQuerySet
from documents.retrieval import Filter, Operator
from documents.retrieval.scope import Meeting

OF_METADATA: dict[str, tuple[str, Operator]] = {
    "author": ("author", "contains"),
    "kind": ("kind", "is"),
    "language": ("language", "is"),
    "tag": ("tag", "is"),
    "from": ("created", "from"),
    "until": ("created", "until"),
}
"""What a name of the address asks of a document, as a filter of a search does."""


def metadata_filter(name: str, value: str) -> Filter:
    """What ``value`` under a name of ``OF_METADATA`` asks; ValueError, with a sentence, for what no search honours."""
    field, operator = OF_METADATA[name]
    return Filter(field, operator, " ".join(value.split()))


def metadata_filters(asked: Mapping[str, str | None]) -> tuple[Filter, ...]:
    """The filters of what is asked under the names of ``OF_METADATA``, empty values left out; ValueError as above."""
    return tuple(metadata_filter(name, value) for name in OF_METADATA if (value := asked.get(name)))


def documents_listed(
    user: User, *, source: DataSource | None, status: str, words: str, filters: tuple[Filter, ...]
) -> DocumentQuerySet:
    """The documents that ``user`` may see in ``source`` (None for all) and ``status`` ("" for any).

    ``words`` stand in the file name or the title, in one piece and whatever the case; all ``filters`` hold.
    """
    documents = Document.objects.visible_to(user)
    if source:
        documents = documents.filter(source=source)
    if status:
        documents = documents.filter(status=status)
    if filters:
        documents = documents.filter(pk__in=Meeting(filters))
    if words:
        documents = documents.filter(Q(filename__icontains=words) | Q(title__icontains=words))
    return documents
