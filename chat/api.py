"""REST endpoints of the chat app: answers, assistants, models."""

from channels.db import database_sync_to_async
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Status

from accounts.api import TokenAuth, caller
from accounts.errors import permission_denied
from accounts.languages import in_readers_language
from accounts.models import Scope
from chat.errors import ChatError, not_found
from chat.events import message_payload
from chat.models import Assistant, LanguageModel
from chat.models import Status as MessageStatus
from chat.schemas import AnswerIn, AnswerOut, AssistantIn, AssistantOut, ModelIn, ModelOut, answer_out
from chat.services import asking, assistants, language_models, running

router = Router(tags=["Answers and assistants"])
READ = TokenAuth(Scope.READ)
ADMIN = TokenAuth(Scope.ADMIN)


@router.post("/answers", auth=READ, response=AnswerOut, summary="Ask a question")
async def answer(request: HttpRequest, body: AnswerIn) -> AnswerOut:
    """Answer one question from the documents that the token's user may see, with citations.

    The answer and its trace are stored; ``trace_id`` names them. With a ``scope`` nothing else is read than its
    documents and data sources. A model that fails answers 502.
    """
    user = caller(request)
    ask = database_sync_to_async(asking.question_ask_once)
    begun = await ask(user=user, slug=body.assistant, text=body.question, without=tuple(body.without), scope=body.scope)
    row = await running.answer_once(begun)
    if row.status == MessageStatus.FAILED:
        raise ChatError(row.error_code, in_readers_language(row.error_message), 502)
    return answer_out(await database_sync_to_async(message_payload)(row, user))


@router.get("/assistants", auth=READ, response=list[AssistantOut], summary="List assistants")
def assistant_list(request: HttpRequest) -> list[AssistantOut]:
    """Assistants that the token's user can talk to."""
    visible = Assistant.objects.visible_to(caller(request)).select_related("published")
    return [_assistant_out(row) for row in visible]


@router.post("/assistants", auth=ADMIN, response={201: AssistantOut}, summary="Create an assistant")
def assistant_create(request: HttpRequest, body: AssistantIn) -> Status[AssistantOut]:
    """Create an assistant and publish its first version. Admins only."""
    user = caller(request)
    model = LanguageModel.objects.filter(pk=body.model).first()
    if model is None:
        raise not_found(_("model"))
    fields = assistants.VersionFields(
        body.system_prompt,
        model,
        body.sources,
        body.passages,
        body.threshold,
        body.note,
        search=body.search_settings(),
        question=body.question_settings(),
    )
    row = assistants.assistant_create(user=user, name=body.name, description=body.description, fields=fields)
    return Status(201, _assistant_out(row))


@router.get("/models", auth=ADMIN, response=list[ModelOut], summary="List models")
def model_list(request: HttpRequest) -> list[ModelOut]:
    """All models, without their keys. Admins only."""
    if not caller(request).is_admin:
        raise permission_denied()
    return [_model_out(row) for row in LanguageModel.objects.all()]


@router.post("/models", auth=ADMIN, response={201: ModelOut}, summary="Create a model")
def model_create(request: HttpRequest, body: ModelIn) -> Status[ModelOut]:
    """Create a model. Admins only."""
    row = language_models.model_save(
        user=caller(request),
        model=LanguageModel(),
        name=body.name,
        kind=body.kind,
        base_url=body.base_url,
        model_name=body.model_name,
        api_key=body.api_key or None,
    )
    return Status(201, _model_out(row))


def _assistant_out(row: Assistant) -> AssistantOut:
    return AssistantOut(
        slug=row.slug,
        name=row.name,
        description=row.description,
        is_default=row.is_default,
        version=row.published.number if row.published else None,
    )


def _model_out(row: LanguageModel) -> ModelOut:
    return ModelOut(
        id=row.pk,
        name=row.name,
        kind=row.kind,
        base_url=row.base_url,
        model_name=row.model_name,
        has_key=bool(row.api_key),
    )
