"""Links to conversations, assistants whose conversations may be shared, citations that imported answers keep as text."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0007_questions_follow_answers")]

    operations = [
        migrations.AddField(
            model_name="assistant",
            name="shareable",
            field=models.BooleanField(default=False, verbose_name="conversations may be shared"),
        ),
        migrations.AddField(
            model_name="message",
            name="kept_citations",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.CreateModel(
            name="SharedLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("title", models.CharField(blank=True, max_length=80)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("opened", models.PositiveIntegerField(default=0)),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="links", to="chat.conversation"
                    ),
                ),
                (
                    "leaf",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="chat.message"),
                ),
            ],
            options={
                "verbose_name": "shared link",
                "verbose_name_plural": "shared links",
                "ordering": ("-created_at", "-pk"),
            },
        ),
    ]
