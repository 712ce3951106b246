"""The people and the faults by HTTP, for a server that runs as a process of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.discord.faults import Fault, FaultKind
from tests.fakes.discord.ledger import Asked, Ledger, Sent
from tests.fakes.discord.model import DM, Message
from tests.fakes.discord.people import Place, Speaker
from tests.fakes.discord.servers import Server

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

Action = Callable[["FakeDiscord", dict[str, Any]], Awaitable[Any]]


async def control(fake: FakeDiscord, request: web.BaseRequest, name: str) -> web.Response:
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
    except (KeyError, ValueError, TypeError, AssertionError, StopIteration) as error:
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)


def _speaker(fake: FakeDiscord, given: dict[str, Any]) -> Speaker:
    """`by` somebody, in `channel` or in their direct messages."""
    person = fake.person(int(given["by"]))
    return person.at(fake.world.channels[int(given["channel"])]) if given.get("channel") else person


def _message(speaker: Speaker, given: dict[str, Any], key: str = "message") -> Message | None:
    return speaker.channel.messages[int(given[key])] if given.get(key) else None


def _said(message: Message) -> dict[str, Any]:
    return {"message": message.id, "channel": message.channel.id}


async def _state(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    gateway = fake.gateway
    return {
        "token": fake.token,
        "api_url": fake.api_url,
        "gateway_url": fake.gateway_url,
        "cdn_url": fake.cdn_url,
        "bot": fake.bot.id,
        "calls": len(fake.ledger.calls),
        "sent": fake.ledger.arrived,
        "listening": len(gateway.listening),
        "identified": len(gateway.identified),
        "resumed": gateway.resumed,
        "refused_resumes": gateway.refused,
        "closed": gateway.closed,
        "asked": len(fake.ledger.asked),
        "unanswered": len(fake.ledger.unanswered),
        "pinged": len(fake.ledger.pinged),
        "unknown": fake.ledger.unknown,
        "refused": [[call.method, call.error] for call in fake.ledger.refused],
        "commands": {guild: [one["name"] for one in all_] for guild, all_ in fake.commands.items()},
    }


async def _guild(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    return {"id": fake.guild(**given).id}


async def _channel(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    """`kind` text or forum, in `guild`; the rest is as in servers.py."""
    server = Server(fake, fake.world.guilds[int(given.pop("guild"))])
    kinds: dict[str, Callable[..., Place]] = {"text": server.text, "forum": server.forum}
    return {"id": kinds[given.pop("kind", "text")](**given).id}


async def _member(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    guild = given.pop("guild", None)
    moderates = given.pop("moderator", False)
    server = Server(fake, fake.world.guilds[int(guild)]) if guild else None
    if moderates:
        assert server, "a moderator needs a guild"
        return {"id": server.moderator(**given).id}
    person = fake.member(guild=server, **given)
    return {"id": person.id, "dm": person.channel.id}


async def _writes(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    speaker = _speaker(fake, given)
    reply = _message(speaker, given, "reply_to")
    return _said(speaker.writes(given["text"], reply_to=reply, ago=given.get("ago", 0.0)))


async def _edits(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    speaker = _speaker(fake, given)
    message = _message(speaker, given)
    assert message
    return _said(speaker.edits(message, given["text"]))


async def _deletes(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    speaker = _speaker(fake, given)
    message = _message(speaker, given)
    assert message
    speaker.deletes(message)
    return {}


async def _taps(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    speaker = _speaker(fake, given)
    return as_asked(speaker.taps(given["button"], _message(speaker, given)))


async def _slash(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    return as_asked(_speaker(fake, given).slash(given["words"], **given.get("options", {})))


async def _dms(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    """Open or close somebody's direct messages."""
    fake.world.users[int(given["by"])].dms_open = given["open"]
    return {}


