"""Who sees a document is an audience: that of its data source, or its own. No row of a vector or a term is rewritten:
the audience of a source has the source's id, and the columns that named the source now name it."""

import uuid
from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

AS_SOURCES = """
INSERT INTO documents_audience (id, source_id, inherits, everyone, users, groups, key)
SELECT id, id, true, false, '{}', '{}', '' FROM documents_datasource
"""
OF_DOCUMENTS = "UPDATE documents_document SET audience_id = source_id; SET CONSTRAINTS ALL IMMEDIATE"

# One note for each audience and language that a statement touched, however many chunks it wrote or removed.
NOTE = """
CREATE OR REPLACE FUNCTION documents_note_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO documents_termchange ({of}, language, chunks, length, keys, counts)
        SELECT gone.{of}, gone.language, -gone.chunks, -gone.length, held.keys, held.counts FROM (
            SELECT {of}, language, count(*) AS chunks, sum(length) AS length FROM removed GROUP BY 1, 2
        ) AS gone CROSS JOIN LATERAL (
            SELECT COALESCE(array_agg(key), '{{}}') AS keys, COALESCE(array_agg(count), '{{}}') AS counts FROM (
                SELECT key, -count(*)::integer AS count FROM removed AS one, unnest(one.keys) AS key
                WHERE one.{of} = gone.{of} AND one.language = gone.language GROUP BY key
            ) AS counted
        ) AS held;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO documents_termchange ({of}, language, chunks, length, keys, counts)
        SELECT come.{of}, come.language, come.chunks, come.length, held.keys, held.counts FROM (
            SELECT {of}, language, count(*) AS chunks, sum(length) AS length FROM added GROUP BY 1, 2
        ) AS come CROSS JOIN LATERAL (
            SELECT COALESCE(array_agg(key), '{{}}') AS keys, COALESCE(array_agg(count), '{{}}') AS counts FROM (
                SELECT key, count(*)::integer AS count FROM added AS one, unnest(one.keys) AS key
                WHERE one.{of} = come.{of} AND one.language = come.language GROUP BY key
            ) AS counted
        ) AS held;
    END IF;
    RETURN NULL;
END $$
"""


def renamed(model: str, fields: tuple[str, ...], old: str, new: str) -> list[Any]:
    """The column that named the source names the audience, with its index. The document's own is what is checked."""
    audience: Any = models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="documents.audience",
    )
    index = migrations.AddIndex(model, models.Index(fields=[*fields, "audience"], name=new))
    return [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveIndex(model, old)]),
        migrations.RenameField(model_name=model, old_name="source", new_name="audience"),
        migrations.AlterField(model_name=model, name="audience", field=audience),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(f"ALTER INDEX {old} RENAME TO {new}", f"ALTER INDEX {new} RENAME TO {old}")
            ],
            state_operations=[index],
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0010_rerankers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Audience",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("inherits", models.BooleanField(default=False)),
                ("everyone", models.BooleanField(default=False)),
                (
                    "users",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), blank=True, default=list, size=None
                    ),
                ),
                ("key", models.CharField(blank=True, max_length=64)),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="audiences",
                        to="documents.datasource",
                    ),
                ),
            ],
            options={
                "verbose_name": "audience",
                "verbose_name_plural": "audiences",
                "constraints": [models.UniqueConstraint(fields=("source", "key"), name="audience_once")],
            },
        ),
        migrations.RunSQL(AS_SOURCES, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="document",
            name="audience",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="documents",
                to="documents.audience",
            ),
        ),
        migrations.RunSQL(OF_DOCUMENTS, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="document",
            name="audience",
            field=models.ForeignKey(
                editable=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="documents",
                to="documents.audience",
            ),
        ),
        migrations.RemoveConstraint(model_name="document", name="document_once_per_source"),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(
                condition=models.Q(("external_id__isnull", True)),
                fields=("audience", "sha256"),
                name="document_once_per_audience",
            ),
        ),
        *renamed("chunkembedding", ("set",), "embedding_of_source", "embedding_of_audience"),
        *renamed("chunkterms", (), "chunk_terms_source", "chunk_terms_audience"),
        migrations.RemoveConstraint(model_name="languagecount", name="language_count_once"),
        migrations.RenameField(model_name="languagecount", old_name="source_id", new_name="audience_id"),
        migrations.AddConstraint(
            model_name="languagecount",
            constraint=models.UniqueConstraint(fields=("audience_id", "language"), name="language_count_once"),
        ),
        migrations.RenameField(model_name="termchange", old_name="source_id", new_name="audience_id"),
        migrations.RunSQL(NOTE.format(of="audience_id"), NOTE.format(of="source_id")),
    ]
