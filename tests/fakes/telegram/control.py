"""The people and the faults by HTTP, for a server that runs as a process of its own."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.telegram.faults import Fault, FaultKind
from tests.fakes.telegram.ledger import Ledger, Sent

if TYPE_CHECKING:
    from tests.fakes.telegram.server import FakeTelegram

Action = Callable[["FakeTelegram", dict[str, Any]], Awaitable[Any]]


async def control(fake: FakeTelegram, request: web.BaseRequest, name: str) -> web.Response:
    """Carry out one action; a JSON object in, JSON out; 400 says what was wrong."""
    action = ACTIONS.get(name)
    if action is None:
        return web.json_response({"error": f"unknown action; there are {sorted(ACTIONS)}"}, status=404)
    body = await request.read()
    try:
        given = json.loads(body) if body else {}
        return web.json_response(await action(fake, given))
    except TimeoutError as error:
        return web.json_response({"error": str(error)}, status=408)
    except (KeyError, ValueError, TypeError, AssertionError) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


async def _state(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    return {
        "token": fake.token,
        "base_url": fake.base_url,
        "file_url": fake.file_url,
        "calls": len(fake.ledger.calls),
        "sent": len(fake.ledger.sent),
        "polls": fake.updates.polls,
        "waiting": len(fake.updates),
        "confirmed": len(fake.updates.confirmed),
        "unanswered": len(fake.ledger.unanswered),
        "refused": [[call.method, call.error] for call in fake.ledger.refused],
    }


async def _member(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    return {"id": fake.member(**given).id}


async def _group(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    return {"id": fake.group(**given).id}


async def _writes(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    speaker = fake.speaker(given["chat"], given.get("by"))
    reply = given.get("reply_to")
    message = speaker.writes(given["text"], reply_to=speaker.chat.messages[reply] if reply else None)
    return {"message_id": message.id}


async def _edits(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    speaker = fake.speaker(given["chat"], given.get("by"))
    return {"message_id": speaker.edits(speaker.chat.messages[given["message_id"]], given["text"]).id}


async def _taps(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    return {"id": fake.speaker(given["chat"], given.get("by")).taps(given["button"]).id}


async def _blocks(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    speaker = fake.speaker(given["chat"])
    speaker.chat.blocked = given.get("blocked", True)
    fake.push_membership(speaker.chat, speaker.user, "kicked" if speaker.chat.blocked else "member")
    return {}


async def _prefill(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    return {"count": fake.prefill((int(chat), str(text)) for chat, text in given["lines"])}


async def _flood(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    """Members from id `first` on write `rate` messages a second each, for `seconds`; how many it were.

    The updates are made as text, and no chat remembers them: a flood that costs this server next to nothing.
    """
    chats = []
    for number in range(given["first"], given["first"] + given["members"]):
        chats.append(fake.chats.by_id.get(number) or fake.member(number, f"F{number}", started=True).chat)
    heads = [json.dumps({"from": c.user.json(), "chat": c.json()})[1:-1] for c in chats if c.user]
    whole = int(given["members"] * given["rate"] * given["seconds"])
    began, count = time.monotonic(), 0
    while count < whole:
        due = min(whole, int((time.monotonic() - began) * given["members"] * given["rate"]))
        date = int(time.time())
        for number in range(count, due):
            fake.updates.inject(
                f'{{"update_id": {{update_id}}, "message": {{"message_id": {1_000_000 + number}, '
                f'"date": {date}, {heads[number % len(heads)]}, "text": "spam {number} y mas spam"}}}}'
            )
        count = due
        await asyncio.sleep(0.01)
    return {"count": count}


async def _inject(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    return {"update_id": fake.inject(given["raw"])}


async def _repeat(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    fake.updates.repeat(given["update_id"])
    return {}


async def _fail(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    method, times, chat = given.pop("method"), given.pop("times", 1), given.pop("chat", None)
    fault = Fault(FaultKind(given.pop("fault")), **given)
    fake.fail(method, with_=fault, times=times, chat=chat)
    return {}


async def _offline(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    """Refuse connections for some seconds, beginning when this answer is out."""
    fake.go_offline(float(given["seconds"]))
    return {}


async def _ledger(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    return [as_json(sent) for sent in fake.ledger.sent[given.get("since", 0) :]]


async def _wait(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    """Until `sent` messages went out, in `chat` and `containing` a text if given."""
    count, chat, text = int(given.get("sent", 1)), given.get("chat"), str(given.get("containing", ""))

    def reached(ledger: Ledger) -> bool:
        if chat is None and not text:
            return len(ledger.sent) >= count
        fitting = (s for s in ledger.sent if chat in (None, s.chat) and text in s.plain)
        return sum(1 for _ in fitting) >= count

    await fake.wait_for(reached, given.get("timeout", 10.0))
    return {"sent": len(fake.ledger.sent)}


async def _latencies(fake: FakeTelegram, given: dict[str, Any]) -> Any:
    """Seconds from each member's message to the bot's next one in the same private chat.

    `below` leaves out chats from this id on; `in_order` sorts by the time of the question.
    """
    await asyncio.sleep(0)
    found: list[tuple[float, float]] = []
    for chat in list(fake.chats.by_id.values()):
        if chat.id >= given.get("below", chat.id + 1):
            continue
        asked: float | None = None
        for message in chat.messages.values():
            if not message.sender.is_bot:
                asked = asked if asked is not None else message.at
            elif asked is not None:
                found.append((asked, message.at - asked))
                asked = None
    if given.get("in_order"):
        found.sort()
    return [latency for _, latency in found]


def as_json(sent: Sent) -> dict[str, Any]:
    """One line of the ledger."""
    return {
        "order": sent.order,
        "time": sent.time,
        "method": sent.method,
        "chat": sent.chat,
        "message_id": sent.message.id,
        "text": sent.text,
        "plain": sent.plain,
        "buttons": (sent.markup or {}).get("inline_keyboard", []),
        "file": sent.file_name,
        "reply_to": sent.reply_to,
        "answered": sent.answered,
    }


ACTIONS: dict[str, Action] = {
    "state": _state,
    "member": _member,
    "group": _group,
    "writes": _writes,
    "edits": _edits,
    "taps": _taps,
    "blocks": _blocks,
    "prefill": _prefill,
    "flood": _flood,
    "inject": _inject,
    "repeat": _repeat,
    "fail": _fail,
    "offline": _offline,
    "ledger": _ledger,
    "wait": _wait,
    "latencies": _latencies,
}
