"""Changes of chunks keep the words that they replace, so that one can be shown when no chunk has these any more."""

from typing import Any

from django.db import migrations, models

TAKE_OVER = """
UPDATE documents_chunkedit AS edit SET original = chunk.text FROM documents_chunk AS chunk
WHERE chunk.document_id = edit.document_id AND (chunk.edited_text IS NOT NULL OR chunk.excluded)
AND sha256(convert_to(chunk.text, 'UTF8')) = edit.text_hash
"""


def take_over(apps: Any, schema_editor: Any) -> None:
    """Give the changes that hold the words of their chunks; those that wait for theirs were never told them."""
    schema_editor.execute(TAKE_OVER)


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0004_builds_of_embedding_sets"),
    ]

    operations = [
        migrations.AddField(
            model_name="chunkedit",
            name="original",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
    ]
