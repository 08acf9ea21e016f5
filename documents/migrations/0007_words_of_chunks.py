"""The words of chunks with their BM25 weights, and triggers that note how many chunks hold which."""

from typing import Any

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import pgvector.django.sparsevec
from django.db import migrations, models

# A search reads a row for each candidate: all of it lies in one place.
LAYOUT = """
ALTER TABLE documents_chunkterms ALTER COLUMN weights SET STORAGE MAIN;
ALTER TABLE documents_chunkterms ALTER COLUMN keys SET STORAGE MAIN;
ALTER TABLE documents_chunkterms SET (toast_tuple_target = 8160)
"""

# One note for each source and language that a statement touched, however many chunks it wrote or removed.
NOTE = """
CREATE FUNCTION documents_note_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO documents_termchange (source_id, language, chunks, length, keys, counts)
        SELECT gone.source_id, gone.language, -gone.chunks, -gone.length, held.keys, held.counts FROM (
            SELECT source_id, language, count(*) AS chunks, sum(length) AS length FROM removed GROUP BY 1, 2
        ) AS gone CROSS JOIN LATERAL (
            SELECT COALESCE(array_agg(key), '{}') AS keys, COALESCE(array_agg(count), '{}') AS counts FROM (
                SELECT key, -count(*)::integer AS count FROM removed AS one, unnest(one.keys) AS key
                WHERE one.source_id = gone.source_id AND one.language = gone.language GROUP BY key
            ) AS counted
        ) AS held;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO documents_termchange (source_id, language, chunks, length, keys, counts)
        SELECT come.source_id, come.language, come.chunks, come.length, held.keys, held.counts FROM (
            SELECT source_id, language, count(*) AS chunks, sum(length) AS length FROM added GROUP BY 1, 2
        ) AS come CROSS JOIN LATERAL (
            SELECT COALESCE(array_agg(key), '{}') AS keys, COALESCE(array_agg(count), '{}') AS counts FROM (
                SELECT key, count(*)::integer AS count FROM added AS one, unnest(one.keys) AS key
                WHERE one.source_id = come.source_id AND one.language = come.language GROUP BY key
            ) AS counted
        ) AS held;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chunk_terms_added AFTER INSERT ON documents_chunkterms REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION documents_note_terms();
CREATE TRIGGER chunk_terms_changed AFTER UPDATE ON documents_chunkterms
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION documents_note_terms();
CREATE TRIGGER chunk_terms_removed AFTER DELETE ON documents_chunkterms REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION documents_note_terms()
"""


def queue_chunks(apps: Any, schema_editor: Any) -> None:
    """Let the words of the chunks that are there be looked for, by and by."""
    last = apps.get_model("documents", "Chunk").objects.aggregate(last=models.Max("pk"))["last"]
    if last is not None:
        apps.get_model("documents", "LexicalReference").objects.create(pk=1, look_until=last)


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0006_bytes_of_versions"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChunkTerms",
            fields=[
                (
                    "chunk",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="terms",
                        serialize=False,
                        to="documents.chunk",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="documents.datasource",
                    ),
                ),
                ("language", models.CharField(blank=True, max_length=8)),
                ("length", models.PositiveIntegerField()),
                ("reference", models.FloatField()),
                ("keys", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ("weights", pgvector.django.sparsevec.SparseVectorField(dimensions=1000000000)),
            ],
            options={
                "verbose_name": "terms of a chunk",
                "verbose_name_plural": "terms of chunks",
            },
        ),
        migrations.CreateModel(
            name="LanguageCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source_id", models.UUIDField()),
                ("language", models.CharField(blank=True, max_length=8)),
                ("chunks", models.BigIntegerField()),
                ("length", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "count of a language",
                "verbose_name_plural": "counts of languages",
            },
        ),
        migrations.CreateModel(
            name="LexicalReference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("length", models.FloatField(default=100.0)),
                ("looked_to", models.BigIntegerField(default=0)),
                ("look_until", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "reference of weights",
                "verbose_name_plural": "references of weights",
            },
        ),
        migrations.CreateModel(
            name="TermChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source_id", models.UUIDField()),
                ("language", models.CharField(blank=True, max_length=8)),
                ("chunks", models.BigIntegerField()),
                ("length", models.BigIntegerField()),
                ("keys", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ("counts", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
            ],
            options={
                "verbose_name": "change of counts",
                "verbose_name_plural": "changes of counts",
            },
        ),
        migrations.CreateModel(
            name="TermCount",
            fields=[
                ("key", models.IntegerField(primary_key=True, serialize=False)),
                ("chunks", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "count of a term",
                "verbose_name_plural": "counts of terms",
            },
        ),
        migrations.RemoveIndex(
            model_name="chunk",
            name="chunk_search_gin",
        ),
        migrations.RemoveField(
            model_name="chunk",
            name="search",
        ),
        migrations.AddField(
            model_name="documentversion",
            name="language",
            field=models.CharField(blank=True, max_length=8, null=True),
        ),
        migrations.AddConstraint(
            model_name="languagecount",
            constraint=models.UniqueConstraint(fields=("source_id", "language"), name="language_count_once"),
        ),
        migrations.AddIndex(
            model_name="chunkterms",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["keys"], gin_pending_list_limit=512, name="chunk_terms_keys"
            ),
        ),
        migrations.AddIndex(
            model_name="chunkterms",
            index=models.Index(fields=["source"], name="chunk_terms_source"),
        ),
        migrations.RunSQL(LAYOUT, migrations.RunSQL.noop),
        migrations.RunSQL(NOTE, "DROP FUNCTION documents_note_terms CASCADE"),
        migrations.RunPython(queue_chunks, migrations.RunPython.noop),
    ]
