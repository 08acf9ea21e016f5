"""Questions that were asked before there were branches follow the answer before them, and the last message is shown."""

from django.db import migrations

FOLLOW = """
UPDATE chat_message question
SET in_reply_to_id = (
    SELECT answer.id FROM chat_message answer
    WHERE answer.conversation_id = question.conversation_id AND answer.role = 'assistant'
      AND (answer.created_at, answer.id) < (question.created_at, question.id)
    ORDER BY answer.created_at DESC, answer.id DESC LIMIT 1
)
WHERE question.role = 'user' AND question.conversation_id IS NOT NULL AND question.in_reply_to_id IS NULL
"""
LEAVES = """
UPDATE chat_conversation conversation
SET leaf_id = (
    SELECT message.id FROM chat_message message WHERE message.conversation_id = conversation.id
    ORDER BY message.created_at DESC, message.id DESC LIMIT 1
)
"""
UNFOLLOW = "UPDATE chat_message SET in_reply_to_id = NULL WHERE role = 'user'"


class Migration(migrations.Migration):
    dependencies = [("chat", "0006_branches")]

    operations = [
        migrations.RunSQL(FOLLOW, UNFOLLOW),
        migrations.RunSQL(LEAVES, migrations.RunSQL.noop),
    ]
