"""What the sidebar lists of a person's conversations: pinned ones, folders, and the others by day, page by page."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from chat.errors import ChatError
from chat.models.conversations import Conversation, ConversationQuerySet
from chat.models.folders import Folder

PAGE = 40
FOLDER_PAGE = 20
MOST_AT_ONCE = 400
"""A page that has scrolled far down gets so many at once when its list is drawn anew; the others by scrolling again."""

COLUMNS = ("pk", "title", "updated_at", "pinned_at", "archived_at", "folder_id")
CURSOR = re.compile(r"^(\d{1,18})-([0-9a-f]{32})$")
ZONE = re.compile(r"^[A-Za-z0-9_+/-]{1,64}$")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """Conversations, and the cursor of those that follow: "" when none do."""

    rows: list[Conversation]
    cursor: str


@dataclass(frozen=True, slots=True)
class Group:
    """Conversations of a day or a month; ``key`` is the same on every page of the list."""

    key: str
    label: str
    rows: list[Conversation]


@dataclass(frozen=True, slots=True)
class Sidebar:
    """The whole list: ``folders`` with the conversations of the open ones, ``groups`` of the others."""

    pinned: list[Conversation]
    folders: list[tuple[Folder, Page]]
    groups: list[Group]
    cursor: str

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.pinned or self.folders or self.groups)


def sidebar_of(user: User, zone_name: str, shown: int = PAGE) -> Sidebar:
    """The list in four queries, with the first ``shown`` of those that stand by day."""
    mine = Conversation.objects.visible_to(user).only(*COLUMNS)
    folders = list(Folder.objects.visible_to(user))
    recent = loose_page(user, "", max(PAGE, min(shown, MOST_AT_ONCE)))
    pages = _first_pages(mine)
    nothing = Page([], "")
    return Sidebar(
        pinned=list(mine.pinned()),
        folders=[(folder, pages.get(folder.pk, nothing)) for folder in folders],
        groups=groups_by_day(recent.rows, zone_name),
        cursor=recent.cursor,
    )


def loose_page(user: User, cursor: str, size: int = PAGE) -> Page:
    """Conversations in no folder and not pinned, from ``cursor`` on; ChatError ``cursor_invalid``."""
    mine = Conversation.objects.visible_to(user).only(*COLUMNS)
    return page_of(mine.below_pinned().filter(folder=None), "updated_at", cursor, size)


def folder_page(user: User, folder: Folder, cursor: str) -> Page:
    """Conversations of a folder that are not pinned, from ``cursor`` on; ChatError ``cursor_invalid``."""
    inside = Conversation.objects.visible_to(user).filter(folder=folder).only(*COLUMNS)
    return page_of(inside.below_pinned(), "updated_at", cursor, FOLDER_PAGE)


def page_of(rows: ConversationQuerySet, field: str, cursor: str, size: int) -> Page:
    """The ``size`` rows from ``cursor`` on, of rows in the order of ``-field, -pk``; ChatError ``cursor_invalid``."""
    if cursor:
        rows = rows.before(field, *_parsed(cursor))
    found = list(rows[: size + 1])
    if len(found) <= size:
        return Page(found, "")
    last = found[size - 1]
    return Page(found[:size], _cursor(getattr(last, field), last.pk))


def groups_by_day(rows: list[Conversation], zone_name: str) -> list[Group]:
    """Conversations in order, by the day on which they were last used where the reader is."""
    zone = zone_of(zone_name)
    today = timezone.now().astimezone(zone).date()
    labelled = groupby(rows, key=lambda row: _day(row.updated_at.astimezone(zone).date(), today))
    return [Group(key, label, list(found)) for (key, label), found in labelled]


def zone_of(name: str) -> ZoneInfo:
    """The time zone that a browser names, else the installation's."""
    try:
        return ZoneInfo(name) if ZONE.match(name) else ZoneInfo(timezone.get_default_timezone_name())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(timezone.get_default_timezone_name())


def _first_pages(mine: ConversationQuerySet) -> dict[UUID, Page]:
    """The first page of each open folder, in one query."""
    nth = Window(RowNumber(), partition_by=F("folder_id"), order_by=(F("updated_at").desc(), F("id").desc()))
    inside = mine.below_pinned().filter(folder__is_open=True).annotate(nth=nth).filter(nth__lte=FOLDER_PAGE + 1)
    found: dict[UUID, list[Conversation]] = {}
    for row in inside:
        if row.folder_id is not None:
            found.setdefault(row.folder_id, []).append(row)
    return {key: _cut(rows) for key, rows in found.items()}


def _cut(rows: list[Conversation]) -> Page:
    kept = rows[:FOLDER_PAGE]
    return Page(kept, _cursor(kept[-1].updated_at, kept[-1].pk) if len(rows) > FOLDER_PAGE else "")


def _day(day: date, today: date) -> tuple[str, str]:
    """The key and the name of the group of a day."""
    if day >= today:
        return "today", _("Today")
    if day == today - timedelta(days=1):
        return "yesterday", _("Yesterday")
    if day >= today - timedelta(days=7):
        return "week", _("Previous 7 days")
    label = date_format(day, "F" if day.year == today.year else "YEAR_MONTH_FORMAT")
    return f"{day:%Y-%m}", label


def _cursor(at: datetime, pk: UUID) -> str:
    """A place in a list: microseconds since 1970 and an id."""
    return f"{(at - EPOCH) // timedelta(microseconds=1)}-{pk.hex}"


def _parsed(cursor: str) -> tuple[datetime, UUID]:
    found = CURSOR.match(cursor)
    if found is None:
        raise ChatError("cursor_invalid", _("This list cannot be continued. Load the page again."), 422)
    try:
        at = EPOCH + timedelta(microseconds=int(found[1]))
    except OverflowError as error:
        raise ChatError("cursor_invalid", _("This list cannot be continued. Load the page again."), 422) from error
    return at, UUID(found[2])
