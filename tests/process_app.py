"""An app of the tests' processes alone: they remember nothing of a database that the next test fills anew."""

from django.apps import AppConfig


class ForgetfulConfig(AppConfig):
    """Reads the searched set and the languages afresh for each search."""

    name = "tests"
    label = "forgetful"

    def ready(self) -> None:
        """Shorten what is kept to nothing."""
        from documents import embedders
        from documents.retrieval import lexicon

        embedders.REMEMBERED_S = lexicon.REMEMBERED_S = 0.0
