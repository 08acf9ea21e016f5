"""The steps of an answer as people read of them; by what they are called in a trace."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SUMMARY_CHARS = 300

STEP_NAMES: dict[str, "StrOrPromise"] = {
    "wait_for_files": _("Wait for the files"),
    "read_files": _("Read the files"),
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


def step_summary(name: str, output: Mapping[str, Any]) -> str:
    """What came of a step, in a few words, from its recorded output; nothing where its name says it all."""
    words = ""
    if name == "embed_question" and "error" in output:
        words = gettext("By words alone: the embedding model did not answer")
    elif name == "retrieve":
        found = int(output.get("candidates", 0))
        words = ngettext("%(n)d candidate", "%(n)d candidates", found) % {"n": found}
    elif name == "said_filters":
        used = " · ".join(each["label"] for each in output.get("filters", []) if each["used"])
        words = used or gettext("None of them is used")
    elif name == "rewrite":
        words = " · ".join(output.get("queries", []))[:SUMMARY_CHARS]
    elif name == "search_on":
        words = str(output.get("search") or gettext("Enough was found"))
    elif name == "wait_for_files":
        waiting = int(output.get("waiting", 0))
        told = ngettext("Waiting until %(n)d file is indexed", "Waiting until %(n)d files are indexed", waiting)
        words = told % {"n": waiting} if waiting else gettext("All files are indexed")
    elif name in ("prepare", "read_files"):
        read = int(output.get("passages", 0))
        words = ngettext("%(n)d passage to read", "%(n)d passages to read", read) % {"n": read}
    elif name == "generate" and output.get("refused"):
        words = gettext("The documents do not answer")
    elif name == "generate":
        made = int(output.get("citations", 0))
        words = ngettext("%(n)d citation", "%(n)d citations", made) % {"n": made}
    return words
