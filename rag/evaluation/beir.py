"""Reads data sets in BEIR's layout.

A folder with ``corpus.jsonl`` (``_id``, ``title``, ``text``), ``queries.jsonl`` (``_id``, ``text``) and judgements:
``qrels/SPLIT.tsv``, or ``qrels.tsv`` beside the two, with the columns query, entry and grade and one line of names.
Each file may be gzipped (``corpus.jsonl.gz``).
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from rag.errors import DatasetError

MAX_ENTRIES = 2_000_000
MAX_QUERIES = 200_000
MAX_JUDGEMENTS = 10_000_000
MAX_LINE_BYTES = 16 * 1024**2
MAX_ID_CHARS = 500
MAX_CORPUS_BYTES = 8 * 1024**3
"""Unpacked: what a small gzip file may grow to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a corpus; title and text are never both empty."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """``judged`` holds for each query that has an entry of a grade above 0 the grade of each judged entry.

    ``queries`` holds those queries only. ``left_out`` says in words what of the files is not here.
    """

    name: str
    corpus: dict[str, Entry]
    queries: dict[str, str]
    judged: dict[str, dict[str, int]]
    left_out: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """SHA-256 of the corpus, as hex digits: the same entries give the same, in whatever order."""
        digest = hashlib.sha256()
        for key, entry in sorted(self.corpus.items()):
            digest.update(json.dumps([key, entry.title, entry.text]).encode())
        return digest.hexdigest()


def read(folder: Path, split: str = "") -> Dataset:
    """Read a data set; ``split`` chooses among several files of judgements, ``test`` without it.

    Raises DatasetError, which names file and line: ``dataset_missing``, ``dataset_invalid``, ``dataset_too_large``.
    """
    corpus = _corpus(_found(folder, "corpus.jsonl"))
    texts = _queries(_found(folder, "queries.jsonl"))
    judgements = _judgements_file(folder, split)
    judged = _judged(judgements, corpus, texts)
    relevant = {query: grades for query, grades in judged.items() if any(grade > 0 for grade in grades.values())}
    if not relevant:
        raise DatasetError("dataset_invalid", f"{judgements} has no judgement above 0, so there is nothing to find.")
    left_out = []
    if unjudged := len(texts) - len(relevant):
        left_out.append(f"{unjudged} queries without anything judged to be found")
    return Dataset(folder.resolve().name, corpus, {key: texts[key] for key in relevant}, relevant, tuple(left_out))


def _corpus(path: Path) -> dict[str, Entry]:
    corpus: dict[str, Entry] = {}
    for number, row in _rows(path):
        key, text, title = _text_of(path, number, row, "_id"), _text_of(path, number, row, "text"), row.get("title")
        if title is not None and not isinstance(title, str):
            raise _wrong(path, number, '"title" is no text')
        _check_key(path, number, key, corpus, MAX_ENTRIES)
        corpus[key] = Entry(title or "", text)
    if not corpus:
        raise DatasetError("dataset_invalid", f"{path} has no entries.")
    return corpus


def _queries(path: Path) -> dict[str, str]:
    queries: dict[str, str] = {}
    for number, row in _rows(path):
        key, text = _text_of(path, number, row, "_id"), _text_of(path, number, row, "text")
        _check_key(path, number, key, queries, MAX_QUERIES)
        if not text.strip():
            raise _wrong(path, number, "the query is empty")
        queries[key] = text
    return queries


def _judged(path: Path, corpus: dict[str, Entry], queries: dict[str, str]) -> dict[str, dict[str, int]]:
    judged: dict[str, dict[str, int]] = {}
    count = 0
    for number, line in _lines(path):
        fields = line.split("\t")
        if number == 1 and fields[-1].strip() == "score":
            continue
        if len(fields) != 3:
            raise _wrong(path, number, f"there are {len(fields)} columns and not three with tabs between them")
        query, entry, grade = (field.strip() for field in fields)
        if query not in queries:
            raise _wrong(path, number, f'queries.jsonl has no query "{query[:80]}"')
        if entry not in corpus:
            raise _wrong(path, number, f'corpus.jsonl has no entry "{entry[:80]}"')
        try:
            judged.setdefault(query, {})[entry] = int(grade)
        except ValueError as error:
            raise _wrong(path, number, f'"{grade[:80]}" is no whole number') from error
        count += 1
        if count > MAX_JUDGEMENTS:
            raise _too_many(path, MAX_JUDGEMENTS, "judgements")
    return judged


def _judgements_file(folder: Path, split: str) -> Path:
    beside = [path for path in (folder / "qrels.tsv", folder / "qrels.tsv.gz") if path.is_file()]
    found = sorted(path for path in (folder / "qrels").glob("*.tsv*") if path.name.endswith((".tsv", ".tsv.gz")))
    named = {path.name.removesuffix(".gz").removesuffix(".tsv"): path for path in found}
    if split:
        if split in named:
            return named[split]
        raise DatasetError("dataset_missing", f"{folder / 'qrels'} has no {split}.tsv. There are: {_listed(named)}.")
    if "test" in named:
        return named["test"]
    chosen = [*named.values(), *beside]
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise DatasetError("dataset_missing", f"{folder} has no qrels/test.tsv and no qrels.tsv.")
    raise DatasetError("dataset_missing", f"{folder} has several files of judgements; name one: {_listed(named)}.")


def _listed(named: dict[str, Path]) -> str:
    return ", ".join(sorted(named)) or "none"


def _found(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise DatasetError(
        "dataset_missing", f"{folder / name} is missing: a data set has corpus.jsonl, queries.jsonl and qrels."
    )


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in _lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _wrong(path, number, f"this is no JSON ({error})") from error
        if not isinstance(row, dict):
            raise _wrong(path, number, "this is no JSON object")
        yield number, row


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that hold something, with their numbers from 1."""
    number, total = 0, 0
    try:
        with _opened(path) as file:
            while raw := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                total += len(raw)
                if len(raw) > MAX_LINE_BYTES:
                    raise _wrong(path, number, f"the line is longer than {MAX_LINE_BYTES // 1024**2} MB")
                if total > MAX_CORPUS_BYTES:
                    raise DatasetError(
                        "dataset_too_large", f"{path} holds more than {MAX_CORPUS_BYTES // 1024**3} GB of text."
                    )
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                if line.strip():
                    yield number, line
    except UnicodeDecodeError as error:
        raise _wrong(path, number, "this is not UTF-8") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError("dataset_invalid", f"{path} cannot be read after line {number} ({error}).") from error


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _text_of(path: Path, number: int, row: dict[str, Any], name: str) -> str:
    value = row.get(name)
    if name == "_id" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise _wrong(path, number, f'"{name}" is missing or no text')
    return value


def _check_key(path: Path, number: int, key: str, known: dict[str, Any], most: int) -> None:
    if not 1 <= len(key) <= MAX_ID_CHARS:
        raise _wrong(path, number, f'"_id" must have 1 to {MAX_ID_CHARS} characters')
    if key in known:
        raise _wrong(path, number, f'there is a second "{key[:80]}"')
    if len(known) >= most:
        raise _too_many(path, most, "entries")


def _wrong(path: Path, number: int, what: str) -> DatasetError:
    return DatasetError("dataset_invalid", f"{path}, line {number}: {what}.")


def _too_many(path: Path, most: int, what: str) -> DatasetError:
    return DatasetError("dataset_too_large", f"{path} has more than {most:,} {what}.")
