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
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from chat.errors import ChatError
from chat.models.conversations import Conversation
from chat.models.words import Marked, excerpt, marked, prefix_query, words_of, worth

MAX_SEARCH_CHARS = 200
RESULTS = 20
MONTH_S = 30 * 24 * 3600

STATEMENT = """
WITH visible (id) AS MATERIALIZED ({visible}),
matching AS (
    SELECT message.id, message.conversation_id, message.created_at
    FROM chat_message message JOIN visible ON visible.id = message.conversation_id
    WHERE chat_words(message.asked_by_id, message.text)
          @@ (%(owner)s::tsquery && to_tsquery('simple', lower(%(words)s)))
      AND numnode(to_tsquery('simple', lower(%(words)s))) > 0 AND message.conversation_id IS NOT NULL
    ORDER BY message.created_at DESC
    LIMIT 300
), newest AS (
    SELECT * FROM (
        SELECT DISTINCT ON (conversation_id) conversation_id, id AS message_id, created_at
        FROM matching ORDER BY conversation_id, created_at DESC
    ) AS one_of_each
    ORDER BY created_at DESC
    LIMIT 40
), titled AS (
    SELECT conversation.id AS conversation_id
    FROM chat_conversation conversation JOIN visible ON visible.id = conversation.id
    WHERE chat_words(conversation.user_id, conversation.title)
          @@ (%(owner)s::tsquery && to_tsquery('simple', lower(%(words)s)))
      AND numnode(to_tsquery('simple', lower(%(words)s))) > 0
    ORDER BY conversation.updated_at DESC
    LIMIT 40
)
SELECT conversation.id, conversation.title, conversation.archived_at IS NOT NULL,
       coalesce(newest.created_at, conversation.updated_at), newest.message_id, coalesce(message.text, ''),
       titled.conversation_id IS NOT NULL
FROM newest FULL JOIN titled USING (conversation_id)
JOIN chat_conversation conversation ON conversation.id = conversation_id
LEFT JOIN chat_message message ON message.id = newest.message_id
"""
"""The newest conversations with the words in a message, by that message, and those with the words in the title."""


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
    now = timezone.now()

    def score(row: tuple[Any, ...]) -> float:
        _pk, title, _archived, at, _message, body, is_titled = row
        # The words of a title say more than those of a message; a month takes half away.
        about: float = worth(body, words) + (2 * worth(title, words) if is_titled else 0)
        age_s: float = max(0.0, (now - at).total_seconds())
        return about / (1 + age_s / MONTH_S)

    best = sorted(rows, key=lambda row: (score(row), row[3]), reverse=True)[:RESULTS]
    return [
        Hit(pk, marked(title, words), archived, at, message, excerpt(body, words) if body else [])
        for pk, title, archived, at, message, body, _titled in best
    ]


def _statement(user: User, words: list[str]) -> tuple[str, dict[str, Any]]:
    visible, allowed = Conversation.objects.visible_to(user).order_by().values("pk").query.sql_with_params()
    for place in range(len(allowed)):
        visible = visible.replace("%s", f"%(allowed_{place})s", 1)
    parameters = {
        **{f"allowed_{place}": value for place, value in enumerate(allowed)},
        "owner": f"'@{user.pk}'",
        "words": prefix_query(words),
    }
    return STATEMENT.format(visible=visible), parameters
