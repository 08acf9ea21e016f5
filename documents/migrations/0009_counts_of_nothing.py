"""An index of terms that no chunk holds any more, which are looked for at every fold of the counts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0008_tokens_of_chunks"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="termcount",
            index=models.Index(condition=models.Q(("chunks", 0)), fields=["key"], name="term_count_of_nothing"),
        ),
    ]
