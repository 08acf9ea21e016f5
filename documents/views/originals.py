"""The original bytes of a document, streamed as a download.

The page that draws a PDF asks for the bytes of the version it shows, which are others than the document's while a new
version is indexed.
"""

import os
import re
import uuid
from collections.abc import AsyncIterator
from typing import IO, Any

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from documents import storage
from documents.errors import DocumentsError, document_not_found
from documents.models import Document

BLOCK = 256 * 1024
RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")


@require_safe
async def original(request: HttpRequest, document_id: uuid.UUID) -> HttpResponseBase:
    """The file as it was uploaded, whole or the one range that is asked for; always as a download of plain bytes.

    With ``version`` in the address the file that this version was read from, as long as it is the searched one.
    """
    user = await request.auser()
    if not isinstance(user, User):
        return HttpResponse(_("You are signed out. Sign in and try again."), status=401, content_type="text/plain")
    try:
        document = await _visible(user, document_id)
        file, size = await _opened(_hash_of(document, request.GET.get("version")))
    except DocumentsError as error:
        context = {"code": error.code, "message": error.message, "status": error.status}
        return await sync_to_async(render)(request, "error.html", context, status=error.status)
    first, last = _range(request.headers.get("Range", ""), size)
    response = StreamingHttpResponse(_blocks(file, first, last + 1 - first), content_type="application/octet-stream")
    if last + 1 - first < size:
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Content-Length"] = str(last + 1 - first)
    response["Accept-Ranges"] = "bytes"
    response["Content-Disposition"] = content_disposition_header(True, document.filename) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    # The address stays, the permission may not: ask again each time.
    response["Cache-Control"] = "private, no-cache"
    return response


@database_sync_to_async
def _visible(user: User, document_id: uuid.UUID) -> Document:
    visible = Document.objects.openable_by(user).select_related("current_version")
    document = visible.defer("current_version__text", "current_version__blocks").filter(pk=document_id).first()
    if document is None:
        raise document_not_found()
    return document


def _hash_of(document: Document, version: str | None) -> str:
    current = document.current_version
    if version is None:
        return document.sha256
    if current is None or version != str(current.number):
        raise DocumentsError("version_gone", _("There is a newer version of the document. Load the page anew."), 410)
    return current.sha256


@sync_to_async
def _opened(sha256: str) -> tuple[IO[Any], int]:
    """The bytes and how many they are."""
    try:
        file = storage.open_bytes(sha256)
        return file, file.seek(0, os.SEEK_END)
    except FileNotFoundError as error:
        message = _("The stored file is gone. Delete the document and upload it again.")
        raise DocumentsError("bytes_missing", message, 410) from error


def _range(header: str, size: int) -> tuple[int, int]:
    """First and last byte to send; the whole file for a header that asks for nothing or for what is not there."""
    match = RANGE.fullmatch(header.strip())
    if match:
        first = int(match[1])
        last = min(int(match[2]), size - 1) if match[2] else size - 1
        if first <= last:
            return first, last
    return 0, size - 1


async def _blocks(file: IO[Any], first: int, count: int) -> AsyncIterator[bytes]:
    read = sync_to_async(file.read, thread_sensitive=False)
    try:
        await sync_to_async(file.seek, thread_sensitive=False)(first)
        while count > 0 and (block := await read(min(BLOCK, count))):
            count -= len(block)
            yield block
    finally:
        file.close()
