"""Postings of terms in the place of an index of keys, and counts of terms by audience."""

import django.contrib.postgres.fields
from django.db import migrations, models

# A key was a term with one of four buckets of its weight.
TERMS = """
ALTER TABLE documents_chunkterms DISABLE TRIGGER USER;
UPDATE documents_chunkterms SET terms = ARRAY(
    SELECT DISTINCT ((key::bigint + 2147483648) / 4)::integer FROM unnest(terms) AS key ORDER BY 1
);
ALTER TABLE documents_chunkterms ENABLE TRIGGER USER;
TRUNCATE documents_termchange, documents_languagecount;
INSERT INTO documents_languagecount (audience_id, language, chunks, length)
SELECT audience_id, language, count(*), sum(length) FROM documents_chunkterms GROUP BY audience_id, language;
INSERT INTO documents_termcount (term, audience_id, chunks)
SELECT term, audience_id, count(*) FROM documents_chunkterms, unnest(terms) AS term GROUP BY term, audience_id;
INSERT INTO documents_unpostedchunk (chunk_id, audience_id) SELECT chunk_id, audience_id FROM documents_chunkterms
"""

# Postings are added to in place, which room in the page makes cheap. They do not compress.
LAYOUT = """
ALTER TABLE documents_posting SET (fillfactor = 70);
ALTER TABLE documents_posting ALTER COLUMN entries SET STORAGE EXTERNAL
"""

# The way back reads the weights as text, which is slow and right.
KEYS = """
ALTER TABLE documents_chunkterms DISABLE TRIGGER USER;
UPDATE documents_chunkterms SET terms = ARRAY(
    SELECT (split_part(held, ':', 1)::bigint * 4 - 2147483648
        + width_bucket(split_part(held, ':', 2)::float8, ARRAY[0.75, 1.1, 1.45]::float8[]))::integer
    FROM unnest(string_to_array(btrim(split_part(weights::text, '/', 1), '{}'), ',')) AS held
);
ALTER TABLE documents_chunkterms ENABLE TRIGGER USER
"""
RECOUNT = """
TRUNCATE documents_termchange, documents_languagecount;
INSERT INTO documents_languagecount (audience_id, language, chunks, length)
SELECT audience_id, language, count(*), sum(length) FROM documents_chunkterms GROUP BY audience_id, language;
INSERT INTO documents_termcount (key, chunks)
SELECT key, count(*) FROM documents_chunkterms, unnest(keys) AS key GROUP BY key
"""

# One note for each audience and language that a statement touched, however many chunks it wrote or removed, and one
# for each chunk. A chunk that was not in the postings yet leaves nothing behind there; who puts it there holds its row.
NOTE = """
CREATE OR REPLACE FUNCTION documents_note_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO documents_termchange (audience_id, language, chunks, length, {terms}, counts)
        SELECT gone.audience_id, gone.language, -gone.chunks, -gone.length, held.terms, held.counts FROM (
            SELECT audience_id, language, count(*) AS chunks, sum(length) AS length FROM removed GROUP BY 1, 2
        ) AS gone CROSS JOIN LATERAL (
            SELECT COALESCE(array_agg(term), '{{}}') AS terms, COALESCE(array_agg(count), '{{}}') AS counts FROM (
                SELECT term, -count(*)::integer AS count FROM removed AS one, unnest(one.{terms}) AS term
                WHERE one.audience_id = gone.audience_id AND one.language = gone.language GROUP BY term
            ) AS counted
        ) AS held;
        {gone}
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO documents_termchange (audience_id, language, chunks, length, {terms}, counts)
        SELECT come.audience_id, come.language, come.chunks, come.length, held.terms, held.counts FROM (
            SELECT audience_id, language, count(*) AS chunks, sum(length) AS length FROM added GROUP BY 1, 2
        ) AS come CROSS JOIN LATERAL (
            SELECT COALESCE(array_agg(term), '{{}}') AS terms, COALESCE(array_agg(count), '{{}}') AS counts FROM (
                SELECT term, count(*)::integer AS count FROM added AS one, unnest(one.{terms}) AS term
                WHERE one.audience_id = come.audience_id AND one.language = come.language GROUP BY term
            ) AS counted
        ) AS held;
        {come}
    END IF;
    RETURN NULL;
END $$
"""
GONE = """WITH waiting AS (
            DELETE FROM documents_unpostedchunk AS unposted USING removed WHERE unposted.chunk_id = removed.chunk_id
            RETURNING unposted.chunk_id
        )
        INSERT INTO documents_staleposting AS stale (chunk_id, audience_id, terms)
        SELECT chunk_id, audience_id, terms FROM removed WHERE chunk_id NOT IN (SELECT chunk_id FROM waiting)
        ON CONFLICT (chunk_id, audience_id) DO UPDATE SET terms = stale.terms || EXCLUDED.terms;"""
COME = """INSERT INTO documents_unpostedchunk AS unposted (chunk_id, audience_id)
        SELECT chunk_id, audience_id FROM added
        ON CONFLICT (chunk_id) DO UPDATE SET audience_id = EXCLUDED.audience_id;"""


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0012_metadata_of_documents"),
    ]

    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, RECOUNT),
        migrations.RemoveIndex(model_name="chunkterms", name="chunk_terms_keys"),
        migrations.RenameField(model_name="chunkterms", old_name="keys", new_name="terms"),
        migrations.RenameField(model_name="termchange", old_name="keys", new_name="terms"),
        migrations.DeleteModel(name="TermCount"),
        migrations.CreateModel(
            name="TermCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "term", "audience_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("term", models.IntegerField()),
                ("audience_id", models.UUIDField()),
                ("chunks", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "count of a term",
                "verbose_name_plural": "counts of terms",
                "indexes": [
                    models.Index(condition=models.Q(("chunks", 0)), fields=["term"], name="term_count_of_nothing")
                ],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "term", "audience_id", "block", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("term", models.IntegerField()),
                ("audience_id", models.UUIDField()),
                ("block", models.IntegerField()),
                ("entries", models.BinaryField()),
            ],
            options={"verbose_name": "postings of a term", "verbose_name_plural": "postings of terms"},
        ),
        migrations.CreateModel(
            name="UnpostedChunk",
            fields=[
                ("chunk_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("audience_id", models.UUIDField()),
            ],
            options={
                "verbose_name": "unposted chunk",
                "verbose_name_plural": "unposted chunks",
                "indexes": [models.Index(fields=["audience_id"], name="unposted_chunk_audience")],
            },
        ),
        migrations.CreateModel(
            name="StalePosting",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "chunk_id", "audience_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("chunk_id", models.BigIntegerField()),
                ("audience_id", models.UUIDField()),
                (
                    "terms",
                    django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None),
                ),
            ],
            options={
                "verbose_name": "stale posting",
                "verbose_name_plural": "stale postings",
                "indexes": [models.Index(fields=["audience_id"], name="stale_posting_audience")],
            },
        ),
        migrations.RunSQL(LAYOUT, migrations.RunSQL.noop),
        migrations.RunSQL(
            NOTE.format(terms="terms", gone=GONE, come=COME), NOTE.format(terms="keys", gone="", come="")
        ),
        migrations.RunSQL(TERMS, KEYS),
    ]
