"""What a search may find, as SQL: the audiences that the asker belongs to, and the documents that filters leave."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import EmptyResultSet
from django.db.models import Expression, UUIDField

from documents.models import Audience
from documents.retrieval.filters import DATES, ORDERED, Filter, number, period

if TYPE_CHECKING:
    from accounts.models import User

DOCUMENTS = """documents_document AS document JOIN documents_datasource AS source ON source.id = document.source_id
LEFT JOIN documents_documentversion AS version ON version.id = document.current_version_id"""
"""Where the conditions of a scope find their columns."""

CHOSEN = "(document.id = ANY(%s::uuid[]) OR document.source_id = ANY(%s::uuid[]))"
MEETING = "(SELECT document.id FROM {documents} WHERE {conditions})"

COLUMNS = {
    "kind": ("document.kind",),
    "author": ("document.author",),
    "language": ("version.language",),
    "filename": ("document.filename",),
    "title": ("document.title",),
    "source": ("source.name", "source.slug", "source.id::text"),
    "created": ("document.created",),
    "modified": ("document.modified_at",),
    "date": ("COALESCE(document.created, document.modified_at)",),
}
ONE_OF = "lower({column}) IN (SELECT lower(one) FROM unnest(%s::text[]) AS one)"
SIGNS = {"before": "<", "until": "<", "after": ">=", "from": ">="}

Parameters = tuple[Any, ...]
Condition = tuple[str, Parameters]


@dataclass(frozen=True, slots=True)
class Within:
    """Documents that somebody chose, by id, and data sources, of which all documents are meant."""

    documents: tuple[uuid.UUID, ...] = ()
    sources: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """``allowed`` is the SQL of the ids of the audiences; ``conditions`` hold for ``DOCUMENTS``, "" when all are left.

    Both name their ``parameters``. ``allowed`` is None when nothing can be found at all.
    """

    allowed: str | None
    conditions: str
    parameters: dict[str, Any]


def scope_of(
    user: "User | AnonymousUser",
    sources: Sequence[uuid.UUID] | None,
    filters: Sequence[Filter],
    *,
    within: Within | None = None,
    attached: uuid.UUID | None = None,
) -> Scope:
    """What ``user`` may find in these data sources, None for all, among the documents that meet all filters.

    ``within`` leaves the documents that were chosen. ``attached`` is what holds the files of the conversation that is
    asked in: they are found beside the data sources.
    """
    audiences = Audience.objects.searched_by(user, sources, attached)
    try:
        allowed, allowed_parameters = audiences.values("pk").query.sql_with_params()
    except EmptyResultSet:
        return Scope(None, "", {})
    made = [condition(each) for each in filters]
    if within is not None:
        made.append((CHOSEN, (list(within.documents), list(within.sources))))
    conditions = " AND ".join(sql for sql, _own in made)
    parameters = {
        **_numbered("allowed", allowed_parameters),
        **_numbered("filter", tuple(each for _sql, own in made for each in own)),
    }
    return Scope(_naming("allowed", allowed), _naming("filter", conditions), parameters)


class Meeting(Expression):
    """The ids of the documents that meet all of one filter or more: for ``pk__in`` of what somebody may see."""

    def __init__(self, filters: tuple[Filter, ...]) -> None:
        super().__init__(output_field=UUIDField())
        self.filters = filters

    def as_sql(self, compiler: Any, connection: Any) -> Condition:
        """The subquery, as the query that it stands in asks for it."""
        made = [condition(each) for each in self.filters]
        conditions = " AND ".join(sql for sql, _own in made)
        sql = MEETING.format(documents=DOCUMENTS, conditions=conditions)
        return sql, tuple(each for _sql, own in made for each in own)


def condition(wanted: Filter) -> Condition:
    """A filter as SQL over ``DOCUMENTS``, with its parameters. It is never null."""
    if wanted.operator in ("is_not", "none_of"):
        sql, parameters = _holds(wanted, "is" if wanted.operator == "is_not" else "any_of")
        return f"({sql}) IS NOT TRUE", parameters
    if wanted.operator == "exists":
        sql, parameters = _exists(wanted)
        return f"({sql}) IS {'NOT TRUE' if wanted.value == 'false' else 'TRUE'}", parameters
    sql, parameters = _holds(wanted, wanted.operator)
    return f"({sql}) IS TRUE", parameters


def _numbered(name: str, values: Parameters) -> dict[str, Any]:
    return {f"{name}_{place}": value for place, value in enumerate(values)}


def _naming(name: str, sql: str) -> str:
    """The SQL with names in the place of its placeholders, which are in order."""
    first, *rest = sql.split("%s")
    return first + "".join(f"%({name}_{place})s{each}" for place, each in enumerate(rest))


def _holds(wanted: Filter, operator: str) -> Condition:
    if wanted.field in DATES:
        column, value = COLUMNS[wanted.field][0], wanted.values[0].strip()
        if wanted.field == "date" and operator == "is" and len(value) == len("2023"):
            return _of_year(column, value)
        return _dated(column, operator, value)
    if wanted.field == "tag":
        return _tagged(operator, wanted.values)
    if wanted.custom_name is not None:
        return _custom(wanted.custom_name, operator, wanted.values)
    columns = COLUMNS[wanted.field] if operator != "contains" else COLUMNS[wanted.field][:1]
    made = [_text(column, operator, wanted.values) for column in columns]
    return " OR ".join(sql for sql, _own in made), tuple(each for _sql, own in made for each in own)


def _text(column: str, operator: str, values: tuple[str, ...]) -> Condition:
    trimmed = [each.strip() for each in values]
    if operator == "contains":
        return f"strpos(lower({column}), lower(%s)) > 0", (trimmed[0],)
    return ONE_OF.format(column=column), (trimmed,)


def _dated(column: str, operator: str, value: str) -> Condition:
    start, end = period(value)
    if operator == "is":
        return f"{column} >= %s AND {column} < %s", (start, end)
    return f"{column} {SIGNS[operator]} %s", (end if operator in ("after", "until") else start,)


def _of_year(column: str, year: str) -> Condition:
    """By the years that a document's names hold, by its date where they hold none."""
    dated, when = _dated(column, "is", year)
    sql = f"CASE WHEN {_NAMES} ~ %s THEN {_NAMES} ~ %s ELSE {dated} END"
    return sql, (_NAMED_YEAR.format("(19|20)[0-9]{2}"), _NAMED_YEAR.format(year), *when)


