"""Token vectors beside each vector, for late interaction."""

from django.db import migrations, models

# Token vectors lie apart from the row, as they come: they do not compress, and comparing vectors reads none of them.
# The vector itself stays in the row.
LAYOUT = """
ALTER TABLE documents_chunkembedding ALTER COLUMN tokens SET STORAGE EXTERNAL;
ALTER TABLE documents_chunkembedding ALTER COLUMN vector SET STORAGE MAIN;
ALTER TABLE documents_chunkembedding SET (toast_tuple_target = 256)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0007_words_of_chunks"),
    ]

    operations = [
        migrations.AddField(
            model_name="chunkembedding",
            name="tokens",
            field=models.BinaryField(null=True),
        ),
        migrations.AddIndex(
            model_name="chunkembedding",
            index=models.Index(
                condition=models.Q(tokens__isnull=True), fields=["set", "id"], name="embedding_without_tokens"
            ),
        ),
        migrations.RunSQL(LAYOUT, migrations.RunSQL.noop),
    ]
