"""People say whether an answer helped; an answer that was stopped goes on; a stop stands in the row of its answer."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0010_words_of_conversations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="begun_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="message",
            name="stop_wanted",
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name="Feedback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_good", models.BooleanField(verbose_name="helpful")),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("right", "Right and to the point"),
                            ("well_sourced", "Well supported by its sources"),
                            ("wrong", "It is wrong"),
                            ("incomplete", "Something is missing"),
                            ("unsupported", "Its sources do not say that"),
                            ("wrong_sources", "It read the wrong documents"),
                            ("outdated", "It is out of date"),
                            ("unclear", "It is hard to understand"),
                        ],
                        max_length=20,
                        verbose_name="reason",
                    ),
                ),
                ("comment", models.TextField(blank=True, max_length=2000, verbose_name="comment")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                (
                    "answer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="feedback", to="chat.message"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "feedback",
                "verbose_name_plural": "feedback",
                "ordering": ("-updated_at",),
                "constraints": [models.UniqueConstraint(fields=("answer", "user"), name="feedback_once")],
            },
        ),
    ]
