"""Measures routing: whether the descriptions of data sources help to find what answers a question.

    EVALDATA=../shared/evaldata python bench/routing.py [--questions 500] [--json FILE]

SQuAD's paragraphs as data sources by topic, described in a sentence, beside a handbook and abstracts of medicine that
answer none of its questions; then each article a source of its own, described by its first sentence. In memory, with
the embedder and the late interaction that ship. *Boost*: the similarity of question and description, stretched from
0 to 1 over the sources, is added with this weight. *Hard*: only the sources with the most similar descriptions.
"""

import argparse
import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the project's root must be on the path first
from numpy.typing import NDArray  # noqa: E402

from bench.measures.retrieval_sets import Floats, Found, Index, scifact  # noqa: E402
from rag.embeddings import shipped_embedder  # noqa: E402
from rag.late_interaction import shipped_late_interaction  # noqa: E402
from rag.reranking import Candidate, Question  # noqa: E402
from rag.reranking.late import LateInteractionReranker  # noqa: E402

EVALDATA = Path(os.environ.get("EVALDATA", str(ROOT.parent / "shared" / "evaldata")))
ABSTRACTS = 600
BOOSTS = (0.02, 0.05, 0.1, 0.2)
HARD = (1, 2, 3)
TOPICS = {
    "law": ("Law and politics: parliaments, courts, treaties, ideologies and how states are governed.",
            ("European_Union_law", "Scottish_Parliament", "Imperialism", "Islamism")),
    "history": ("History: wars, peoples, dynasties and crises of earlier times.",
                ("French_and_Indian_War", "Huguenot", "Normans", "Yuan_dynasty", "1973_oil_crisis")),
    "science": ("Science and engineering: physics, biology, computing, networks and machines.",
                ("Computational_complexity_theory", "Force", "Immune_system", "Packet_switching", "Steam_engine")),
    "places": ("Places and institutions: cities and universities, their people, buildings and culture.",
               ("Harvard_University", "Warsaw")),
}  # fmt: skip
HANDBOOK = "Handbook of a government office: working hours, leave, travel, tools and how projects are run."
MEDICINE = "Abstracts of medical and biological research papers."


def main() -> None:
    """Measure both divisions, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    articles = json.loads((EVALDATA / "qa" / "squad" / "dev-v1.1.json").read_text("utf-8"))["data"]
    documents, asked = read(articles)
    index = Index(documents, shipped_embedder())
    questions = random.Random(47).sample(asked, min(options.questions, len(asked)))
    by_topic = {article: topic for topic, (_told, names) in TOPICS.items() for article in names}
    told = {topic: description for topic, (description, _names) in TOPICS.items()}
    others = {"handbook": HANDBOOK, "medicine": MEDICINE}
    first = {each["title"]: each["paragraphs"][0]["context"].split(". ")[0] for each in articles}
    figures = {
        "six sources by topic": measured(index, questions, by_topic, told | others),
        "an article a source": measured(index, questions, {name: name for name in first}, first | others),
    }
    for name, rows in figures.items():
        print(f"\n{name}: {len(questions)} questions, {len(index.owners)} chunks")
        for how, (one, five) in rows.items():
            print(f"  {how:36} recall@1 {one:.3f}  recall@5 {five:.3f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def read(articles: list[dict[str, Any]]) -> tuple[dict[str, tuple[str, str]], list[tuple[str, str]]]:
    """The documents by an id that begins with their article, and questions with the id of what answers them."""
    documents: dict[str, tuple[str, str]] = {}
    asked: list[tuple[str, str]] = []
    for article in articles:
        for number, paragraph in enumerate(article["paragraphs"]):
            name = f"{article['title']}/{number}"
            documents[name] = ("", paragraph["context"])
            asked += [(row["question"], name) for row in paragraph["qas"]]
    for path in sorted((EVALDATA / "corpora" / "18f-handbook").rglob("*.md"))[::2]:
        documents[f"handbook/{path.parent.name}-{path.name}"] = (path.stem, path.read_text("utf-8")[:4000])
    abstracts = list(scifact(EVALDATA).documents.items())[:ABSTRACTS]
    documents |= {f"medicine/{number}": abstract for number, abstract in abstracts}
    return documents, asked


def measured(
    index: Index, questions: list[tuple[str, str]], source_of: dict[str, str], told: dict[str, str]
) -> dict[str, tuple[float, float]]:
    """Recall@1 and recall@5 of each way."""
    names = list(told)
    descriptions = np.stack([index.embedder.embed_query(text) for text in told.values()])
    where = np.array([names.index(source_of.get(owner.split("/")[0], owner.split("/")[0])) for owner in index.owners])
    hits: dict[str, list[tuple[bool, bool]]] = {}
    right = [0] * len(names)
    for text, gold in questions:
        similar = descriptions @ index.embedder.embed_query(text)
        order = np.argsort(-similar)
        mine = int(np.flatnonzero(order == names.index(source_of[gold.split("/")[0]]))[0])
        right[mine] += 1
        for how, ranked in ways(index, text, where, similar, order):
            first = list(dict.fromkeys(ranked))
            hits.setdefault(how, []).append((gold in first[:1], gold in first[:5]))
    shares = [round(float(share), 3) for share in np.cumsum(right) / len(questions)]
    print(f"right source among the first {', '.join(map(str, HARD))}: {shares[: len(HARD)]}")
    return {how: tuple(np.mean(rows, axis=0).round(4).tolist()) for how, rows in hits.items()}


def ways(
    index: Index, text: str, where: NDArray[np.intp], similar: Floats, order: NDArray[np.intp]
) -> Iterator[tuple[str, list[str]]]:
    """Each way with the documents it finds, best first."""
    plain = index.find(text)
    scores = reranked(text, plain)
    stretched = (similar - similar.min()) / max(1e-9, float(np.ptp(similar)))
    near = stretched[where[plain.chunks]]
    yield "fused, no routing", best(plain, plain.fused)
    yield "reranked, no routing", best(plain, scores)
    for weight in BOOSTS:
        yield f"fused, boost {weight}", best(plain, plain.fused + weight * near)
        yield f"reranked, boost {weight}", best(plain, scores + weight * near)
    for count in HARD:
        among = index.find(text, np.isin(where, order[:count]))
        yield f"fused, hard {count}", best(among, among.fused)
        yield f"reranked, hard {count}", best(among, reranked(text, among))


def reranked(text: str, found: Found) -> Floats:
    """The scores of the late interaction that ships."""
    rows = zip(found.similarities.tolist(), found.keywords.tolist(), found.packed, strict=True)
    candidates = [Candidate("", similarity, share, packed) for similarity, share, packed in rows]
    return LateInteractionReranker(shipped_late_interaction()).rerank(Question(text, found.question), candidates).scores


def best(found: Found, scores: Floats) -> list[str]:
    """The documents of the candidates, best first."""
    return [found.documents[place] for place in np.argsort(-scores, kind="stable")]


if __name__ == "__main__":
    main()
