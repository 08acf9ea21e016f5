"""Fits the weights with which the extractive answerer ranks sentences and knows when to refuse.

    EVALDATA=../shared/evaldata python scripts/train_sentence_scorer.py [--cache FILE]

Reads SQuAD 2 (every other article, CC BY-SA 4.0), NQ-open with gold passages (MIT), COVID-QA (Apache-2.0) and, for
questions that no document answers, the CLEF handbook (CC0). bench/answers.py measures on other articles. Writes
rag/generation/sentence_weights.py; the same data gives the same weights.

The ranking is a conditional logit: within each question, the sentence that holds the answer should win. Whether the
best sentence answers is an ordinary logistic regression on top. Both are fitted by gradient descent on standardised
features with a quadratic penalty, averaged over every question alike.
"""

import argparse
import pickle
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the project's root must be on the path first
from numpy.typing import NDArray  # noqa: E402

from bench.answers import (  # noqa: E402
    Asked,
    Embedded,
    Example,
    Pool,
    against,
    alone,
    auc,
    covid_qa,
    handbook,
    holds,
    natural_questions,
    squad,
)
from rag.embeddings import shipped_embedder  # noqa: E402
from rag.generation.candidates import Candidate, cut  # noqa: E402
from rag.generation.extractive import EMBEDDED, NEAR_LOGIT, QUOTES, embedded  # noqa: E402
from rag.generation.sentence_scoring import (  # noqa: E402
    ANSWERED_FEATURES,
    RANKING_FEATURES,
    Logistic,
    QuestionView,
)

Floats = NDArray[np.float64]
WEIGHTS = ROOT / "rag/generation/sentence_weights.py"
SEED = 20

# Half of SQuAD's questions are made to look answerable and are not; people who ask their documents rarely do that.
UNANSWERED_SHARE = 0.6

# Weights set by hand, per unit of the feature: the sets have no questions-and-answers pages, tables or lists to learn
# from, and their titles say more about which article a paragraph is from than a company's titles do;
# and what their search puts first depends on how they were made.
SET_BY_HAND = {
    "lead_similarity": 1.0,
    "after_question": 1.5,
    "label_coverage": 1.0,
    "rank": -0.4,
    "is_row": 0.0,
    "is_lead": 0.0,
    "is_scrap": -1.0,
}


@dataclass(frozen=True, slots=True)
class Ranked:
    """One question made into numbers; ``gold`` marks the rows whose candidate holds an answer."""

    view: QuestionView
    candidates: list[Candidate]
    chosen: list[int]
    rows: Floats
    gold: NDArray[np.bool_]
    weight: float


