"""Writes sets of the shared evaluation data in BEIR's layout, as ``manage.py benchmark retrieval`` reads it.

    EVALDATA=../shared/evaldata python scripts/beir.py scifact FOLDER

``squad-retrieval`` is in that layout already and is read where it lies. ``xquad`` needs ``--language`` (ar, de, en,
zh). What is an entry: a paragraph (xquad), an abstract (scifact, cranfield), a passage (2wiki-multihop). The sets of
excerpts (chunking-eval) are not among them: they judge where a chunk begins and ends, not which entry is found.
"""

import argparse
import ast
import csv
import gzip
import html
import io
import json
import os
import re
import tokenize
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
LANGUAGES = ("ar", "de", "en", "zh")


@dataclass(slots=True)
class Layout:
    """Entries as (id, title, text), queries as (id, text), judgements as (query, entry, grade)."""

    corpus: list[tuple[str, str, str]] = field(default_factory=list)
    queries: list[tuple[str, str]] = field(default_factory=list)
    judged: list[tuple[str, str, int]] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write the three files below ``folder``, which is made."""
        (folder / "qrels").mkdir(parents=True, exist_ok=True)
        _write_rows(
            folder / "corpus.jsonl", ({"_id": key, "title": title, "text": text} for key, title, text in self.corpus)
        )
        _write_rows(folder / "queries.jsonl", ({"_id": key, "text": text} for key, text in self.queries))
        rows = ["query-id\tcorpus-id\tscore", *(f"{query}\t{entry}\t{grade}" for query, entry, grade in self.judged)]
        (folder / "qrels" / "test.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _write_rows(path: Path, rows: Iterable[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def scifact(folder: Path) -> Layout:
    """BEIR's test set: 5,183 abstracts, 300 claims."""
    made = Layout()
    csv.field_size_limit(10**7)
    with zipfile.ZipFile(folder / "scifact.zip") as archive, archive.open("corpus_train.csv") as file:
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8")):
            made.corpus.append((row["doc_id"], row["title"], " ".join(_sentences(row["abstract"]))))
    with gzip.open(folder / "topics.beir-v1.0.0-scifact.test.tsv.gz", "rt", encoding="utf-8") as lines:
        made.queries = [(key, text.strip()) for key, text in (line.split("\t", 1) for line in lines)]
    for line in (folder / "qrels.beir-v1.0.0-scifact.test.txt").read_text(encoding="utf-8").splitlines():
        query, _round, entry, grade = line.split()
        made.judged.append((query, entry, int(grade)))
    return made


def _sentences(printed: str) -> list[str]:
    """The sentences of an array of texts as numpy prints it: texts in quotes, with white space between them."""
    tokens = tokenize.generate_tokens(io.StringIO(printed).readline)
    return [ast.literal_eval(token.string).strip() for token in tokens if token.type == tokenize.STRING]


def cranfield(folder: Path) -> Layout:
    """1,400 abstracts, 225 questions. The judgements count the questions from 1, whatever numbers they carry."""
    made = Layout()
    for part in re.findall(r"<doc>(.*?)</doc>", (folder / "cran.all.1400.xml").read_text(encoding="utf-8"), re.DOTALL):
        title, text = _field(part, "title"), _field(part, "text")
        # Each text repeats its title.
        made.corpus.append((_field(part, "docno"), title, text.removeprefix(title).strip()))
    topics = re.findall(r"<top>(.*?)</top>", (folder / "cran.qry.xml").read_text(encoding="utf-8"), re.DOTALL)
    made.queries = [(f"q{number}", _field(part, "title")) for number, part in enumerate(topics, start=1)]
    for line in (folder / "cranqrel.trec.txt").read_text(encoding="utf-8").splitlines():
        query, _round, entry, grade = line.split()
        made.judged.append((f"q{query}", entry, int(grade)))
    return made


def _field(part: str, name: str) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", part, re.DOTALL)
    return " ".join(html.unescape(found[1]).split()) if found else ""


def xquad(folder: Path, language: str) -> Layout:
    """240 paragraphs, 1,190 questions; what is to be found is the paragraph that a question was asked about."""
    made = Layout()
    known: dict[str, str] = {}
    for article in json.loads((folder / f"xquad.{language}.json").read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            entry = known.setdefault(paragraph["context"], f"p{len(known)}")
            for question in paragraph["qas"]:
                made.queries.append((question["id"], question["question"]))
                made.judged.append((question["id"], entry, 1))
    made.corpus = [(entry, "", text) for text, entry in known.items()]
    return made


def two_wiki(folder: Path) -> Layout:
    """6,119 passages, 101 questions, each with the two or four passages that answer it together."""
    made = Layout()
    keys: dict[str, str] = {}
    for number, row in enumerate(json.loads((folder / "2wikimultihopqa_corpus.json").read_text(encoding="utf-8"))):
        keys[row["title"]] = f"p{number}"
        made.corpus.append((f"p{number}", row["title"], row["text"]))
    for number, row in enumerate(json.loads((folder / "questions_101.json").read_text(encoding="utf-8"))):
        made.queries.append((f"q{number}", row["question"]))
        made.judged += [(f"q{number}", keys[title], 1) for title in dict.fromkeys(row["gold_titles"])]
    return made


def convert(name: str, target: Path, language: str = "en") -> None:
    """Write the set of this name below ``target``."""
    makers: dict[str, Callable[[Path], Layout]] = {
        "scifact": scifact,
        "cranfield": cranfield,
        "xquad": lambda folder: xquad(folder, language),
        "2wiki-multihop": two_wiki,
    }
    makers[name](EVALDATA / "qa" / name).write(target)


def main() -> None:
    """Write one set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=["scifact", "cranfield", "xquad", "2wiki-multihop"])
    parser.add_argument("folder", type=Path, help="is made")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of xquad")
    options = parser.parse_args()
    if not (EVALDATA / "qa").is_dir():
        raise SystemExit(f"{EVALDATA} is missing. Set EVALDATA to the folder of the evaluation data.")
    convert(options.name, options.folder, options.language)


if __name__ == "__main__":
    main()
