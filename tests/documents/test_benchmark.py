"""The benchmark indexes a corpus as documents are, asks as a chat asks, and leaves nothing behind unless told to."""

import io
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from documents import services
from documents.evaluation import corpora, retrieval
from documents.evaluation.retrieval import ranked
from documents.ingest import ingest, readings
from documents.models import Chunk, ChunkEmbedding, DataSource, Document, EmbeddingSet, SetState, Visibility
from documents.retrieval import search
from rag.evaluation.metrics import METRICS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_worker")]

CORPUS = {
    "leave": ("Holidays", "Employees get thirty days of paid leave each year and request it from their manager."),
    "thrust": ("", "The rocket engine reached a thrust of 845 kilonewtons in the last test."),
    "invoices": ("Accounting", "Invoices are paid within fourteen days of their receipt."),
    "form": ("", "The form is called XJ-4471 and lies in the cupboard.\n\nIt is green."),
    "nothing": (" ", ""),
}
QUERIES = {
    "q1": ("How much vacation?", {"leave": 1}),
    "q2": ("XJ-4471", {"form": 2, "leave": 0}),
    "q3": ("When are invoices paid?", {"invoices": 1, "thrust": 1}),
}


@pytest.fixture(autouse=True)
def _nobody_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.tasks.sweep_bytes.delay", lambda: None)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    (folder / "qrels").mkdir(parents=True)
    entries = [{"_id": key, "title": title, "text": text} for key, (title, text) in CORPUS.items()]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    queries = [{"_id": key, "text": text} for key, (text, _grades) in QUERIES.items()]
    (folder / "queries.jsonl").write_text("".join(json.dumps(query) + "\n" for query in queries))
    judged = [f"{key}\t{entry}\t{grade}\n" for key, (_, grades) in QUERIES.items() for entry, grade in grades.items()]
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(judged))
    return folder


def run(cast: Any, *words: object) -> str:
    out = io.StringIO()
    call_command(
        "benchmark", "retrieval", *map(str, words), "--seconds", "0.1", "--clients", "2", "--user", cast.root.email,
        stdout=out, stderr=io.StringIO(),
    )  # fmt: skip
    return out.getvalue()


def rows_left() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Document, Chunk, ChunkEmbedding))


def test_every_configuration_is_measured_and_compared_with_the_first(cast: Any, dataset: Path, tmp_path: Path) -> None:
    printed = run(cast, dataset, "--json", tmp_path / "figures.json")
    given = json.loads((tmp_path / "figures.json").read_text())
    assert list(given["configurations"]) == ["dense", "keyword", "convex", "rrf", "reranked"]
    assert given["queries"] == ["q1", "q2", "q3"]
    assert given["dataset"] | {"corpus_sha256": ""} == {
        "name": "tiny", "split": "", "entries": 5, "corpus_sha256": "", "left_out": [],
    }  # fmt: skip
    assert (given["corpus"]["documents"], given["corpus"]["chunks"]) == (4, 4)
    convex, keyword = given["configurations"]["convex"], given["configurations"]["keyword"]
    assert convex["settings"] == {
        "fusion": "convex",
        "dense_weight": 0.5,
        "candidates": 50,
        "reranker": "none",
        "rerank_depth": 50,
    }
    assert convex["scores"]["recall@1"] == [1.0, 1.0, 0.5]
    assert convex["metrics"]["recall@20"] == pytest.approx(1.0)
    assert keyword["scores"]["recall@20"] == [0.0, 1.0, 0.5]  # no word of the first question is there
    assert set(keyword["difference"]) == set(METRICS)
    assert keyword["difference"]["recall@20"]["mean"] < 0
    assert "difference" not in given["configurations"]["dense"]
    for name, row in given["configurations"].items():
        assert 0 < row["latency_ms"]["p50"] <= row["latency_ms"]["p95"]
        assert row["queries_per_second"] > 0
        line = next(line for line in printed.splitlines() if line.startswith(name))
        assert line.split()[1:6] == [f"{row['metrics'][metric]:.3f}" for metric in METRICS]


def test_nothing_is_left_behind(cast: Any, dataset: Path) -> None:
    sources = set(DataSource.objects.values_list("pk", flat=True))
    run(cast, dataset, "--configurations", "convex")
    assert rows_left() == (0, 0, 0)
    assert set(DataSource.objects.values_list("pk", flat=True)) == sources


def test_what_is_kept_is_used_again_and_seen_by_no_one_else(cast: Any, dataset: Path, tmp_path: Path) -> None:
    run(cast, dataset, "--keep", "--configurations", "dense")
    source = DataSource.objects.get(name__startswith="Benchmark tiny ")
    assert source.visibility == Visibility.RESTRICTED
    for user in (cast.ada, cast.max):
        assert search(user=user, query="invoices").passages == []
    kept = set(Document.objects.values_list("pk", flat=True))
    assert len(kept) == 4
    run(cast, dataset, "--keep", "--configurations", "dense", "--json", tmp_path / "figures.json")
    assert json.loads((tmp_path / "figures.json").read_text())["corpus"]["indexed_now"] == 0
    assert set(Document.objects.values_list("pk", flat=True)) == kept
    (dataset / "corpus.jsonl").write_text((dataset / "corpus.jsonl").read_text().replace("green", "blue"))
    run(cast, dataset, "--configurations", "dense")  # another corpus, removed as no --keep is there
    assert set(Document.objects.values_list("pk", flat=True)) == kept
    assert not Document.objects.claimable().exists()


