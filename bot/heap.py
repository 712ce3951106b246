"""Keeps Python's collector from pausing the bot to look again at what never goes away."""

from __future__ import annotations

import gc


def settle() -> None:
    """Collect once, then leave everything that is alive out of later collections.

    What a started bot holds (modules, the FAQ, the model) takes some 60 ms to be looked through, again and
    again, while nobody is answered. Frozen objects are still freed when nothing refers to them any more.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def settle_again() -> None:
    """The same after much was replaced, in a process that has settled before; elsewhere nothing."""
    if gc.get_freeze_count():
        settle()
