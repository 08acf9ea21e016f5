"""Reads the question sets that say which paragraph answers a question, in one shape for every language."""

import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from csv import DictReader
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class QuestionSet:
    """Paragraphs, questions and, for each question, the indices of the paragraphs that answer it."""

    name: str
    language: str  # ISO 639-1
    titles: list[str]
    texts: list[str]
    questions: list[str]
    gold: list[set[int]]


def question_sets(evaldata: Path) -> Iterator[QuestionSet]:
    """Yield every set, one after the other. Raises FileNotFoundError where the data is missing."""
    qa, train = evaldata / "qa", evaldata / "train"
    yield _squad_retrieval(qa / "squad-retrieval")
    yield _scifact(qa / "scifact")
    yield _cranfield(qa / "cranfield")
    yield _clapnq(qa / "clapnq")
    for language in ("en", "de", "ar", "zh"):
        yield _squad(f"xquad {language}", language, [json.loads((qa / "xquad" / f"xquad.{language}.json").read_text())])
    yield _squad("norquad", "no", [_gzipped(train / "norquad" / f"{part}.json.gz") for part in ("test", "validation")])
    yield _squad("tquad", "tr", [_gzipped(train / "tquad" / "train-v0.1.json.gz")])
    yield _squad("persianqa", "fa", [_gzipped(train / "persianqa" / "pqa_test.json.gz")])
    yield _squad("arcd", "ar", [_gzipped(train / "arcd" / "arcd.json.gz")])
    yield _squad("cmrc", "zh", [_gzipped(train / "cmrc2018" / "cmrc2018_dev.json.gz")])
    with tarfile.open(train / "jaquad" / "dev.tar.gz") as files:
        parts = [files.extractfile(name) for name in sorted(files.getnames()) if name.endswith(".json")]
        yield _squad("jaquad", "ja", [json.load(part) for part in parts if part])


def _gzipped(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))


def _squad_retrieval(folder: Path) -> QuestionSet:
    corpus, queries = (
        [json.loads(line) for line in (folder / name).read_text().splitlines()]
        for name in ("corpus.jsonl", "queries.jsonl")
    )
    place = {row["_id"]: index for index, row in enumerate(corpus)}
    gold = {row["_id"]: set[int]() for row in queries}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        query, passage, _ = line.split("\t")
        gold[query].add(place[passage])
    texts, questions = [row["text"] for row in corpus], [row["text"] for row in queries]
    return QuestionSet("squad", "en", [""] * len(texts), texts, questions, list(gold.values()))


def _scifact(folder: Path) -> QuestionSet:
    with zipfile.ZipFile(folder / "scifact.zip") as archive:
        rows = list(DictReader(io.StringIO(archive.read("corpus_train.csv").decode())))
    abstracts = {row["doc_id"]: row for row in rows}
    place = {name: index for index, name in enumerate(abstracts)}
    lines = gzip.decompress((folder / "topics.beir-v1.0.0-scifact.test.tsv.gz").read_bytes()).decode().splitlines()
    topics = dict(line.split("\t", 1) for line in lines)
    gold = {name: set[int]() for name in topics}
    for line in (folder / "qrels.beir-v1.0.0-scifact.test.txt").read_text().splitlines():
        query, _, name, _ = line.split()
        gold[query].add(place[name])
    texts = [row["abstract"] for row in abstracts.values()]
    titles = [row["title"] for row in abstracts.values()]
    return QuestionSet("scifact", "en", titles, texts, list(topics.values()), list(gold.values()))


def _cranfield(folder: Path) -> QuestionSet:
    def part(document: str, tag: str) -> str:
        found = re.search(rf"<{tag}>(.*?)</{tag}>", document, re.DOTALL)
        return " ".join(found[1].split()) if found else ""

    documents = re.findall(r"<doc>.*?</doc>", (folder / "cran.all.1400.xml").read_text(), re.DOTALL)
    titles = [part(document, "title") for document in documents]
    texts = [part(document, "text").removeprefix(title) for document, title in zip(documents, titles, strict=True)]
    asked = re.findall(r"<title>(.*?)</title>", (folder / "cran.qry.xml").read_text(), re.DOTALL)
    gold = [set[int]() for _ in asked]
    for line in (folder / "cranqrel.trec.txt").read_text().splitlines():
        query, _, document, degree = line.split()
        if int(degree) > 0:  # queries are counted in their order, whatever their number
            gold[int(query) - 1].add(int(document) - 1)
    return QuestionSet("cranfield", "en", titles, texts, [" ".join(question.split()) for question in asked], gold)


def _clapnq(folder: Path) -> QuestionSet:
    rows = [
        json.loads(line) for name in ("answerable", "unanswerable")
        for line in (folder / f"clapnq_dev_{name}.jsonl").read_text().splitlines()
    ]  # fmt: skip
    place: dict[tuple[str, str], int] = {}
    gold = [{place.setdefault((p["title"], p["text"]), len(place)) for p in row["passages"]} for row in rows]
    titles, texts = [title for title, _ in place], [text for _, text in place]
    return QuestionSet("clapnq", "en", titles, texts, [row["input"] for row in rows], gold)


def _squad(name: str, language: str, files: list[Any]) -> QuestionSet:
    """Read files in the format of SQuAD: each question's paragraph is the one it was asked about."""
    place: dict[str, int] = {}
    gold: dict[str, set[int]] = {}
    for article in (article for file in files for article in file["data"]):
        for paragraph in article["paragraphs"]:
            index = place.setdefault(paragraph["context"].strip(), len(place))
            for question in paragraph["qas"]:
                gold.setdefault(question["question"].strip(), set()).add(index)
    return QuestionSet(name, language, [""] * len(place), list(place), list(gold), list(gold.values()))