def _tagged(operator: str, values: tuple[str, ...]) -> Condition:
    tags = [" ".join(each.split()).casefold() for each in values]
    if operator == "contains":
        return "EXISTS (SELECT FROM unnest(document.tags) AS tag WHERE strpos(tag, %s) > 0)", (tags[0],)
    return "document.tags::text[] && %s::text[]", (tags,)


def _custom(name: str, operator: str, values: tuple[str, ...]) -> Condition:
    """Each document's field is compared by what it holds: a number with a number, a date with a date."""
    if operator not in ORDERED:
        sql, parameters = _text("(document.custom ->> %s)", operator, values)
        numbers = [each for each in map(number, values) if each is not None]
        if operator == "contains" or not numbers:
            return sql, (name, *parameters)
        return f"{sql} OR {_NUMBER} = ANY(%s::float8[])", (name, *parameters, name, name, numbers)
    made: list[Condition] = []
    if (limit := number(values[0])) is not None:
        sign = {"before": "<", "after": ">", "from": ">=", "until": "<="}[operator]
        made.append((f"{_NUMBER} {sign} %s", (name, name, limit)))
    try:
        start, end = period(values[0])
    except ValueError:
        pass
    else:
        day = (end if operator in ("after", "until") else start).date().isoformat()
        made.append((f'{_DAY} COLLATE "C" {SIGNS[operator]} %s', (name, name, day)))
    return " OR ".join(sql for sql, _own in made), tuple(each for _sql, own in made for each in own)


_NAMES = "concat(document.title, ' ', document.filename)"
_NAMED_YEAR = "(?<![0-9]){}([01][0-9][0-3][0-9])?(?![0-9])"
"""A year, or the beginning of a day in one number, in PostgreSQL's regular expressions."""
_NUMBER = "CASE WHEN jsonb_typeof(document.custom -> %s) = 'number' THEN (document.custom ->> %s)::float8 END"
_DAY = r"CASE WHEN document.custom ->> %s ~ '^\d{4}-\d\d-\d\d' THEN left(document.custom ->> %s, 10) END"


def _exists(wanted: Filter) -> Condition:
    if wanted.field == "tag":
        return "cardinality(document.tags) > 0", ()
    if wanted.custom_name is not None:
        return "document.custom -> %s IS NOT NULL", (wanted.custom_name,)
    column = COLUMNS[wanted.field][0]
    return (f"{column} IS NOT NULL" if wanted.field in DATES else f"{column} <> ''"), ()
