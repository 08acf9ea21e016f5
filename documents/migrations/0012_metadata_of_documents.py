"""What is known of a document beside its text: author, date, tags and further facts, and which of them people wrote."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0011_audiences_of_documents"),
    ]

    operations = [
        migrations.AddField(
            model_name="document",
            name="author",
            field=models.CharField(blank=True, default="", max_length=300, verbose_name="author"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="document",
            name="created",
            field=models.DateTimeField(blank=True, null=True, verbose_name="written"),
        ),
        migrations.AddField(
            model_name="document",
            name="tags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=60), blank=True, default=list, size=None, verbose_name="tags"
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="custom",
            field=models.JSONField(blank=True, default=dict, verbose_name="further facts"),
        ),
        migrations.AddField(
            model_name="document",
            name="fixed",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20), blank=True, default=list, editable=False, size=None
            ),
        ),
    ]
