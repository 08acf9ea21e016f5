"""Patience with a model that falls silent."""

import asyncio

import pytest

from rag.generation.patience import Patience

SOON, LONG = 0.05, 30.0


async def waiting(*waits: float) -> None:
    """Begin these waits, one after the other; the last of them brings nothing."""
    with Patience() as patience:
        for seconds in waits:
            patience.rests()
            patience.waits(seconds)
        await asyncio.sleep(LONG)


async def test_a_wait_that_lasts_too_long_ends_as_a_timeout() -> None:
    """What is waited for is cancelled, the task itself goes on."""
    with pytest.raises(TimeoutError):
        await waiting(SOON)
    await asyncio.sleep(0)


async def test_each_wait_is_measured_for_itself() -> None:
    """Many short waits may together take longer than one may; rests in between are not measured."""
    with Patience() as patience:
        for _turn in range(4):
            patience.waits(4 * SOON)
            await asyncio.sleep(2 * SOON)
            patience.rests()
        await asyncio.sleep(5 * SOON)


async def test_a_shorter_wait_after_a_longer_one_ends_in_time() -> None:
    """The timer of the first wait does not hold up the second."""
    with pytest.raises(TimeoutError):
        await waiting(LONG, SOON)


async def test_a_longer_wait_after_a_shorter_one_is_not_cut() -> None:
    """The timer of the first wait does not end the second."""
    with Patience() as patience:
        patience.waits(SOON)
        patience.rests()
        patience.waits(LONG)
        await asyncio.sleep(3 * SOON)


async def test_a_stop_from_elsewhere_stays_a_stop() -> None:
    """Who cancels the task sees it cancelled, not timed out."""
    task = asyncio.create_task(waiting(LONG))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_work_comes_through() -> None:
    """Patience adds nothing to what fails by itself."""

    async def fail() -> None:
        with Patience() as patience:
            patience.waits(LONG)
            raise ValueError("its own")

    with pytest.raises(ValueError, match="its own"):
        await fail()
