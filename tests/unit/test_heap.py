"""What a started bot holds is left out of collections, and still goes when nothing refers to it."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from bot import heap


class Thing:
    """Something to hold."""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_is_alive_is_left_out() -> None:
    kept = [Thing() for _ in range(10)]
    heap.settle()
    assert gc.get_freeze_count() > len(kept)
    assert not any(one is kept for one in gc.get_objects())


def test_what_nothing_refers_to_goes_at_once() -> None:
    thing = Thing()
    gone = weakref.ref(thing)
    heap.settle()
    del thing
    assert gone() is None


def test_a_ring_that_was_frozen_goes_when_the_heap_settles_again() -> None:
    one, other = Thing(), Thing()
    one.other, other.other = other, one  # type: ignore[attr-defined]
    gone = weakref.ref(one)
    heap.settle()
    del one, other
    heap.settle_again()
    assert gone() is None


def test_a_process_that_has_not_settled_is_left_alone() -> None:
    heap.settle_again()
    assert gc.get_freeze_count() == 0
