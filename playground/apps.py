"""App configuration."""

from django.apps import AppConfig


class PlaygroundConfig(AppConfig):
    """The playground. What it saves are assistant versions, which the chat app keeps."""

    name = "playground"
