"""What is kept of an event of a public place that could not be read: its form, none of its words."""

from __future__ import annotations

from typing import Any


def bones(raw: Any) -> Any:
    """The same value with the length of each text in place of its words; numbers stay."""
    if isinstance(raw, str):
        return f"<{len(raw)}>"
    if isinstance(raw, dict):
        return {key: bones(value) for key, value in raw.items()}
    if isinstance(raw, (list, tuple)):
        return [bones(value) for value in raw]
    return raw
