"""Versions are found by the bytes they were read from, which stay while a new version is indexed."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("documents", "0005_words_of_chunk_edits"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="documentversion",
            index=models.Index(fields=["sha256"], name="version_bytes"),
        ),
    ]
