"""Vectors in sets of their own, chunks that people change, lanes that take turns, notes and settings of a reading."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.comparison
import pgvector.django.halfvec
from django.conf import settings
from django.db import migrations, models


def carry_over(apps, schema_editor):
    """Move the vectors there are into a first set, with an index of its own, and give each document its lane."""
    Chunk = apps.get_model("documents", "Chunk")
    if not Chunk.objects.exists():
        return
    first = apps.get_model("documents", "EmbeddingSet").objects.create(
        name="all-MiniLM-L6-v2-int8", kind="shipped", dimensions=384, state="active"
    )
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO documents_chunkembedding (set_id, chunk_id, source_id, key, vector) "
            "SELECT %s, id, source_id, ''::bytea, embedding FROM documents_chunk",
            [first.pk],
        )
        cursor.execute("UPDATE documents_document SET lane = 'user:' || COALESCE(owner_id::text, '')")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            f"CREATE INDEX embedding_set_{first.pk}_hnsw ON documents_chunkembedding "
            "USING hnsw ((vector::halfvec(384)) halfvec_ip_ops) "
            f"WITH (m = 16, ef_construction = 64) WHERE set_id = {first.pk}"
        )


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0002_connectors"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ChunkEdit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text_hash", models.BinaryField(max_length=32)),
                ("occurrence", models.PositiveIntegerField(default=0)),
                ("text", models.TextField(blank=True, null=True)),
                ("excluded", models.BooleanField(default=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "change of a chunk",
                "verbose_name_plural": "changes of chunks",
            },
        ),
        migrations.CreateModel(
            name="ChunkEmbedding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.BinaryField(max_length=16)),
                ("vector", pgvector.django.halfvec.HalfVectorField()),
            ],
            options={
                "verbose_name": "embedding",
                "verbose_name_plural": "embeddings",
            },
        ),
        migrations.CreateModel(
            name="EmbeddingSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[("shipped", "Shipped with Footnote"), ("openai", "OpenAI-compatible server")],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("base_url", models.CharField(blank=True, max_length=500, verbose_name="base URL")),
                ("model", models.CharField(blank=True, max_length=200, verbose_name="model name")),
                ("api_key_encrypted", models.BinaryField(blank=True, default=b"")),
                ("query_prefix", models.CharField(blank=True, max_length=200, verbose_name="before a question")),
                ("passage_prefix", models.CharField(blank=True, max_length=200, verbose_name="before a passage")),
                ("dimensions", models.PositiveIntegerField(verbose_name="dimensions")),
                (
                    "state",
                    models.CharField(
                        choices=[("building", "Being built"), ("active", "Searched"), ("retired", "Being removed")],
                        default="building",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("switched_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "embedding set",
                "verbose_name_plural": "embedding sets",
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="Lane",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("served_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "lane",
                "verbose_name_plural": "lanes",
            },
        ),
        migrations.RemoveIndex(
            model_name="document",
            name="document_unfinished",
        ),
        migrations.RemoveField(
            model_name="documentversion",
            name="embedder",
        ),
        migrations.AddField(
            model_name="chunk",
            name="context",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="chunk",
            name="edited_text",
            field=models.TextField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="chunk",
            name="excluded",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="datasource",
            name="chunking",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="document",
            name="ingest_seconds",
            field=models.FloatField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="document",
            name="lane",
            field=models.CharField(default="", editable=False, max_length=60),
        ),
        migrations.AddField(
            model_name="documentversion",
            name="chunking",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="documentversion",
            name="notes",
            field=models.JSONField(default=list),
        ),
        migrations.RemoveIndex(model_name="chunk", name="chunk_search_gin"),
        migrations.RemoveField(model_name="chunk", name="search"),
        migrations.AddField(
            model_name="chunk",
            name="search",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(excluded=True, then=models.Value(None)),
                    default=django.contrib.postgres.search.SearchVector(
                        "heading",
                        "context",
                        django.db.models.functions.comparison.Coalesce("edited_text", "text"),
                        config="english",
                    ),
                ),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddIndex(
            model_name="chunk",
            index=django.contrib.postgres.indexes.GinIndex(fields=["search"], name="chunk_search_gin"),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=models.Q(("status__in", ("ready", "failed")), _negated=True),
                fields=["lane", "queued_at"],
                name="document_unfinished",
            ),
        ),
        migrations.AddField(
            model_name="chunkedit",
            name="author",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="chunkedit",
            name="document",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="chunk_edits",
                to="documents.document",
            ),
        ),
        migrations.AddField(
            model_name="chunkembedding",
            name="chunk",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="embeddings",
                to="documents.chunk",
            ),
        ),
        migrations.AddField(
            model_name="chunkembedding",
            name="source",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="documents.datasource"
            ),
        ),
        migrations.AddConstraint(
            model_name="embeddingset",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("active", "building"))),
                fields=("state",),
                name="embedding_set_one_of_a_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="embeddingset",
            constraint=models.CheckConstraint(
                condition=models.Q(("dimensions__gte", 1), ("dimensions__lte", 4000)), name="embedding_set_dimensions"
            ),
        ),
        migrations.AddField(
            model_name="chunkembedding",
            name="set",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="embeddings",
                to="documents.embeddingset",
            ),
        ),
        migrations.AddConstraint(
            model_name="chunkedit",
            constraint=models.UniqueConstraint(fields=("document", "text_hash", "occurrence"), name="chunk_edit_once"),
        ),
        migrations.AddIndex(
            model_name="chunkembedding",
            index=models.Index(fields=["set", "source"], name="embedding_of_source"),
        ),
        migrations.AddConstraint(
            model_name="chunkembedding",
            constraint=models.UniqueConstraint(fields=("chunk", "set"), name="embedding_once"),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=models.Q(("status", "ready")), fields=["-updated_at"], name="document_ready_latest"
            ),
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.RemoveIndex(
            model_name="chunk",
            name="chunk_embedding_hnsw",
        ),
        migrations.RemoveField(
            model_name="chunk",
            name="embedding",
        ),
        migrations.AlterField(
            model_name="chunk",
            name="version",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="chunks",
                to="documents.documentversion",
            ),
        ),
        migrations.AlterField(
            model_name="documentpage",
            name="version",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pages",
                to="documents.documentversion",
            ),
        ),
        migrations.AlterField(
            model_name="documentversion",
            name="document",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="versions",
                to="documents.document",
            ),
        ),
    ]
