"""Data sets in BEIR's layout are read whole, and what is wrong with one is told with its file and line."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from rag.errors import DatasetError
from rag.evaluation import beir
from rag.evaluation.beir import Entry, read

CORPUS = [{"_id": "a", "title": "Ships", "text": "Fulmar."}, {"_id": "b", "title": "", "text": "Petrel."}]
QUERIES = [{"_id": "q1", "text": "Which ship?"}, {"_id": "q2", "text": "Which bird?"}]
QRELS = "query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tb\t0\nq2\tb\t1\n"


def lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text(lines(CORPUS))
    (tmp_path / "queries.jsonl").write_text(lines(QUERIES))
    (tmp_path / "qrels" / "test.tsv").write_text(QRELS)
    return tmp_path


def test_a_data_set_is_read(folder: Path) -> None:
    found = read(folder)
    assert found.corpus == {"a": Entry("Ships", "Fulmar."), "b": Entry("", "Petrel.")}
    assert found.queries == {"q1": "Which ship?", "q2": "Which bird?"}
    assert found.judged == {"q1": {"a": 2, "b": 0}, "q2": {"b": 1}}
    assert found.left_out == ()


def test_gzipped_files_and_judgements_beside_the_corpus_are_read(folder: Path) -> None:
    before = read(folder)
    for name in ("corpus.jsonl", "queries.jsonl"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))
        (folder / name).unlink()
    (folder / "qrels.tsv.gz").write_bytes(gzip.compress(QRELS.encode()))
    (folder / "qrels" / "test.tsv").unlink()
    assert read(folder) == before


def test_the_title_may_be_missing_and_ids_may_be_numbers(folder: Path) -> None:
    (folder / "corpus.jsonl").write_text('{"_id": 1, "text": "one"}\n\n{"_id": 2, "title": null, "text": "two"}\n')
    (folder / "qrels" / "test.tsv").write_text("q1\t1\t1\n")
    found = read(folder)
    assert found.corpus == {"1": Entry("", "one"), "2": Entry("", "two")}
    assert found.judged == {"q1": {"1": 1}}


def test_queries_that_nothing_is_judged_for_are_left_out_and_told_of(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").write_text("q1\ta\t1\nq2\tb\t0\n")
    found = read(folder)
    assert list(found.queries) == ["q1"]
    assert found.left_out == ("1 queries without anything judged to be found",)


def test_the_split_chooses_the_judgements(folder: Path) -> None:
    (folder / "qrels" / "dev.tsv").write_text("q2\tb\t1\n")
    assert list(read(folder).queries) == ["q1", "q2"]
    assert list(read(folder, "dev").queries) == ["q2"]
    with pytest.raises(DatasetError, match=r"There are: dev, test"):
        read(folder, "train")
    (folder / "qrels" / "test.tsv").rename(folder / "qrels" / "train.tsv")
    with pytest.raises(DatasetError, match="name one: dev, train"):
        read(folder)


def test_the_same_entries_have_the_same_fingerprint_in_any_order(folder: Path) -> None:
    before = read(folder).fingerprint()
    (folder / "corpus.jsonl").write_text(lines(CORPUS[::-1]))
    assert read(folder).fingerprint() == before
    (folder / "corpus.jsonl").write_text(lines([CORPUS[0], CORPUS[1] | {"text": "Petrel!"}]))
    assert read(folder).fingerprint() != before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("corpus.jsonl", "", "has no entries"),
        ("corpus.jsonl", lines(CORPUS[:1]) + "{", "line 2: this is no JSON"),
        ("corpus.jsonl", lines(CORPUS) + "[" * 100_000, "line 3: this is no JSON"),
        ("corpus.jsonl", lines([*CORPUS, ["c"]]), "line 3: this is no JSON object"),
        ("corpus.jsonl", lines([*CORPUS, {"_id": "c"}]), 'line 3: "text" is missing'),
        ("corpus.jsonl", lines([*CORPUS, {"_id": "c", "text": "x", "title": 5}]), 'line 3: "title" is no text'),
        ("corpus.jsonl", lines([*CORPUS, CORPUS[0]]), 'line 3: there is a second "a"'),
        ("corpus.jsonl", lines([*CORPUS, {"_id": "", "text": "x"}]), "line 3: \"_id\" must have"),
        ("queries.jsonl", lines([{"_id": "q1", "text": " "}]), "line 1: the query is empty"),
        ("qrels/test.tsv", QRELS + "q1 a 1\n", "line 5: there are 1 columns"),
        ("qrels/test.tsv", QRELS + "q9\ta\t1\n", 'line 5: queries.jsonl has no query "q9"'),
        ("qrels/test.tsv", QRELS + "q1\tz\t1\n", 'line 5: corpus.jsonl has no entry "z"'),
        ("qrels/test.tsv", QRELS + "q1\ta\thigh\n", 'line 5: "high" is no whole number'),
        ("qrels/test.tsv", "q1\ta\t0\n", "no judgement above 0"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_and_line(folder: Path, name: str, content: str, said: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(DatasetError) as caught:
        read(folder)
    assert str(folder / name) in caught.value.message
    assert said in caught.value.message


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DatasetError, match=Path(name).name) as caught:
        read(folder)
    assert caught.value.code == "dataset_missing"


def test_bytes_that_are_no_text_and_broken_archives_are_refused(folder: Path) -> None:
    (folder / "corpus.jsonl").write_bytes(lines(CORPUS).encode() + b'{"_id": "\xff"}\n')
    with pytest.raises(DatasetError, match="line 3: this is not UTF-8"):
        read(folder)
    (folder / "corpus.jsonl").unlink()
    whole = gzip.compress(lines(CORPUS).encode())
    for broken in (b"no archive", whole[:-12], whole[:20] + b"\xff" * 20 + whole[40:]):
        (folder / "corpus.jsonl.gz").write_bytes(broken)
        with pytest.raises(DatasetError, match="cannot be read"):
            read(folder)


def test_nothing_grows_without_bounds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, limit in (("MAX_LINE_BYTES", 20), ("MAX_CORPUS_BYTES", 60), ("MAX_ENTRIES", 1), ("MAX_JUDGEMENTS", 2)):
        with monkeypatch.context() as context:
            context.setattr(beir, name, limit)
            with pytest.raises(DatasetError):
                read(folder)
