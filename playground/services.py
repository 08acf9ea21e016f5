"""What the playground does: drafts become versions, and searches are tried, as somebody else too."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts.errors import permission_denied
from accounts.models import User
from accounts.services import audit
from chat.answering import AssistantSettings
from chat.errors import ChatError, not_found
from chat.models import Assistant, AssistantVersion, LanguageModel
from chat.services.assistants import VersionFields, settings_of_fields, version_create, version_publish
from documents.errors import unknown_reranker
from documents.rerankers import is_reranker
from documents.retrieval import RetrievedPassage
from playground.events import RunConfig
from playground.retrieval import Configuration, Ranked, rank


def version_fields(config: RunConfig, note: str = "") -> VersionFields:
    """A draft as the fields of a version; ChatError ``not_found`` for a model that is gone."""
    model = LanguageModel.objects.filter(pk=config.model).first()
    if model is None:
        raise not_found(_("model"))
    return VersionFields(
        config.system_prompt,
        model,
        config.sources,
        config.passages,
        config.threshold,
        note,
        search=config.search_settings(),
        question=config.question_settings(),
    )


def draft_settings(*, user: User, config: RunConfig) -> AssistantSettings:
    """A draft as the answering pipeline takes it. Admins only."""
    if not user.is_admin:
        raise permission_denied()
    return settings_of_fields(version_fields(config))


def draft_save(*, user: User, config: RunConfig, note: str, publish: bool) -> AssistantVersion:
    """Save a draft as the next version of its assistant, and publish it when asked. Admins only."""
    if not user.is_admin:
        raise permission_denied()
    assistant = Assistant.objects.filter(slug=config.assistant).first()
    if assistant is None:
        raise not_found(_("assistant"))
    version = version_create(user=user, assistant=assistant, fields=version_fields(config, note))
    if publish:
        version_publish(user=user, assistant=assistant, number=version.number)
    return version


def retrieval_test(
    *, user: User, query: str, configurations: Sequence[Configuration], search_as: str = ""
) -> tuple[list[Ranked], dict[int, RetrievedPassage]]:
    """Search with each configuration in turn: the rankings, and all passages in them by their chunk. Admins only.

    ``search_as`` is the address of a person whose permissions count in the place of one's own; that goes to the audit
    log. ChatError ``unknown_person`` for nobody's address, DocumentsError ``unknown_reranker`` for a reranker that is
    not there.
    """
    if not user.is_admin:
        raise permission_denied()
    if not all(is_reranker(each.settings.reranker) for each in configurations):
        raise unknown_reranker()
    asker = user
    if search_as and search_as.lower() != user.email.lower():
        found = User.objects.filter(email__iexact=search_as, is_active=True).first()
        if found is None:
            raise ChatError("unknown_person", _("Nobody who can sign in has this address. Check it."), 422)
        audit(actor=user, action="retrieval.search_as", target=found, detail={"query": query[:200]})
        asker = found
    runs: list[Ranked] = []
    passages: dict[int, RetrievedPassage] = {}
    for configuration in configurations:
        ranked, candidates = rank(asker, query, configuration)
        runs.append(ranked)
        passages |= {each.chunk_id: each for each in candidates}
    return runs, passages
