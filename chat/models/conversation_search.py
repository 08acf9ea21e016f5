"""The search over one's own conversations, by the words of titles and messages: one statement.

Every text's words stand in a GIN index together with a word for their owner (``@7``), which no text can hold: what one
person looks for never reads what others wrote, however much that is. Whether a row may be seen is still decided by
``visible_to``, which the statement holds.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from accounts.models import User
from chat.errors import ChatError
from chat.models.conversations import Conversation
from chat.models.words import Marked, excerpt, marked, prefix_query, words_of

MAX_SEARCH_CHARS = 200
RESULTS = 20
NEWEST = 150
"""Of the messages that match, so many of the newest are compared with each other."""

STATEMENT = """
WITH newest AS (
    SELECT id, conversation_id, created_at, asked_by_id, text
    FROM chat_message
    WHERE chat_words(asked_by_id, text) @@ (%(owner)s::tsquery && to_tsquery('simple', lower(%(words)s)))
      AND numnode(to_tsquery('simple', lower(%(words)s))) > 0
      AND conversation_id IS NOT NULL AND conversation_id IN ({visible})
    ORDER BY created_at DESC
    LIMIT %(newest)s
), best AS (
    SELECT DISTINCT ON (conversation_id) conversation_id, id AS message_id, created_at, text, rank
    FROM (
        SELECT *, ts_rank(chat_words(asked_by_id, text), to_tsquery('simple', lower(%(words)s)), 1) AS rank
        FROM newest
    ) AS ranked
    ORDER BY conversation_id, rank DESC, created_at DESC
), titled AS (
    SELECT id AS conversation_id, 0.5 AS rank
    FROM chat_conversation
    WHERE chat_words(user_id, title) @@ (%(owner)s::tsquery && to_tsquery('simple', lower(%(words)s)))
      AND numnode(to_tsquery('simple', lower(%(words)s))) > 0
      AND id IN ({visible})
    ORDER BY updated_at DESC
    LIMIT %(newest)s
), found AS (
    SELECT conversation_id, message_id, text, coalesce(best.rank, 0) + coalesce(titled.rank, 0) AS rank, created_at
    FROM best FULL JOIN titled USING (conversation_id)
)
SELECT conversation.id, conversation.title, conversation.archived_at IS NOT NULL,
       coalesce(found.created_at, conversation.updated_at), found.message_id, found.text
FROM found JOIN chat_conversation conversation ON conversation.id = found.conversation_id
ORDER BY found.rank / (1 + extract(epoch FROM now() - coalesce(found.created_at, conversation.updated_at)) / %(month)s)
         DESC, conversation.updated_at DESC, conversation.id
LIMIT %(results)s
"""
"""A match counts half as much when it is a month older; the words of a title count more than those of a message."""

MONTH_S = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Hit:
    """A conversation in which words were found: ``message_id`` is where, None when they stand in the title alone.

    ``at`` is when that was written, else when the conversation was last used.
    """

    id: UUID
    title: Marked
    is_archived: bool
    at: datetime
    message_id: UUID | None
    excerpt: Marked


def search_conversations(*, user: User, text: str) -> list[Hit]:
    """One's own conversations that hold all words of ``text`` in the title or in one message, best and newest first.

    The last letters of a word may be missing. ChatError ``search_too_long``; nothing is found by no words.
    """
    if len(text) > MAX_SEARCH_CHARS:
        message = _("Search for %(max)d characters at most. Shorten it to the words that matter.")
        raise ChatError("search_too_long", message % {"max": MAX_SEARCH_CHARS}, 422)
    words = words_of(text)
    if not words:
        return []
    sql, parameters = _statement(user, words)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    return [
        Hit(pk, marked(title, words), archived, at, message, excerpt(body, words) if body else [])
        for pk, title, archived, at, message, body in rows
    ]


def _statement(user: User, words: list[str]) -> tuple[str, dict[str, Any]]:
    visible, allowed = Conversation.objects.visible_to(user).order_by().values("pk").query.sql_with_params()
    for place in range(len(allowed)):
        visible = visible.replace("%s", f"%(allowed_{place})s", 1)
    parameters = {
        **{f"allowed_{place}": value for place, value in enumerate(allowed)},
        "owner": f"'@{user.pk}'",
        "words": prefix_query(words),
        "newest": NEWEST,
        "month": MONTH_S,
        "results": RESULTS,
    }
    return STATEMENT.format(visible=visible), parameters
