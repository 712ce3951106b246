"""The queue of updates: kept until a higher offset confirms them."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from tests.fakes.telegram.errors import ApiError, bad_request

KINDS = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
]
UNASKED = frozenset(KINDS) - {"chat_member", "message_reaction", "message_reaction_count"}
"""What comes when nothing was ever asked for: https://core.telegram.org/bots/api#getupdates"""


class Updates:
    """Telegram's side of getUpdates: one reader, at-least-once delivery, 409 for a second reader."""

    def __init__(self, first_id: int) -> None:
        self.next_id = first_id
        self.allowed: frozenset[str] = UNASKED
        self.confirmed: list[int] = []
        """Ids that an offset has confirmed, in order."""
        self.polls = 0
        self.delivered: dict[int, int] = {}
        """How many times each update went out."""
        self.came: Callable[[], None] = lambda: None
        """Called after each update that was queued."""
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._queues: dict[int, str] = {}
        self._again: list[tuple[int, bytes]] = []
        self._known: dict[int, bytes] = {}
        self._reader: asyncio.Future[None] | None = None
        self._reading = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, kind: str, content: dict[str, Any]) -> int | None:
        """Queue an update unless its kind was not asked for; its id."""
        if kind not in self.allowed:
            return None
        update_id = self._take_id()
        body = json.dumps({"update_id": update_id, kind: content}, ensure_ascii=False).encode()
        self._queues[update_id] = _queue(kind, content)
        self._push(update_id, body)
        return update_id

    def inject(self, raw: str | dict[str, Any]) -> int:
        """Queue any JSON object as it is, with an update_id of ours unless it is a string or has one."""
        update_id = self._take_id()
        if isinstance(raw, dict):
            raw = {"update_id": update_id} | raw
            update_id = raw["update_id"] if isinstance(raw["update_id"], int) else update_id
            raw = json.dumps(raw)
        self._push(update_id, raw.replace("{update_id}", str(update_id)).encode())
        return update_id

    def repeat(self, update_id: int) -> None:
        """Deliver an update once more with the next answer, confirmed or not."""
        self._again.append((update_id, self._known[update_id]))
        self._wake()

    def waiting(self) -> Iterator[tuple[int, bytes, str]]:
        """For a webhook: number and body of what is not confirmed, in order, and the queue it stands in."""
        for update_id, body in (*self._again, *self._waiting):
            yield update_id, body, self._queues.get(update_id, str(update_id))

    def brought(self, update_id: int) -> None:
        """A webhook has begun to deliver an update."""
        self.delivered[update_id] = self.delivered.get(update_id, 0) + 1

    def confirm_one(self, update_id: int) -> None:
        """A webhook has delivered an update."""
        for queue in (self._again, self._waiting):
            for item in queue:
                if item[0] == update_id:
                    queue.remove(item)
                    self.confirmed.append(update_id)
                    return

    def drop(self) -> None:
        """Forget what nobody has confirmed."""
        self._waiting.clear()
        self._again = []

    async def get(self, offset: int, limit: int, timeout: float, allowed: list[str] | None) -> bytes:
        """The body of `result`: confirm what is below `offset`, then wait for something to give."""
        if not 1 <= limit <= 100:
            raise bad_request("limit must be between 1 and 100")
        self.allow(allowed)
        self.polls += 1
        self.stop(
            ApiError(
                409,
                "Conflict: terminated by other getUpdates request; "
                "make sure that only one bot instance is running",
            )
        )
        self._confirm(offset)
        if not self._waiting and not self._again and timeout > 0:
            reader = self._reader = asyncio.get_running_loop().create_future()
            self._reading.set()
            try:
                async with asyncio.timeout(timeout):
                    await reader
            except TimeoutError:
                pass
            finally:
                if self._reader is reader:
                    self._reader = None
                    self._reading.clear()
        batch = self._again + [self._waiting[i] for i in range(min(limit, len(self._waiting)))]
        self._again = []
        for update_id, _ in batch:
            self.delivered[update_id] = self.delivered.get(update_id, 0) + 1
        return b"[" + b",".join(body for _, body in batch) + b"]"

    def allow(self, kinds: list[str] | None) -> None:
        """Queue these kinds from now on; None leaves them as they are, an empty list means the usual ones."""
        if kinds is not None:
            if unknown := set(kinds) - set(KINDS):
                raise bad_request(f"unknown update types {sorted(unknown)}")
            self.allowed = frozenset(kinds) or UNASKED

    async def waited_on(self) -> None:
        """Return once a poll waits for news."""
        await self._reading.wait()

    def stop(self, error: ApiError) -> None:
        """End the poll that is waiting, if any."""
        if self._reader and not self._reader.done():
            self._reader.set_exception(error)

    def _take_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def _push(self, update_id: int, body: bytes) -> None:
        self._known[update_id] = body
        self._waiting.append((update_id, body))
        self._wake()

    def _wake(self) -> None:
        self.came()
        if self._reader and not self._reader.done():
            self._reader.set_result(None)

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self._waiting) > -offset:
                self.confirmed.append(self._waiting.popleft()[0])
            return
        while self._waiting and self._waiting[0][0] < offset:
            self.confirmed.append(self._waiting.popleft()[0])


def _queue(kind: str, content: dict[str, Any]) -> str:
    """Updates with the same queue are brought to a webhook one after another: those of a chat, and presses of
    one person apart from them."""
    if kind == "callback_query":
        return f"press {content['from']['id']}"
    chat = content.get("chat") or {}
    return f"chat {chat.get('id')}" if kind in ("message", "edited_message") else f"{kind} {chat.get('id')}"