@pytest.mark.parametrize("how", ["ctrl-c", "sigterm", "failure"])
def test_broken_off_it_removes_what_it_has_indexed(
    cast: Any, dataset: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        assert Document.objects.count() == 4
        if how == "sigterm":
            os.kill(os.getpid(), signal.SIGTERM)
        raise KeyboardInterrupt if how == "ctrl-c" else RuntimeError("broken")

    monkeypatch.setattr(retrieval, "judge", broken)
    with pytest.raises(RuntimeError if how == "failure" else CommandError):
        run(cast, dataset)
    assert rows_left() == (0, 0, 0)
    assert not DataSource.objects.filter(name__startswith="Benchmark").exists()


def test_a_corpus_that_was_half_indexed_is_completed(
    cast: Any, dataset: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(readings, "BATCH", 2)
    done: list[None] = []
    real = readings._swap_in_all

    def second_fails(made: Any) -> None:
        if done:
            raise KeyboardInterrupt
        real(made)
        done.append(None)

    with monkeypatch.context() as context:
        context.setattr(readings, "_swap_in_all", second_fails)
        with pytest.raises(CommandError, match="Broken off"):
            run(cast, dataset, "--keep")
    assert Document.objects.count() == 2
    assert not Document.objects.claimable().exists()  # no worker takes up what is left
    run(cast, dataset, "--keep", "--configurations", "keyword", "--json", tmp_path / "figures.json")
    assert json.loads((tmp_path / "figures.json").read_text())["corpus"]["indexed_now"] == 2
    assert {document.external_id for document in Document.objects.all()} == set(CORPUS) - {"nothing"}


def test_an_entry_is_indexed_as_a_document_of_that_text_would_be(cast: Any, dataset: Path) -> None:
    run(cast, dataset, "--keep", "--configurations", "keyword")
    document = Document.objects.get(external_id="leave")
    title, text = CORPUS["leave"]
    assert (document.title, document.current_version.text) == (title, f"{title}\n\n{text}")
    upload = services.document_upload(
        user=cast.root, file=io.BytesIO(f"# {title}\n\n{text}".encode()), filename="a.md", source=cast.library
    )
    ingest(upload.pk)
    one, other = Chunk.objects.get(document=document), Chunk.objects.get(document=upload)
    for name in ("text", "heading", "tokens", "context"):
        assert getattr(one, name) == getattr(other, name)
    assert one.terms.terms == other.terms.terms
    assert one.terms.weights == other.terms.weights
    assert [bytes(each.key) for each in one.embeddings.all()] == [bytes(each.key) for each in other.embeddings.all()]


def test_passages_of_one_entry_count_once_and_a_query_never_finds_itself() -> None:
    class Passage:
        def __init__(self, document_id: str) -> None:
            self.document_id = document_id

    entries: Any = {"1": "a", "2": "b", "3": "q"}
    passages: Any = [Passage(one) for one in ("2", "3", "2", "1", "1")]
    assert ranked(passages, entries, "q", {"a": 1}) == ["b", "a"]
    assert ranked(passages, entries, "q", {"q": 1}) == ["b", "q", "a"]
    assert ranked(passages, entries, "other", {}) == ["b", "q", "a"]


def test_a_sample_is_the_same_each_time(cast: Any, dataset: Path, tmp_path: Path) -> None:
    chosen = []
    for _ in range(2):
        printed = run(cast, dataset, "--queries", "2", "--configurations", "keyword", "--json", tmp_path / "f.json")
        chosen.append(json.loads((tmp_path / "f.json").read_text())["queries"])
        assert "Left out: 1 queries, by --queries" in printed
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--configurations", "best"], "may name dense, keyword"),
        (["--queries", "0"], "1 or more"),
        (["--split", "dev"], "no dev.tsv"),
        (["--json", "/nowhere/figures.json"], "cannot be written"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_indexed(
    cast: Any, dataset: Path, words: list[str], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        run(cast, dataset, *words)
    assert not DataSource.objects.filter(name__startswith="Benchmark").exists()


def test_it_waits_for_no_set_of_embeddings_that_is_being_built(cast: Any, dataset: Path) -> None:
    corpora.set_to_measure()
    EmbeddingSet.objects.create(name="next", kind="openai", dimensions=8, state=SetState.BUILDING)
    with pytest.raises(CommandError, match="is being built"):
        run(cast, dataset)


def test_a_folder_without_a_data_set_is_refused(cast: Any, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"corpus\.jsonl is missing"):
        run(cast, tmp_path)
