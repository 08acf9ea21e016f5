"""The REST endpoints of sets of embeddings, under ``/api/v1``; for admins."""

from django.http import HttpRequest
from ninja import Router, Status

from accounts.api import TokenAuth, caller
from accounts.errors import permission_denied
from accounts.models import Scope
from documents.embedders import active_set
from documents.embeddings_schemas import EmbeddingSetIn, EmbeddingSetOut, EmbeddingSetsOut
from documents.models import EmbeddingSet
from documents.services.embeddings import embedding_set_begin, embedding_set_cancel, embedding_set_switch_back

router = Router(tags=["embeddings"])

ADMIN = TokenAuth(Scope.ADMIN)


@router.get("/embeddings/sets", response=EmbeddingSetsOut, auth=ADMIN)
def list_embedding_sets(request: HttpRequest) -> EmbeddingSetsOut:
    """All sets of embeddings, with how far each is."""
    if not caller(request).is_admin:
        raise permission_denied()
    active_set()
    return EmbeddingSetsOut(sets=[EmbeddingSetOut.of(each) for each in EmbeddingSet.objects.all()])


@router.post("/embeddings/sets", response={201: EmbeddingSetOut}, auth=ADMIN)
def begin_embedding_set(request: HttpRequest, body: EmbeddingSetIn) -> Status[EmbeddingSetOut]:
    """Embed all chunks again with another model, beside the searched set; searches switch when it is complete."""
    made = embedding_set_begin(user=caller(request), choice=body.choice(), name=body.name)
    return Status(201, EmbeddingSetOut.of(made))


@router.delete("/embeddings/sets/{set_id}", response={204: None}, auth=ADMIN)
def cancel_embedding_set(request: HttpRequest, set_id: int) -> Status[None]:
    """Stop the building of a set, or remove one that is no longer searched before its time."""
    embedding_set_cancel(user=caller(request), set_id=set_id)
    return Status(204, None)


@router.post("/embeddings/sets/{set_id}/switch-back", response={202: EmbeddingSetOut}, auth=ADMIN)
def switch_back_to_embedding_set(request: HttpRequest, set_id: int) -> Status[EmbeddingSetOut]:
    """Search a set again that was searched before, once what changed since has been embedded."""
    return Status(202, EmbeddingSetOut.of(embedding_set_switch_back(user=caller(request), set_id=set_id)))