def examples(embedder: Embedded) -> Iterator[tuple[Example, float]]:
    """Training questions, each with its weight, in the settings of use: found, missed, or not there at all."""
    rng = random.Random(SEED)
    passages, asked = squad("train")
    pool = Pool(passages, embedder)
    sample = rng.sample(asked, min(len(asked), 2_000))
    for item in asked:
        yield alone(passages, item), 1.0
    for item in sample[:1_000]:
        yield against(pool, item, 8), 1.0
    for item in [item for item in sample if item.answers][:250]:
        yield against(pool, item, 8, without_gold=True), 1.0
    strange = Pool(handbook("clef-handbook", embedder), embedder)
    for item in [item for item in sample if item.answers][250:600]:
        yield against(strange, Asked(item.question, -1, ()), 8), 1.0
    for read, count in ((natural_questions, 700), (covid_qa, 350)):
        passages, asked = read()
        asked = asked[: 2 * count]
        last = max(item.paragraph for item in asked) + 1
        pool = Pool(passages[:last], embedder)
        sample = rng.sample(asked, min(len(asked), count))
        for item in sample:
            yield against(pool, item, 8), 0.7
        for item in sample[: count // 3]:
            yield against(pool, item, 8, without_gold=True), 0.7


def ranked(example: Example, weight: float, embedder: Embedded) -> Ranked | None:
    """The example as the answerer would see it."""
    candidates = cut(example.passages)
    view = QuestionView(example.question, example.passages, candidates)
    chosen = view.prefilter(EMBEDDED)
    if not chosen:
        return None
    vectors, labels = embedded([candidates[index] for index in chosen], example.passages, embedder)
    rows = view.ranking_rows(chosen, embedder.embed_query(example.question), vectors, labels)
    gold = [holds(example, candidates[i].passage, candidates[i].start, candidates[i].end) for i in chosen]
    return Ranked(view, candidates, chosen, rows, np.array(gold), weight)


def standardised(rows: Floats) -> tuple[Floats, Floats]:
    """Means and scales of the columns; a constant column keeps scale 1."""
    scales = rows.std(axis=0)
    return rows.mean(axis=0), np.where(scales < 1e-6, 1.0, scales)


def fit(questions: Sequence[Ranked]) -> tuple[Logistic, Logistic]:
    """Both models; the second learns whether one of the quotes that the first leads to holds the answer."""
    ranking = fit_ranking(questions)
    rows, labels, share = [], [], []
    for question in questions:
        logits = ranking.logits(question.rows)
        best = int(np.argmax(logits))
        picked = [
            row for row in np.argsort(-logits, kind="stable")[:QUOTES] if logits[row] >= logits[best] - NEAR_LOGIT
        ]
        rows.append(question.view.answered_row(question.chosen[best], float(logits[best])))
        labels.append(float(question.gold[picked].any()))
        share.append(question.weight * (1.0 if question.gold.any() else UNANSWERED_SHARE))
    answered = fit_answered(np.array(rows), np.array(labels), np.array(share))
    chances = answered.logits(np.array(rows))
    right = [label for label, question in zip(labels, questions, strict=True) if question.gold.any()]
    print(f"{len(questions)} questions, {len(right)} with an answer to find, found {np.mean(right):.3f}")
    print(f"AUC of found: {auc(chances[np.array(labels) == 1], chances[np.array(labels) == 0]):.3f}")
    return ranking, answered


def fit_ranking(questions: Sequence[Ranked], penalty: float = 1e-3, rounds: int = 600) -> Logistic:
    """Conditional logit: maximise the log share that the gold rows have of each question's softmax."""
    used = [question for question in questions if question.gold.any() and not question.gold.all()]
    stacked = np.concatenate([question.rows for question in used])
    means, scales = standardised(stacked)
    fixed = np.array([SET_BY_HAND.get(name, np.nan) for name in RANKING_FEATURES])
    free = np.isnan(fixed)
    means, scales = np.where(free, means, 0.0), np.where(free, scales, 1.0)
    features = (stacked - means) / scales
    given = features[:, ~free] @ fixed[~free]
    gold = np.concatenate([question.gold for question in used]).astype(np.float64)
    owner = np.repeat(np.arange(len(used)), [len(question.rows) for question in used])
    share = np.array([question.weight for question in used])
    share /= share.sum()

    def gradient(weights: Floats) -> Floats:
        logits = features @ np.where(free, weights, 0.0) + given
        exps = np.exp(logits - logits.max())
        total = np.bincount(owner, exps)
        golden = np.bincount(owner, exps * gold)
        pull = exps / total[owner] - exps * gold / golden[owner]
        result: Floats = features.T @ (pull * share[owner]) + penalty * weights
        return result

    weights = np.where(free, descend(gradient, len(RANKING_FEATURES), rounds), fixed)
    return Logistic(0.0, tuple(weights), tuple(means), tuple(scales))


def fit_answered(rows: Floats, labels: Floats, share: Floats, penalty: float = 1e-3, rounds: int = 1_500) -> Logistic:
    """Logistic regression; the last weight is the bias, which the penalty leaves alone."""
    means, scales = standardised(rows)
    features = np.column_stack([(rows - means) / scales, np.ones(len(rows))])
    share = share / share.sum()
    keep = np.append(np.full(rows.shape[1], penalty), 0.0)

    def gradient(weights: Floats) -> Floats:
        chances = 1.0 / (1.0 + np.exp(-features @ weights))
        result: Floats = features.T @ ((chances - labels) * share) + keep * weights
        return result

    weights = descend(gradient, features.shape[1], rounds)
    return Logistic(float(weights[-1]), tuple(weights[:-1]), tuple(means), tuple(scales))


def descend(gradient: Callable[[Floats], Floats], size: int, rounds: int) -> Floats:
    """Adam (arXiv 1412.6980) with a step that shrinks to nothing."""
    weights, momentum, squares = np.zeros(size), np.zeros(size), np.zeros(size)
    for step in range(1, rounds + 1):
        slope = gradient(weights)
        momentum = 0.9 * momentum + 0.1 * slope
        squares = 0.99 * squares + 0.01 * slope**2
        pace = 0.1 * (1 - step / (rounds + 1))
        weights -= pace * (momentum / (1 - 0.9**step)) / (np.sqrt(squares / (1 - 0.99**step)) + 1e-9)
    return weights


def written(name: str, model: Logistic) -> str:
    """The model as a constant."""
    columns = (model.weights, model.means, model.scales)
    lists = ",\n    ".join("(" + ", ".join(f"{value:.5g}" for value in column) + ")" for column in columns)
    return f"{name}: Weights = (\n    {model.bias:.5g},\n    {lists},\n)\n"


def main() -> None:
    """Fit, report how well the training data are fitted, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, help="keep the embeddings of the sentences in this file")
    parser.add_argument("--dry", action="store_true", help="print, write nothing")
    arguments = parser.parse_args()
    embedder = Embedded(shipped_embedder())
    if arguments.cache and arguments.cache.exists():
        embedder.seen.update(pickle.loads(arguments.cache.read_bytes()))
    questions = [
        made for example, weight in examples(embedder) if (made := ranked(example, weight, embedder)) is not None
    ]
    if arguments.cache:
        arguments.cache.write_bytes(pickle.dumps(embedder.seen))
    ranking, answered = fit(questions)
    for names, model in ((RANKING_FEATURES, ranking), (ANSWERED_FEATURES, answered)):
        print(", ".join(f"{name} {weight:+.2f}" for name, weight in zip(names, model.weights, strict=True)))
    text = WEIGHTS.read_text("utf-8")
    head = text[: text.index("RANKING: Weights")]
    whole = head + written("RANKING", ranking) + written("ANSWERED", answered)
    if arguments.dry:
        print(whole)
    else:
        WEIGHTS.write_text(whole, "utf-8")


if __name__ == "__main__":
    main()
