"""What the bot did: every request, and all that members and staff got to see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram.chats import Message, User


@dataclass(slots=True)
class Call:
    """One request to the server; `order` counts from 0, `time` is the loop's clock in seconds."""

    order: int
    time: float
    method: str
    params: dict[str, Any]
    status: int = 0
    error: str = ""
    answered: bool = False
    """The HTTP answer went out on a connection that was still open."""


@dataclass(slots=True)
class Sent:
    """One message as it was sent or edited; `message` has its present state."""

    call: Call
    message: Message
    chat: int
    text: str
    """As written by the bot, tags and all."""
    plain: str
    """As read by a person."""
    markup: dict[str, Any] | None = None
    file_name: str = ""
    file: bytes = b""
    reply_to: int = 0
    silent: bool = False

    @property
    def method(self) -> str:
        return self.call.method

    @property
    def order(self) -> int:
        return self.call.order

    @property
    def time(self) -> float:
        return self.call.time

    @property
    def answered(self) -> bool:
        return self.call.answered

    @property
    def labels(self) -> list[list[str]]:
        """The labels of the buttons, row by row."""
        return [[button["text"] for button in row] for row in (self.markup or {}).get("inline_keyboard", [])]


@dataclass(slots=True)
class Tap:
    """A member pressed a button; `answers` holds what the bot said to it."""

    id: str
    user: User
    message: Message
    data: str
    time: float
    answers: list[str] = field(default_factory=list)
    expired: bool = False

    @property
    def answered(self) -> bool:
        return bool(self.answers)


class Ledger:
    """In order of arrival; `sent` are new messages, `edits` changed ones, `calls` all requests."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.sent: list[Sent] = []
        self.edits: list[Sent] = []
        self.taps: list[Tap] = []
        self.actions: list[tuple[int, str]] = []
        """Chat and action of each sendChatAction."""
        self._waits: list[tuple[Callable[[Ledger], bool], asyncio.Future[None]]] = []
        self._due = False

    def to(self, chat: int) -> list[Sent]:
        """What was sent to one chat."""
        return [sent for sent in self.sent if sent.chat == chat]

    def texts(self, chat: int) -> list[str]:
        """What a person in this chat has read from the bot."""
        return [sent.plain for sent in self.to(chat)]

    @property
    def refused(self) -> list[Call]:
        """Requests answered with an error."""
        return [call for call in self.calls if call.error]

    @property
    def unanswered(self) -> list[Tap]:
        """Buttons that still spin."""
        return [tap for tap in self.taps if not tap.answered]

    def count(self, method: str) -> int:
        """How many requests of one method came."""
        return sum(call.method == method for call in self.calls)

    async def wait_for(self, condition: Callable[[Ledger], bool], timeout: float = 10.0) -> None:
        """Return once `condition` holds; raises TimeoutError with what was sent."""
        if condition(self):
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits.append((condition, done))
        try:
            async with asyncio.timeout(timeout):
                await done
        except TimeoutError:
            last = "\n".join(f"{sent.chat}: {sent.plain[:80]!r}" for sent in self.sent[-10:])
            raise TimeoutError(
                f"not reached in {timeout} s; {len(self.calls)} requests, "
                f"{len(self.sent)} messages, the last:\n{last}"
            ) from None
        finally:
            self._waits = [wait for wait in self._waits if wait[1] is not done]

    def changed(self) -> None:
        """Look at the waiting conditions once in this turn of the loop."""
        if self._waits and not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._due = False
        for condition, done in list(self._waits):
            if done.done():
                continue
            try:
                if condition(self):
                    done.set_result(None)
            except Exception as error:  # the waiting test shall see it
                done.set_exception(error)
