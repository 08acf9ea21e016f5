"""Searches with rerankers that were added: a cross-encoder of this machine, a server, and one that is gone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from documents.models import Reranker
from documents.rerankers import reranker_choices
from documents.retrieval import Retrieval, SearchSettings, search
from documents.retrieval.reranking import headed_text
from tests.fakes.onnx_models import write_cross_encoder
from tests.fakes.rerankers import FakeReranker, score_of

QUERY = "the crane lifts forty tons"
FACTS = (
    "The harbour opens at noon.",
    "the crane zephyr lifts forty tons",
    "the ship is forty",
    "Fees are paid by noon.",
)


@pytest.fixture
def server(settings: Any) -> Iterator[FakeReranker]:
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]
    with FakeReranker() as fake:
        yield fake


@pytest.fixture
def remote(server: FakeReranker) -> Reranker:
    return Reranker.objects.create(slug="far", name="Far", kind="remote", base_url=server.base_url, model="fake")


def asked(user: Any, name: str, **changes: Any) -> Retrieval:
    return search(user=user, query=QUERY, settings=SearchSettings(reranker=name, **changes))


def step(found: Retrieval) -> Any:
    return next(each for each in found.steps if each.name == "rerank")


def test_a_cross_encoder_orders_by_its_scores(cast: Any, make_document: Any, settings: Any, tmp_path: Path) -> None:
    make_document(cast.library, *FACTS)
    settings.RERANKERS_DIR = tmp_path
    write_cross_encoder(tmp_path / "tiny")
    Reranker.objects.create(slug="tiny", name="Tiny", kind="cross_encoder", model="tiny")
    found = asked(cast.max, "tiny")
    assert [each.text for each in found.passages[:2]] == [FACTS[1], FACTS[2]]
    scores = [each.score for each in found.passages]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] < 0.5 < scores[0] <= 1
    assert step(found).input == {"reranker": "tiny", "candidates": len(FACTS)}
    assert [each["chunk"] for each in step(found).output["candidates"]] == [each.chunk_id for each in found.passages]


def test_a_server_orders_by_its_scores_and_reads_title_and_text(
    cast: Any, make_document: Any, server: FakeReranker, remote: Reranker
) -> None:
    make_document(cast.library, *FACTS)
    found = asked(cast.max, "far")
    wanted = sorted((round(score_of(QUERY, headed_text(each)), 6) for each in found.passages), reverse=True)
    assert [each.score for each in found.passages] == pytest.approx(wanted)
    assert found.passages[0].text == FACTS[1]
    (sent,) = server.requests
    assert sorted(sent["documents"]) == sorted(f"Document 0\n{text}" for text in FACTS)


def test_only_visible_passages_leave_the_house(
    cast: Any, make_document: Any, server: FakeReranker, remote: Reranker
) -> None:
    make_document(cast.library, *FACTS)
    make_document(cast.research, "the crane secret lifts forty tons")
    asked(cast.cleo, "far")
    assert "secret" not in str(server.requests)
    asked(cast.max, "far")
    assert "secret" in str(server.requests)


def test_no_more_are_sent_than_the_settings_and_the_reranker_take(
    cast: Any, make_document: Any, server: FakeReranker, remote: Reranker
) -> None:
    make_document(cast.library, *FACTS)
    Reranker.objects.update(depth=3)
    found = search(user=cast.max, query=QUERY, limit=2, settings=SearchSettings(reranker="far"))
    assert len(server.requests[0]["documents"]) == step(found).input["candidates"] == 3
    search(user=cast.max, query=QUERY, limit=1, settings=SearchSettings(reranker="far", rerank_depth=2))
    assert len(server.requests[1]["documents"]) == 2
    found = search(user=cast.max, query=QUERY, limit=4, settings=SearchSettings(reranker="far"))
    assert len(server.requests[2]["documents"]) == len(found.passages) == 4


def test_a_reranker_that_fails_leaves_the_order_and_is_noted_until_it_works(
    cast: Any, make_document: Any, server: FakeReranker, remote: Reranker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.reranking.remote.LEAVE_ALONE_S", 0.0)
    make_document(cast.library, *FACTS)
    server.failure = "server_error"
    found = asked(cast.max, "far")
    assert step(found).output == {"kept": True, "error": "reranking_unavailable"}
    assert found.passages == asked(cast.max, "none").passages
    remote.refresh_from_db()
    assert (remote.error_code, "status 500" in remote.error) == ("reranking_unavailable", True)
    server.failure = ""
    assert asked(cast.max, "far").passages[0].text == FACTS[1]
    remote.refresh_from_db()
    assert (remote.error_code, remote.error) == ("", "")


def test_a_folder_that_is_gone_leaves_the_order(cast: Any, make_document: Any, settings: Any, tmp_path: Path) -> None:
    make_document(cast.library, *FACTS)
    settings.RERANKERS_DIR = tmp_path
    Reranker.objects.create(slug="tiny", name="Tiny", kind="cross_encoder", model="tiny")
    found = asked(cast.max, "tiny")
    assert step(found).output == {"kept": True, "error": "reranking_folder"}
    assert Reranker.objects.get().error_code == "reranking_folder"


def test_a_key_that_cannot_be_read_leaves_the_order(cast: Any, make_document: Any, remote: Reranker) -> None:
    make_document(cast.library, *FACTS)
    Reranker.objects.update(api_key_encrypted=b"sealed with another key")
    assert step(asked(cast.max, "far")).output == {"kept": True, "error": "reranking_key_unreadable"}


def test_late_interaction_takes_the_place_of_a_reranker_that_is_gone(cast: Any, make_document: Any) -> None:
    make_document(cast.library, *FACTS)
    found = asked(cast.max, "removed")
    by_tokens = asked(cast.max, "late_interaction")
    assert found.passages == by_tokens.passages
    assert step(found).input == step(by_tokens).input | {"gone": "removed"}


def test_searching_by_words_alone_reranks_too(cast: Any, make_document: Any, server: Any, remote: Reranker) -> None:
    make_document(cast.library, *FACTS)
    found = asked(cast.max, "far", fusion="keyword")
    assert found.by_words
    assert found.passages[0].text == FACTS[1]
    assert step(found).output["candidates"]
    assert not search(user=cast.max, query="zzz", settings=SearchSettings("keyword", reranker="far")).passages


def test_the_choices_are_the_two_of_the_house_and_the_rows(cast: Any, remote: Reranker) -> None:
    assert [value for value, _label in reranker_choices()] == ["late_interaction", "none", "far"]
