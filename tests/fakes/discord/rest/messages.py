"""Messages: sending, editing, deleting, reading back, reactions, typing."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.fakes.discord import posting
from tests.fakes.discord.errors import Form, refused
from tests.fakes.discord.exchange import Ask
from tests.fakes.discord.gateway import Intent
from tests.fakes.discord.ledger import Sent
from tests.fakes.discord.model import SUPPRESS_EMBEDS, Channel, Message
from tests.fakes.discord.rest.table import route
from tests.fakes.discord.rights import Right

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord


@route("POST channels/#/messages")
async def create_message(fake: FakeDiscord, ask: Ask) -> Any:
    channel = fake.world.channel(ask.ids[0])
    posting.may_send(fake, channel)
    made = posting.draft(fake, channel, ask)
    if made.nonce and ask.body.get("enforce_nonce") and (before := fake.nonces.find(made.nonce)):
        repeated = Sent(ask.call, before, before.channel.id, before.content, before.text, repeated=True)
        repeated.nonce = made.nonce
        fake.ledger.sent.append(repeated)
        return shown(fake, before) | {"nonce": made.nonce}
    message = posting.post(fake, channel, made, ask)
    if made.nonce:
        fake.nonces.keep(made.nonce, message)
    return shown(fake, message) | ({"nonce": made.nonce} if made.nonce else {})


@route("PATCH channels/#/messages/#")
async def edit_message(fake: FakeDiscord, ask: Ask) -> Any:
    channel, message = _message(fake, ask)
    if message.author is not fake.bot:
        only_flags = set(ask.body) <= {"flags"} and not int(ask.body.get("flags") or 0) & ~SUPPRESS_EMBEDS
        if not only_flags:
            raise refused(50005)
        if not fake.world.rights(channel) & Right.MANAGE_MESSAGES:
            raise refused(50013)
        message.flags = int(ask.body["flags"])
        posting.changed(fake, message)
        return shown(fake, message)
    _unarchived(channel)
    made = posting.draft(fake, channel, ask, editing=message)
    posting.apply(fake, message, made)
    posting.enter(fake, ask, message, made, None, edit=True)
    return shown(fake, message)


@route("DELETE channels/#/messages/#")
async def delete_message(fake: FakeDiscord, ask: Ask) -> Any:
    channel, message = _message(fake, ask)
    if message.author is not fake.bot:
        if channel.is_dm:
            raise refused(50003)
        if not fake.world.rights(channel) & Right.MANAGE_MESSAGES:
            raise refused(50013)
    _unarchived(channel)
    fake.ledger.deleted.append(message)
    posting.delete(fake, message)


@route("POST channels/#/messages/bulk-delete")
async def bulk_delete_messages(fake: FakeDiscord, ask: Ask) -> Any:
    channel = fake.world.channel(ask.ids[0], Right.MANAGE_MESSAGES)
    if channel.is_dm:
        raise refused(50003)
    form = Form()
    ids = [int(one) for one in ask.body.get("messages") or ()]
    if not 2 <= len(ids) <= 100:
        form.wrong("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
    form.done()
    for message_id in ids:
        message = channel.messages.get(message_id)
        if message and not message.deleted:
            fake.ledger.deleted.append(message)
            posting.delete(fake, message)


@route("GET channels/#/messages/#")
async def get_channel_message(fake: FakeDiscord, ask: Ask) -> Any:
    channel = fake.world.channel(ask.ids[0], Right.READ_MESSAGE_HISTORY)
    return shown(fake, fake.world.message(channel, ask.ids[1]))


@route("GET channels/#/messages")
async def get_channel_messages(fake: FakeDiscord, ask: Ask) -> Any:
    channel = fake.world.channel(ask.ids[0])
    limit = int(ask.query.get("limit", 50))
    form = Form()
    if not 1 <= limit <= 100:
        form.wrong("limit", "NUMBER_TYPE_MAX", "int value should be less than or equal to 100.")
    marks = [name for name in ("before", "after", "around") if name in ask.query]
    if len(marks) > 1:
        form.wrong(marks[1], "BASE_TYPE_CHOICES", "before, after and around are mutually exclusive.")
    form.done()
    if not fake.world.rights(channel) & Right.READ_MESSAGE_HISTORY:
        return []
    order = channel.order
    mark = int(ask.query[marks[0]]) if marks else 0
    if marks == ["after"]:
        start = bisect.bisect_right(order, mark)
        ids = order[start : start + limit]
    elif marks == ["around"]:
        middle = bisect.bisect_left(order, mark)
        start = max(0, middle - limit // 2)
        ids = order[start : start + limit]
    else:
        end = bisect.bisect_left(order, mark) if marks else len(order)
        ids = order[max(0, end - limit) : end]
    return [shown(fake, channel.messages[one]) for one in reversed(ids)]


@route("POST channels/#/typing")
async def trigger_typing(fake: FakeDiscord, ask: Ask) -> Any:
    channel = fake.world.channel(ask.ids[0])
    posting.may_send(fake, channel)
    fake.ledger.typing.append(channel.id)


@route("PUT channels/#/messages/#/reactions/*/@me", name="create_reaction")
async def create_reaction(fake: FakeDiscord, ask: Ask) -> Any:
    channel, message = _message(fake, ask)
    emoji = _emoji(ask)
    users = message.reactions.get(emoji)
    rights = fake.world.rights(channel)
    if not rights & Right.READ_MESSAGE_HISTORY or (users is None and not rights & Right.ADD_REACTIONS):
        raise refused(50013)
    _unarchived(channel)
    if users is None and len(message.reactions) >= 20:
        raise refused(30010)
    fake.react(message, emoji, fake.bot)
    fake.ledger.reactions.append((message.id, emoji))


@route("DELETE channels/#/messages/#/reactions/*/@me", name="delete_own_reaction")
async def delete_own_reaction(fake: FakeDiscord, ask: Ask) -> Any:
    _, message = _message(fake, ask)
    fake.unreact(message, _emoji(ask), fake.bot)


@route("DELETE channels/#/messages/#/reactions/*/#")
async def delete_user_reaction(fake: FakeDiscord, ask: Ask) -> Any:
    channel, message = _message(fake, ask)
    if not fake.world.rights(channel) & Right.MANAGE_MESSAGES:
        raise refused(50013)
    fake.unreact(message, _emoji(ask), fake.world.user(ask.ids[2]))


def _emoji(ask: Ask) -> str:
    emoji = unquote(ask.words[0])
    if not emoji or emoji.isascii():
        raise refused(10014)
    return emoji


def _message(fake: FakeDiscord, ask: Ask) -> tuple[Channel, Message]:
    channel = fake.world.channel(ask.ids[0])
    return channel, fake.world.message(channel, ask.ids[1])


def _unarchived(channel: Channel) -> None:
    if channel.archived:
        raise refused(50083)


def shown(fake: FakeDiscord, message: Message) -> dict[str, Any]:
    """A message as REST gives it to this application."""
    return message.json(blank=fake.world.blank(message), viewer=fake.bot.id)


REACTIONS = {True: Intent.GUILD_MESSAGE_REACTIONS, False: Intent.DIRECT_MESSAGE_REACTIONS}
"""The intent of reactions, by whether it is in a guild."""
