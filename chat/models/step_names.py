"""The steps of an answer as people read of them; by what they are called in a trace."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

STEP_NAMES: dict[str, "StrOrPromise"] = {
    "said_filters": _("Narrow the search"),
    "rewrite": _("Understand question"),
    "embed_question": _("Embed the question"),
    "retrieve": _("Find candidates"),
    "fuse": _("Join both sides"),
    "rerank": _("Rerank"),
    "threshold": _("Apply the threshold"),
    "prepare": _("Prepare passages"),
    "search_on": _("Look for more"),
    "prompt": _("Write the prompt"),
    "generate": _("Write the answer"),
}


def step_name(name: str) -> str:
    """A step's name in words; its own where there are none for it."""
    return str(STEP_NAMES.get(name, name))
