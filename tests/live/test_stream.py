"""Event streams: numbers that only grow, nothing lost, nothing twice."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
import redis.exceptions

from live import appending
from live import hub as hub_module
from live.appending import Appends, Batch
from live.events import LiveEvent
from live.hub import Hub
from live.stream import Entry, append, first_number, holds, last_seq, read_after, sync_client


class Tick(LiveEvent):
    type: Literal["tick"] = "tick"
    n: int


@pytest.fixture
def key() -> str:
    return f"live:test:{uuid.uuid4()}"


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    hub = Hub()
    yield hub
    await hub.close()


async def take(hub: Hub, key: str, after: int, count: int, *, is_new: bool = False) -> list[Entry]:
    """The first ``count`` events after a number."""
    taken: list[Entry] = []
    async with asyncio.timeout(10), hub.follow(key, after, is_new=is_new) as follower:
        batches = follower.batches()
        async with contextlib.aclosing(batches):
            async for batch in batches:
                taken += batch
                if len(taken) >= count:
                    return taken
    raise AssertionError("unreachable")


def numbers(entries: list[Entry]) -> list[int]:
    return [json.loads(entry.payload)["n"] for entry in entries]


async def test_numbers_are_contiguous_and_the_events_json_carries_them(hub: Hub, key: str) -> None:
    first = await hub.appends.append(key, Tick(n=0))
    last = await hub.appends.append(key, Tick(n=1), Tick(n=2))
    assert last == first + 2
    entries = await read_after(hub.client, key, first - 1)
    assert [json.loads(entry.json()) for entry in entries] == [
        {"seq": first + n, "type": "tick", "n": n} for n in range(3)
    ]
    assert await last_seq(hub.client, key) == last
    assert last < 2**53


async def test_a_stream_that_expired_goes_on_above_its_old_numbers(hub: Hub, key: str) -> None:
    before = await hub.appends.append(key, *(Tick(n=n) for n in range(50)))
    await hub.client.delete(key)
    assert not await holds(hub.client, key, before)
    after = await hub.appends.append(key, Tick(n=0))
    assert after > before


async def test_code_without_a_loop_appends_to_the_same_stream(hub: Hub, key: str) -> None:
    seq = await asyncio.to_thread(append, key, Tick(n=7))
    assert numbers(await read_after(hub.client, key, seq - 1)) == [7]


async def test_streams_do_not_stay_for_ever(hub: Hub, key: str) -> None:
    await hub.appends.append(key, Tick(n=0))
    assert 0 < sync_client().ttl(key) <= 24 * 3600


async def test_a_follower_gets_what_was_there_and_what_comes(hub: Hub, key: str) -> None:
    first = await hub.appends.append(key, *(Tick(n=n) for n in range(5)))
    taking = asyncio.create_task(take(hub, key, first - 3, 8))
    for n in range(5, 10):
        await asyncio.sleep(0.01)
        await hub.appends.append(key, Tick(n=n))
    assert numbers(await taking) == [2, 3, 4, 5, 6, 7, 8, 9]


async def test_who_follows_a_stream_before_it_begins_is_handed_all_of_it_and_reads_nothing(
    hub: Hub, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "read_after", None)
    first = first_number()
    taking = asyncio.create_task(take(hub, key, first - 1, 3, is_new=True))
    await asyncio.sleep(0)
    await hub.appends.append(key, Tick(n=0), Tick(n=1), first=first)
    await hub.appends.append(key, Tick(n=2))
    taken = await taking
    assert (taken[0].seq, numbers(taken)) == (first, [0, 1, 2])


async def test_who_follows_a_stream_that_another_process_begins_misses_nothing(hub: Hub, key: str) -> None:
    taking = asyncio.create_task(take(hub, key, first_number() - 1, 3, is_new=True))
    await asyncio.sleep(0)
    await asyncio.to_thread(append, key, Tick(n=0), Tick(n=1))
    await hub.appends.append(key, Tick(n=2))
    assert numbers(await taking) == [0, 1, 2]


async def test_many_followers_joining_at_any_moment_see_each_event_once_and_in_order(hub: Hub, key: str) -> None:
    start = await hub.appends.append(key, Tick(n=0))
    total = 300

    async def write() -> None:
        for n in range(1, total):
            await hub.appends.append(key, Tick(n=n))
            if n % 7 == 0:
                await asyncio.sleep(0.001)

    writing = asyncio.create_task(write())
    followers = []
    for _ in range(20):
        followers.append(asyncio.create_task(take(hub, key, start - 1, total)))
        await asyncio.sleep(0.005)
    await writing
    for taken in await asyncio.gather(*followers):
        assert numbers(taken) == list(range(total))


async def test_a_follower_that_falls_behind_reads_the_stream_itself(
    hub: Hub, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "MAX_PENDING", 10)
    start = await hub.appends.append(key, Tick(n=0))
    taken: list[Entry] = []
    async with asyncio.timeout(10), hub.follow(key, start - 1) as follower:
        batches = follower.batches()
        async with contextlib.aclosing(batches):
            async for batch in batches:
                taken += batch
                if len(taken) == 1:
                    await hub.appends.append(key, *(Tick(n=n) for n in range(1, 100)))
                    await asyncio.sleep(0.2)
                if len(taken) >= 100:
                    break
    assert numbers(taken) == list(range(100))


async def test_followers_of_different_streams_share_one_read(hub: Hub) -> None:
    keys = [f"live:test:{uuid.uuid4()}" for _ in range(30)]
    tasks = [asyncio.create_task(take(hub, key, 0, 2)) for key in keys]
    await asyncio.sleep(0.1)
    for n, key in enumerate(keys):
        await hub.appends.append(key, Tick(n=n), Tick(n=-n))
    for n, taken in enumerate(await asyncio.gather(*tasks)):
        assert numbers(taken) == [n, -n]


async def test_a_batch_that_is_sent_again_stands_there_once(hub: Hub, key: str) -> None:
    """Its writer heard no reply; others have appended meanwhile."""
    first = await hub.appends.append(key, Tick(n=0), Tick(n=1), batch=Batch("w", 0))
    await hub.appends.append(key, Tick(n=2), batch=Batch("other", 0))
    assert await hub.appends.append(key, Tick(n=0), Tick(n=1), batch=Batch("w", 0)) == first
    await hub.appends.append(key, Tick(n=3), batch=Batch("w", 1))
    assert numbers(await read_after(hub.client, key, 0)) == [0, 1, 2, 3]


async def test_a_read_that_failed_in_whatever_way_goes_on(hub: Hub, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[Exception] = [RuntimeError("not Valkey's"), redis.exceptions.TimeoutError("slow")]
    read = Hub._read_once

    async def failing(self: Hub) -> None:
        if failures:
            raise failures.pop()
        await read(self)

    monkeypatch.setattr(hub_module, "RETRY_S", 0.01)
    monkeypatch.setattr(Hub, "_read_once", failing)
    waiting = asyncio.create_task(take(hub, key, 0, 2))
    seq = await asyncio.to_thread(append, key, Tick(n=0))
    async with asyncio.timeout(10):
        while failures:
            await asyncio.sleep(0.01)
    await asyncio.to_thread(append, key, Tick(n=1))
    assert [entry.seq for entry in await waiting] == [seq, seq + 1]


async def test_what_this_process_appends_is_handed_on_without_a_read(
    hub: Hub, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreadable(self: Hub) -> None:
        raise redis.exceptions.TimeoutError("slow")

    monkeypatch.setattr(Hub, "_read_once", unreadable)
    start = await hub.appends.append(key, Tick(n=0))
    waiting = asyncio.create_task(take(hub, key, start - 1, 6))
    await asyncio.sleep(0.1)
    for n in range(1, 6):
        await hub.appends.append(key, Tick(n=n))
    assert numbers(await waiting) == list(range(6))


async def test_what_others_append_between_stands_in_its_place(hub: Hub, key: str) -> None:
    """Another process names a branch, say, while an answer is written here."""
    start = await hub.appends.append(key, Tick(n=0))
    waiting = asyncio.create_task(take(hub, key, start - 1, 121))
    for n in range(1, 121, 3):
        await hub.appends.append(key, Tick(n=n))
        await asyncio.to_thread(append, key, Tick(n=n + 1))
        await hub.appends.append(key, Tick(n=n + 2))
    assert numbers(await waiting) == list(range(121))


async def test_what_others_append_afterwards_comes_too(hub: Hub, key: str) -> None:
    """The stream was left out of the read while this process appended to it."""
    start = await hub.appends.append(key, Tick(n=0))
    waiting = asyncio.create_task(take(hub, key, start - 1, 4))
    await asyncio.sleep(0.1)
    await hub.appends.append(key, Tick(n=1))
    await asyncio.to_thread(append, key, Tick(n=2))
    await asyncio.sleep(hub_module.QUIET_S + 0.2)
    await asyncio.to_thread(append, key, Tick(n=3))
    assert numbers(await waiting) == list(range(4))


async def test_the_read_that_waits_for_events_is_more_patient_than_it_blocks(hub: Hub) -> None:
    """At the same length, "nothing came" would meet the client's timeout, and look like a lost connection."""
    patience_s = hub._reading.connection_pool.connection_kwargs["socket_timeout"]
    assert patience_s * 1_000 >= hub_module.BLOCK_MS + 1_000


