"""Template tags of the documents' pages: sortable table heads, runs of blocks, looking up."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.languages import in_readers_language
from documents.reading import ShownBlock

register = template.Library()
register.filter("in_readers_language", in_readers_language)


@register.simple_tag
def sort_header(name: str, order: str, label: str, query: str, css_class: str = "") -> SafeString:
    """A table head that sorts by ``name`` (with a minus: first downwards), and turns the order when clicked again."""
    column = name.lstrip("-")
    current = order.lstrip("-") == column
    wanted = (column if order.startswith("-") else f"-{column}") if current else name
    direction = "descending" if order.startswith("-") else "ascending"
    sorting = format_html(' aria-sort="{}"', direction) if current else ""
    looks = format_html(' class="{}"', css_class) if css_class else ""
    prefix = f"{query}&" if query else ""
    return format_html('<th scope="col"{}{}><a href="?{}order={}">{}</a></th>', sorting, looks, prefix, wanted, label)


@register.filter
def short_time(took: timedelta | None) -> str:
    """A time in its largest unit: "4 s", "3 min", "2.5 h"; a dash for None."""
    if took is None:
        return "–"
    seconds = took.total_seconds()
    if seconds < 90:
        return _("%(count)d s") % {"count": max(1, round(seconds))}
    if seconds < 90 * 60:
        return _("%(count)d min") % {"count": round(seconds / 60)}
    return _("%(count)s h") % {"count": number_format(seconds / 3600, 1)}


@register.filter
def of_key(found: Mapping[Any, Any], key: Any) -> Any:
    """What ``found`` has under ``key``, None when it has nothing."""
    return found.get(key)


@register.filter
def grouped(blocks: Iterable[ShownBlock]) -> list[dict[str, Any]]:
    """Blocks in runs of one kind, so that list items come as one list."""
    return [{"kind": kind, "blocks": list(run)} for kind, run in groupby(blocks, key=lambda block: block.kind)]
