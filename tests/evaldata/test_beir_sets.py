"""The shared retrieval sets are brought into BEIR's layout whole."""

from pathlib import Path

import pytest

from rag.evaluation.beir import read
from scripts.beir import EVALDATA, convert

pytestmark = pytest.mark.evaldata


@pytest.mark.parametrize(
    ("name", "language", "entries", "queries"),
    [
        ("scifact", "", 5183, 300),
        ("cranfield", "", 1400, 225),
        ("2wiki-multihop", "", 6119, 101),
        *(("xquad", language, 240, 1190) for language in ("ar", "de", "en", "zh")),
    ],
)
def test_a_shared_set_is_converted(name: str, language: str, entries: int, queries: int, tmp_path: Path) -> None:
    convert(name, tmp_path, language)
    found = read(tmp_path)
    assert (len(found.corpus), len(found.queries), found.left_out) == (entries, queries, ())


def test_the_squad_set_is_read_where_it_lies() -> None:
    found = read(EVALDATA / "qa" / "squad-retrieval")
    assert (len(found.corpus), len(found.queries)) == (646, 1000)
