"""``manage.py benchmark retrieval DATASET``: how well and how quickly the search finds what a data set says."""

import json
import os
import random
import signal
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.models import User
from documents.embedders import active_set
from documents.errors import DocumentsError
from documents.evaluation import report
from documents.evaluation.corpora import IndexedCorpus, held, index_corpus, set_to_measure, sets_changed, source_name
from documents.evaluation.retrieval import CONFIGURATIONS, Corpus, Measured, measure, throughput
from documents.management.people import acting_user, add_user_argument
from documents.models import DataSource, EmbeddingSet, Visibility
from documents.services import source_create, source_delete
from rag.embeddings import available_cores
from rag.errors import RagError
from rag.evaluation.beir import Dataset, read

SAMPLE_SEED = 0
BROKEN_OFF = 130
"""The status of a program that Ctrl-C ended."""


class Command(BaseCommand):
    """Index a data set's corpus beside the documents, ask its queries, and print how well they are answered."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
        one = what.add_parser("retrieval", help="the search: recall, MRR, nDCG, milliseconds, searches a second")
        one.add_argument("dataset", type=Path, metavar="DATASET", help="folder in BEIR's layout")
        one.add_argument("--split", default="", metavar="NAME", help="which file in qrels/; test")
        one.add_argument(
            "--configurations",
            default=",".join(CONFIGURATIONS),
            metavar="NAMES",
            help=f"with commas, the first is what the others are compared with; {','.join(CONFIGURATIONS)}",
        )
        one.add_argument("--queries", type=int, metavar="N", help="ask only so many, the same ones each time")
        one.add_argument("--clients", type=int, default=4, metavar="N", help="threads that ask at once for QPS; 4")
        one.add_argument("--seconds", type=float, default=3.0, metavar="S", help="for each of those measurements; 3")
        one.add_argument("--json", type=Path, metavar="FILE", help="write everything to this file")
        one.add_argument("--keep", action="store_true", help="keep the indexed corpus for the next run")
        add_user_argument(one)

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, index, ask, report, and remove what was indexed."""
        user = acting_user(options["user"])
        _check(options)
        try:
            with _ended_like_ctrl_c():
                dataset = read(options["dataset"], options["split"])
                self._run(user, _sampled(dataset, options["queries"]), options)
        except (DocumentsError, RagError) as error:
            raise CommandError(str(error.message)) from error
        except KeyboardInterrupt as error:
            raise CommandError("Broken off.", returncode=BROKEN_OFF) from error

    def _run(self, user: User, dataset: Dataset, options: dict[str, Any]) -> None:
        made_by = set_to_measure()
        name = source_name(dataset, made_by)
        with held(name):
            source = DataSource.objects.visible_to(user).filter(name=name).first() or source_create(
                user=user,
                name=name,
                description="The corpus of a benchmark. It may be deleted when none is running.",
                visibility=Visibility.RESTRICTED,
            )
            try:
                indexed = self._indexed(source, dataset, made_by)
                corpus = Corpus(user, source.pk, indexed.entries)
                measured = self._measured(corpus, dataset, options)
                if active_set() != made_by:
                    raise sets_changed()
            finally:
                if not options["keep"]:
                    self.stderr.write("Removing the corpus.")
                    source_delete(user=user, source=source)
        self._report(dataset, indexed, made_by, measured, options)

    def _indexed(self, source: DataSource, dataset: Dataset, made_by: EmbeddingSet) -> IndexedCorpus:
        with self._bar(len(dataset.corpus), "indexing", "entry") as bar:
            return index_corpus(source, dataset, made_by, bar.update)

    def _measured(self, corpus: Corpus, dataset: Dataset, options: dict[str, Any]) -> dict[str, Measured]:
        wanted = {name: CONFIGURATIONS[name] for name in _names(options)}
        with self._bar(len(dataset.queries), "asking", "query") as bar:
            measured = measure(corpus, dataset.queries, dataset.judged, wanted, bar.update)
        with self._bar(len(wanted), f"{options['clients']} clients", "configuration") as bar:
            for row in measured.values():
                row.per_second = throughput(
                    corpus,
                    list(dataset.queries.values()),
                    row.settings,
                    clients=options["clients"],
                    seconds=options["seconds"],
                )
                bar.update()
        return measured

    def _report(
        self,
        dataset: Dataset,
        indexed: IndexedCorpus,
        made_by: EmbeddingSet,
        measured: dict[str, Measured],
        options: dict[str, Any],
    ) -> None:
        given = {
            "dataset": {
                "name": dataset.name,
                "split": options["split"],
                "entries": len(dataset.corpus),
                "corpus_sha256": dataset.fingerprint(),
                "left_out": dataset.left_out,
            },
            "corpus": {
                "documents": len(indexed.entries),
                "chunks": indexed.chunks,
                "indexed_now": indexed.made,
                "seconds": round(indexed.seconds, 3),
            },
            "embeddings": {"name": made_by.name, "kind": made_by.kind, "dimensions": made_by.dimensions},
            "clients": options["clients"],
            "seconds": options["seconds"],
            "cores": available_cores(),
            "queries": list(dataset.queries),
            "configurations": report.figures(measured),
        }
        if options["json"]:
            options["json"].write_text(json.dumps(given, ensure_ascii=False) + "\n", encoding="utf-8")
        for line in report.lines(given):
            self.stdout.write(line)

    def _bar(self, total: int, what: str, unit: str) -> "tqdm[Any]":
        return tqdm(total=total, desc=what, unit=unit, file=self.stderr, disable=not self.stderr.isatty())


def _names(options: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(filter(None, (name.strip() for name in options["configurations"].split(",")))))


def _check(options: dict[str, Any]) -> None:
    names = _names(options)
    if not names or not set(names) <= set(CONFIGURATIONS):
        raise CommandError(f"--configurations may name {', '.join(CONFIGURATIONS)}.")
    if options["queries"] is not None and options["queries"] < 1:
        raise CommandError("--queries must be 1 or more.")
    if not 1 <= options["clients"] <= 64:
        raise CommandError("--clients must be 1 to 64.")
    if not 0 < options["seconds"] <= 600:
        raise CommandError("--seconds must be more than 0 and 600 at most.")
    if options["json"] and not os.access(options["json"].resolve().parent, os.W_OK):
        raise CommandError(f"{options['json']} cannot be written: its folder is missing or may not be written to.")


def _sampled(dataset: Dataset, count: int | None) -> Dataset:
    """The data set with ``count`` of its queries, the same ones each time; all when it has no more."""
    if count is None or count >= len(dataset.queries):
        return dataset
    chosen = set(random.Random(SAMPLE_SEED).sample(sorted(dataset.queries), count))  # noqa: S311 - no secret
    queries = {key: text for key, text in dataset.queries.items() if key in chosen}
    left_out = (*dataset.left_out, f"{len(dataset.queries) - count} queries, by --queries")
    return Dataset(dataset.name, dataset.corpus, queries, dataset.judged, left_out)


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that what was indexed is removed."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