async def test_what_is_appended_meanwhile_goes_together_and_stays_in_order(
    hub: Hub, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips: list[int] = []
    piped = Appends._piped

    async def counted(self: Appends, together: Any) -> list[Any]:
        trips.append(len(together))
        return await piped(self, together)

    monkeypatch.setattr(Appends, "_piped", counted)
    other = f"live:test:{uuid.uuid4()}"
    asked = [hub.appends.append(each, Tick(n=n)) for n in range(200) for each in (key, other)]
    seqs = await asyncio.gather(*asked)
    assert sum(trips) == 400
    assert len(trips) <= 3
    for first, stream in enumerate((key, other)):
        assert seqs[first::2] == list(range(seqs[first], seqs[first] + 200))
        assert numbers(await read_after(hub.client, stream, 0)) == list(range(200))


async def test_appends_of_many_writers_go_together(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    trips: list[int] = []
    piped = Appends._piped

    async def counted(self: Appends, together: Any) -> list[Any]:
        trips.append(len(together))
        return await piped(self, together)

    async def write(stream: str) -> list[int]:
        return [await hub.appends.append(stream, Tick(n=n)) for n in range(10)]

    monkeypatch.setattr(Appends, "_piped", counted)
    written = await asyncio.gather(*(write(f"live:test:{uuid.uuid4()}") for _ in range(20)))
    assert all(seqs == list(range(seqs[0], seqs[0] + 10)) for seqs in written)
    assert sum(trips) == 200
    assert len(trips) < 40


async def test_one_writer_alone_waits_for_nobody(hub: Hub, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "REST_S", 60.0)
    async with asyncio.timeout(10):
        for n in range(50):
            await hub.appends.append(key, Tick(n=n))


async def test_a_valkey_that_has_forgotten_the_script_gets_it_again(hub: Hub, key: str) -> None:
    first = await hub.appends.append(key, Tick(n=0))
    await hub.client.script_flush()
    assert await asyncio.gather(*(hub.appends.append(key, Tick(n=n)) for n in (1, 2))) == [first + 1, first + 2]


async def test_what_valkey_refuses_is_told_to_the_one_who_asked(hub: Hub, key: str) -> None:
    wrong = f"live:test:{uuid.uuid4()}"
    await hub.client.set(wrong, "no stream", ex=60)
    good, bad = await asyncio.gather(
        hub.appends.append(key, Tick(n=0)), hub.appends.append(wrong, Tick(n=0)), return_exceptions=True
    )
    assert isinstance(good, int)
    assert isinstance(bad, redis.exceptions.RedisError)
