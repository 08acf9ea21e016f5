"""The words of titles and messages are found by an index, each with a word for their owner."""

from django.db import migrations

SEPARATORS = "./-_@:+<>&~¡¿§•«»‹›‘’‚“”„–—…\u00a0\u202f\u3000،؛؟。、「」！？，："
# A text of a megabyte would not fit into a tsvector: what is beyond the bound is not found.
FUNCTION = f"""
CREATE OR REPLACE FUNCTION chat_words(owner bigint, words text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $chat_words$
SELECT array_to_tsvector(ARRAY['@' || owner::text]) || to_tsvector(
    'pg_catalog.simple'::regconfig,
    translate(lower(left(words, 50000)), $from${SEPARATORS}$from$, repeat(' ', {len(SEPARATORS)}))
)
$chat_words$
"""
# Without the list of what is pending, which every search would have to read as a whole.
TITLES = """
CREATE INDEX CONCURRENTLY conversation_words ON chat_conversation USING gin (chat_words(user_id, title))
WITH (fastupdate = off)
"""
MESSAGES = """
CREATE INDEX CONCURRENTLY message_words ON chat_message USING gin (chat_words(asked_by_id, text))
WITH (fastupdate = off) WHERE conversation_id IS NOT NULL
"""
DROP = "DROP INDEX CONCURRENTLY IF EXISTS {}"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0009_folders_pins_archive")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION IF EXISTS chat_words(bigint, text)"),
        # What a broken attempt left is no index that could be used.
        migrations.RunSQL([DROP.format("conversation_words"), TITLES], [DROP.format("conversation_words")]),
        migrations.RunSQL([DROP.format("message_words"), MESSAGES], [DROP.format("message_words")]),
    ]