async def _posts(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    speaker = _speaker(fake, given).posts(given["title"], given["text"], tags=given.get("tags", ()))
    return {"channel": speaker.channel.id}


async def _reads(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    """What somebody reads from the bot in a place."""
    return _speaker(fake, given).texts


async def _prefill(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    """Direct messages as [member, text], or mentions in `channel`."""
    lines = [(int(member), str(text)) for member, text in given["lines"]]
    if "channel" not in given:
        return {"count": fake.prefill(lines)}
    channel = fake.world.channels[int(given["channel"])]
    assert channel.guild
    for member, text in lines:
        if member not in fake.world.users:
            fake.member(f"M{member}", id=member, guild=Server(fake, channel.guild))
        fake.person(member).at(channel).mentions_bot(text)
    return {"count": len(lines)}


async def _fail(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    method, times, channel = given.pop("method"), given.pop("times", 1), given.pop("channel", None)
    fault = Fault(FaultKind(given.pop("fault")), **given)
    fake.fail(method, with_=fault, times=times, channel=channel)
    return {}


async def _offline(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    """Refuse connections for some seconds, beginning when this answer is out."""
    fake.go_offline(float(given["seconds"]))
    return {}


async def _gateway(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    """`do` cut, close, reconnect, invalidate, forget or fall_silent; or set `refuse_resumes` and the like."""
    done = given.pop("do", None)
    for name in ("refuse_resumes", "resume_window", "heartbeat", "keeps", "identify_interval"):
        if name in given:
            setattr(fake.gateway, name, given.pop(name))
    if done:
        assert done in ("cut", "close", "reconnect", "invalidate", "forget", "fall_silent"), f"no {done}"
        getattr(fake.gateway, done)(**given)
    return {}


async def _ledger(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    return [as_json(sent) for sent in fake.ledger.sent[given.get("since", 0) :]]


async def _asked(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    return [as_asked(asked) for asked in fake.ledger.asked]


async def _wait(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    """Until `sent` messages went out, in `channel` and `containing` a text if given; or `listening`."""
    count, channel, text = int(given.get("sent", 1)), given.get("channel"), str(given.get("containing", ""))

    def reached(ledger: Ledger) -> bool:
        if given.get("listening"):
            return bool(fake.gateway.listening)
        if channel is None and not text:
            return ledger.arrived >= count
        fitting = (s for s in ledger.sent if channel in (None, s.channel) and text in s.plain)
        return sum(not sent.repeated for sent in fitting) >= count

    await fake.wait_for(reached, given.get("timeout", 10.0))
    return {"sent": fake.ledger.arrived}


async def _latencies(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    """Seconds from each member's direct message to the bot's next one there, in the order of the channels.

    `in_order` sorts by the time of the question.
    """
    await asyncio.sleep(0)
    found: list[tuple[float, float]] = []
    for channel in fake.world.dms.values():
        asked: float | None = None
        for one in channel.order:
            message = channel.messages[one]
            if message.author is not fake.bot:
                asked = asked if asked is not None else message.at
            elif asked is not None:
                found.append((asked, message.at - asked))
                asked = None
    if given.get("in_order"):
        found.sort()
    return [latency for _, latency in found]


async def _history(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    """All that is said in a channel, oldest first, as [author, text]."""
    channel = fake.world.channels[int(given["channel"])]
    return [[channel.messages[one].author.id, channel.messages[one].text] for one in channel.order]


async def _inject(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    fake.gateway.inject(given["event"], given["data"])
    return {}


async def _reacts(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    speaker = _speaker(fake, given)
    message = _message(speaker, given)
    assert message
    speaker.reacts(message, given.get("emoji", "👍"))
    return {}


async def _archives(fake: FakeDiscord, given: dict[str, Any]) -> Any:
    Place(fake, fake.world.channels[int(given["channel"])]).archives(locked=given.get("locked", False))
    return {}


def as_json(sent: Sent) -> dict[str, Any]:
    """One line of the ledger."""
    return {
        "order": sent.order,
        "time": sent.time,
        "method": sent.method,
        "channel": sent.channel,
        "private": sent.message.channel.type == DM,
        "message": sent.message.id,
        "text": sent.text,
        "plain": sent.plain,
        "labels": sent.labels,
        "files": list(sent.files),
        "reply_to": sent.reply_to,
        "only_for": sent.only_for,
        "pings": [list(sent.pings.users), list(sent.pings.roles), sent.pings.everyone],
        "nonce": sent.nonce,
        "repeated": sent.repeated,
        "answered": sent.answered,
        "deleted": sent.message.deleted,
    }


def as_asked(asked: Asked) -> dict[str, Any]:
    """One interaction."""
    return {
        "id": asked.id,
        "type": asked.type,
        "by": asked.user.id,
        "channel": asked.channel.id,
        "answer": asked.answer,
        "late": asked.late,
        "reads": asked.reads,
        "choices": asked.choices,
        "form": asked.form,
    }


ACTIONS: dict[str, Action] = {
    "state": _state,
    "guild": _guild,
    "channel": _channel,
    "member": _member,
    "writes": _writes,
    "edits": _edits,
    "deletes": _deletes,
    "taps": _taps,
    "slash": _slash,
    "dms": _dms,
    "posts": _posts,
    "reads": _reads,
    "prefill": _prefill,
    "fail": _fail,
    "offline": _offline,
    "gateway": _gateway,
    "ledger": _ledger,
    "asked": _asked,
    "wait": _wait,
    "latencies": _latencies,
    "history": _history,
    "archives": _archives,
    "inject": _inject,
    "reacts": _reacts,
}
