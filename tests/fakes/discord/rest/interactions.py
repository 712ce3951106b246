"""Answers to interactions: https://discord.com/developers/docs/interactions/receiving-and-responding"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.fakes.discord import content as checks
from tests.fakes.discord import posting
from tests.fakes.discord.errors import Form, refused
from tests.fakes.discord.exchange import Ask
from tests.fakes.discord.ledger import Asked, Pings
from tests.fakes.discord.model import COMMAND, EPHEMERAL, LOADING, Message
from tests.fakes.discord.rest.commands import check_choices
from tests.fakes.discord.rest.table import route

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
"""Types of first answers."""
ALLOWED = {
    2: (MESSAGE, DEFERRED, MODAL),
    3: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL),
    4: (CHOICES,),
    5: (MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE),
}
"""Which of them each type of interaction takes."""


@route("POST interactions/#/*/callback", by_token=True)
async def create_interaction_response(fake: FakeDiscord, ask: Ask) -> Any:
    asked = fake.interactions.get(ask.words[0])
    if asked is None or asked.id != ask.ids[0]:
        raise refused(10062)
    if asked.answer:
        raise refused(40060)
    if _now() - asked.time > fake.answer_within:
        asked.late += 1
        raise refused(10062)
    kind = ask.body.get("type") or 0
    data = ask.body.get("data") or {}
    form = Form()
    form.choice("type", kind, ALLOWED[asked.type])
    if kind in (DEFERRED_UPDATE, UPDATE) and asked.message is None:
        form.wrong("type", "INTERACTION_RESPONSE_TYPE_INVALID", "There is no message to update.")
    if kind == CHOICES:
        choices = data.get("choices") or []
        if len(choices) > 25:
            form.wrong("data.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        check_choices(form, "data.", choices)
    if kind == MODAL:
        checks.check_modal(form, data)
    form.done()
    message = _carry_out(fake, ask, asked, int(kind), data)
    asked.answer, asked.answered_at = int(kind), _now()
    fake.ledger.changed()
    if ask.query.get("with_response", "").lower() not in ("1", "true"):
        return None
    return _receipt(fake, asked, message)


def _carry_out(fake: FakeDiscord, ask: Ask, asked: Asked, kind: int, data: dict[str, Any]) -> Message | None:
    if kind == CHOICES:
        asked.choices = data.get("choices") or []
        return None
    if kind == MODAL:
        asked.form = data
        return None
    if kind in (DEFERRED_UPDATE, UPDATE):
        asked.original = asked.message
        if kind == UPDATE and asked.message:
            _change(fake, ask, asked, asked.message, data)
            return asked.message
        return None
    if kind == DEFERRED:
        flags = LOADING | int(data.get("flags") or 0) & EPHEMERAL
        made = posting.Draft("", [], [], [], None, flags, Pings(), None, "", frozenset())
        asked.original = _post(fake, ask, asked, made, entered=False)
        return asked.original
    made = posting.draft(fake, asked.channel, ask, body=data, interaction=True)
    asked.original = _post(fake, ask, asked, made)
    return asked.original


def _post(fake: FakeDiscord, ask: Ask, asked: Asked, made: posting.Draft, *, entered: bool = True) -> Message:
    only_for = asked.user if made.flags & EPHEMERAL else None
    made.reply_to = asked.message if asked.type == 3 and not only_for else None
    message = posting.post(
        fake,
        asked.channel,
        made,
        ask,
        only_for=only_for,
        interaction=asked,
        type=COMMAND if asked.type == 2 else None,
        entered=entered,
    )
    asked.messages.append(message)
    return message


def _change(fake: FakeDiscord, ask: Ask, asked: Asked, message: Message, body: dict[str, Any]) -> None:
    """Edit an answer; the one that was deferred appears by it."""
    loading = bool(message.flags & LOADING)
    body = {key: value for key, value in body.items() if key != "flags"}
    made = posting.draft(fake, asked.channel, ask, body=body, editing=message, interaction=True)
    message.flags &= ~LOADING
    posting.apply(fake, message, made)
    posting.enter(fake, ask, message, made, asked, edit=not loading)


def _receipt(fake: FakeDiscord, asked: Asked, message: Message | None) -> dict[str, Any]:
    about: dict[str, Any] = {"id": str(asked.id), "type": asked.type}
    out: dict[str, Any] = {"interaction": about}
    if message:
        about |= {
            "response_message_id": str(message.id),
            "response_message_loading": bool(message.flags & LOADING),
            "response_message_ephemeral": bool(message.ephemeral_to),
        }
        out["resource"] = {"type": asked.answer, "message": message.json(viewer=fake.bot.id)}
    elif asked.answer in (DEFERRED_UPDATE, CHOICES, MODAL):
        out["resource"] = {"type": asked.answer}
    return out


# By the interaction's token


def _by_token(fake: FakeDiscord, ask: Ask) -> Asked:
    if ask.ids[0] != fake.application_id:
        raise refused(10015)
    asked = fake.interactions.get(ask.words[0])
    if asked is None or _now() >= asked.expires:
        raise refused(50027)
    if not asked.answer:
        raise refused(10015)
    return asked


def _answer(asked: Asked, ask: Ask) -> Message:
    if len(ask.ids) > 1:
        found = next((message for message in asked.messages if message.id == ask.ids[1]), None)
    else:
        found = asked.original
    if found is None or found.deleted:
        raise refused(10008)
    return found


@route("POST webhooks/#/*", by_token=True)
async def create_followup_message(fake: FakeDiscord, ask: Ask) -> Any:
    asked = _by_token(fake, ask)
    first = asked.original
    if asked.answer == DEFERRED and first and first.flags & LOADING and not first.deleted:
        _change(fake, ask, asked, first, ask.body)
        return first.json(viewer=fake.bot.id)
    made = posting.draft(fake, asked.channel, ask, interaction=True)
    return _post(fake, ask, asked, made).json(viewer=fake.bot.id)


@route("GET webhooks/#/*/messages/@original", name="get_original_interaction_response", by_token=True)
@route("GET webhooks/#/*/messages/#", by_token=True)
async def get_followup_message(fake: FakeDiscord, ask: Ask) -> Any:
    return _answer(_by_token(fake, ask), ask).json(viewer=fake.bot.id)


@route("PATCH webhooks/#/*/messages/@original", name="edit_original_interaction_response", by_token=True)
@route("PATCH webhooks/#/*/messages/#", by_token=True)
async def edit_followup_message(fake: FakeDiscord, ask: Ask) -> Any:
    asked = _by_token(fake, ask)
    message = _answer(asked, ask)
    _change(fake, ask, asked, message, ask.body)
    return message.json(viewer=fake.bot.id)


@route("DELETE webhooks/#/*/messages/@original", name="delete_original_interaction_response", by_token=True)
@route("DELETE webhooks/#/*/messages/#", by_token=True)
async def delete_followup_message(fake: FakeDiscord, ask: Ask) -> Any:
    message = _answer(_by_token(fake, ask), ask)
    fake.ledger.deleted.append(message)
    posting.delete(fake, message)


def _now() -> float:
    return asyncio.get_running_loop().time()
