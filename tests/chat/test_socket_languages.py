"""What the chat page's socket says, in the language of the page."""

from collections.abc import Callable
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.utils import translation
from django.utils.translation import gettext

from chat.models import Message
from tests.chat.conftest import Cast
from tests.chat.test_socket import QUESTION, Connect, page
from tests.fakes.llm import FakeLLM

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("hub")]
__all__ = ["page"]


def in_german(text: str, **values: object) -> str:
    with translation.override("de"):
        found = gettext(text)
    assert found != text
    return found % values


async def test_errors_and_refusals_are_in_the_language_of_the_page(committed_cast: Cast, page: Connect) -> None:
    mia = await page(committed_cast.mia, "de-CH, en;q=0.5")
    await mia.send(type="nonsense")
    error = await mia.event("error")
    assert error["message"] == in_german("The page sent something unexpected. Reload it.")
    await mia.ask("How old is the harbour master's cat?")
    completed = await mia.event("answer.completed")
    assert completed["message"]["status"] == "refused"
    assert completed["message"]["text"] == in_german("The documents do not answer this.")
    other = await page(committed_cast.mia)
    await other.send(type="nonsense")
    assert (await other.event("error"))["message"] == "The page sent something unexpected. Reload it."


async def test_a_models_failure_is_kept_in_english_and_told_in_the_readers_language(
    committed_cast: Cast, page: Connect, llm: FakeLLM, use_llm: Callable[..., Any]
) -> None:
    await database_sync_to_async(use_llm)(committed_cast.assistant, llm)
    llm.failure = "overloaded"
    mia = await page(committed_cast.mia, "de")
    await mia.ask(QUESTION)
    completed = await mia.event("answer.completed")
    stored = await Message.objects.aget(pk=completed["message"]["id"])
    assert stored.error_message == "The model server answered with status 503. Ask again in a moment."
    part = in_german("answered with status %(status)s", status=503)
    told = in_german("The model server %(what)s. Ask again in a moment.", what=part)
    assert completed["message"]["error"]["message"] == told
