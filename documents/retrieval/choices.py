"""The settings of a search in plain words, for forms and pages; ``documents.rerankers`` has those of rerankers."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from documents.retrieval.settings import Fusion

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

FUSION_CHOICES: tuple[tuple[Fusion, "StrOrPromise"], ...] = (
    ("convex", _("Meaning and words, scores added")),
    ("rrf", _("Meaning and words, ranks added")),
    ("dense", _("Meaning alone")),
    ("keyword", _("Words alone")),
)
