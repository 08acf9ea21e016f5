"""What questions are narrowed to, which files a conversation has, and the prompt library."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("chat", "0011_feedback_and_going_on"),
        ("documents", "0014_files_of_conversations"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="scope",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.CreateModel(
            name="ConversationFiles",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "conversation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="chat.conversation"
                    ),
                ),
                (
                    "source",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="documents.datasource"
                    ),
                ),
            ],
            options={
                "verbose_name": "files of a conversation",
                "verbose_name_plural": "files of conversations",
            },
        ),
        migrations.CreateModel(
            name="SavedPrompt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=100, verbose_name="title")),
                ("text", models.TextField(max_length=8000, verbose_name="text")),
                ("shared", models.BooleanField(default=False, verbose_name="for everyone")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prompts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "prompt",
                "verbose_name_plural": "prompts",
                "ordering": ("title", "pk"),
            },
        ),
        migrations.AddConstraint(
            model_name="savedprompt",
            constraint=models.UniqueConstraint(fields=("owner", "title"), name="prompt_title_once"),
        ),
    ]
