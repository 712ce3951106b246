"""What the bot did: every request, and all that members and staff got to see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord.model import Channel, Message, User


@dataclass(slots=True)
class Call:
    """One request to the server; `order` counts from 0, `time` is the loop's clock in seconds."""

    order: int
    time: float
    method: str
    """Discord's name of the route, such as `create_message`; or method and path if there is no such route."""
    path: str
    body: dict[str, Any] = field(default_factory=dict)
    status: int = 0
    error: str = ""
    code: int = 0
    answered: bool = False
    """The HTTP answer went out on a connection that was still open."""


@dataclass(frozen=True, slots=True)
class Pings:
    """Whom a message notified."""

    users: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()
    everyone: bool = False

    def __bool__(self) -> bool:
        return bool(self.users or self.roles or self.everyone)


@dataclass(slots=True)
class Sent:
    """One message as it was sent or edited; `message` has its present state."""

    call: Call
    message: Message
    channel: int
    text: str
    """Content as written by the bot."""
    plain: str
    """All that a person reads: content and the embeds' words."""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    pings: Pings = Pings()
    reply_to: int = 0
    only_for: int = 0
    """The one person who sees it (an ephemeral answer), or 0."""
    interaction: Asked | None = None
    repeated: bool = False
    """No new message: the nonce had been used, and the message with it was given back."""
    nonce: str = ""

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
        return [[key.get("label", "") for key in row.get("components", ())] for row in self.components]


@dataclass(slots=True, eq=False)
class Asked:
    """An interaction: someone used a command, pressed a button, or sent a form."""

    id: int
    token: str
    type: int
    """2 command, 3 component, 4 autocomplete, 5 form."""
    user: User
    channel: Channel
    data: dict[str, Any]
    time: float
    message: Message | None = None
    """The message whose button was pressed."""
    answer: int = 0
    """The type of the first answer: 4 message, 5 deferred, 6 deferred update, 7 update, 8 choices, 9 form."""
    answered_at: float = 0.0
    original: Message | None = None
    """The message that the first answer is, or became."""
    messages: list[Message] = field(default_factory=list)
    choices: list[dict[str, Any]] = field(default_factory=list)
    form: dict[str, Any] = field(default_factory=dict)
    late: int = 0
    """First answers that came too late (10062)."""
    expires: float = 0.0
    """When its token ends, on the loop's clock."""

    @property
    def answered(self) -> bool:
        """There was a first answer within three seconds; else Discord says that the bot did not respond."""
        return bool(self.answer)

    @property
    def reads(self) -> list[str]:
        """What the person read in answer."""
        return [message.text for message in self.messages if not message.deleted]


class Ledger:
    """In order of arrival; `sent` are new messages, `edits` changed ones, `calls` all requests."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.sent: list[Sent] = []
        self.arrived = 0
        """How many of `sent` are new messages, none that a nonce gave back."""
        self.edits: list[Sent] = []
        self.deleted: list[Message] = []
        """Messages that the bot deleted."""
        self.asked: list[Asked] = []
        """Interactions."""
        self.typing: list[int] = []
        """Channels of each typing indicator."""
        self.reactions: list[tuple[int, str]] = []
        """Message and emoji of each reaction of the bot."""
        self.unknown: list[str] = []
        """Requests for which this server has no route."""
        self._waits: list[tuple[Callable[[Ledger], bool], asyncio.Future[None]]] = []
        self._due = False

    def to(self, channel: int) -> list[Sent]:
        """What was sent to one channel, in whatever way."""
        return [sent for sent in self.sent if sent.channel == channel and not sent.repeated]

    def texts(self, channel: int, *, by: int = 0) -> list[str]:
        """What people in this channel have read from the bot; `by` adds what was for that person alone."""
        return [sent.plain for sent in self.to(channel) if sent.only_for in (0, by)]

    @property
    def refused(self) -> list[Call]:
        """Requests answered with an error."""
        return [call for call in self.calls if call.error]

    @property
    def unanswered(self) -> list[Asked]:
        """Interactions that the bot has not answered (yet)."""
        return [asked for asked in self.asked if not asked.answered]

    @property
    def pinged(self) -> list[Sent]:
        """Messages that notified somebody."""
        return [sent for sent in self.sent if sent.pings]

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
            last = "\n".join(f"{sent.channel}: {sent.plain[:80]!r}" for sent in self.sent[-10:])
            errors = "\n".join(f"{call.method}: {call.error}" for call in self.refused[-5:])
            raise TimeoutError(
                f"not reached in {timeout} s; {len(self.calls)} requests, {len(self.sent)} messages, "
                f"{len(self.asked)} interactions, the last:\n{last}\nrefused:\n{errors}"
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
