"""How far the building of a set of embeddings is, who works on it, why it waits and when a set is removed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0003_chunks_and_embeddings"),
    ]

    operations = [
        migrations.AddField(
            model_name="embeddingset",
            name="claim",
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="embeddingset",
            name="claimed_until",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="embeddingset",
            name="comparing",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="embeddingset",
            name="error_code",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name="embeddingset",
            name="failures",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="embeddingset",
            name="filled_to",
            field=models.BigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="embeddingset",
            name="paused_until",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="embeddingset",
            name="per_second",
            field=models.FloatField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="embeddingset",
            name="remove_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="embeddingset",
            name="kind",
            field=models.CharField(
                choices=[
                    ("shipped", "Shipped with Footnote"),
                    ("openai", "OpenAI-compatible server"),
                    ("directory", "Model in a folder of this machine"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="embeddingset",
            name="state",
            field=models.CharField(
                choices=[("building", "Being built"), ("active", "Searched"), ("retired", "No longer searched")],
                default="building",
                max_length=20,
                verbose_name="state",
            ),
        ),
    ]
