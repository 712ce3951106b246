"""Threads and forum posts: https://discord.com/developers/docs/topics/threads"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.fakes.discord import posting
from tests.fakes.discord.errors import Form, refused
from tests.fakes.discord.exchange import Ask
from tests.fakes.discord.model import (
    FORUM,
    HAS_THREAD,
    NEWS,
    NEWS_THREAD,
    PRIVATE,
    PUBLIC,
    TEXT,
    THREAD_CREATED,
    THREAD_STARTER,
    Channel,
    Message,
    User,
)
from tests.fakes.discord.rest.channels import ARCHIVE_MINUTES, check_active, check_tags
from tests.fakes.discord.rest.messages import shown
from tests.fakes.discord.rest.table import route
from tests.fakes.discord.rights import Right
from tests.fakes.discord.snowflake import seconds, stamp

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord


def open_thread(
    fake: FakeDiscord,
    parent: Channel,
    owner: User,
    name: str,
    *,
    type: int = PUBLIC,
    id: int | None = None,
    starter: Message | None = None,
    minutes: int = 1440,
    tags: list[int] | None = None,
    invitable: bool = True,
) -> Channel:
    """Make a thread, whoever asked for it, and tell the gateway."""
    thread = Channel(id or fake.ids.next(), type, parent.guild, name, parent=parent, owner_id=owner.id)
    thread.auto_archive, thread.invitable, thread.applied_tags = minutes, invitable, tags or []
    thread.starter = starter
    thread.members[owner.id] = time.time()
    assert parent.guild
    parent.guild.threads[thread.id] = fake.world.channels[thread.id] = thread
    fake.tell_thread("THREAD_CREATE", thread, newly_created=True)
    fake.ledger.changed()
    return thread


def thread_of(fake: FakeDiscord, message: Message, owner: User, name: str, minutes: int = 1440) -> Channel:
    """A thread that starts at a message; it has the message's id."""
    kind = NEWS_THREAD if message.channel.type == NEWS else PUBLIC
    thread = open_thread(
        fake, message.channel, owner, name, type=kind, id=message.id, starter=message, minutes=minutes
    )
    message.thread = thread
    message.flags |= HAS_THREAD
    posting.changed(fake, message)
    posting.publish(fake, Message(thread, fake.ids.next(), owner, type=THREAD_STARTER, reply_to=message))
    return thread


def post_in_forum(
    fake: FakeDiscord, forum: Channel, author: User, title: str, text: str, tags: list[int]
) -> Channel:
    """A member's forum post: the thread and its first message have one id."""
    thread = open_thread(fake, forum, author, title, tags=tags)
    message = Message(thread, thread.id, author, text)
    thread.starter = message
    posting.publish(fake, message)
    return thread


def _named(ask: Ask) -> tuple[Form, str, int]:
    form = Form()
    name = form.text("name", ask.body.get("name"), 1, 100)
    minutes = ask.body.get("auto_archive_duration") or 1440
    form.choice("auto_archive_duration", minutes, ARCHIVE_MINUTES)
    return form, name, minutes


@route("POST channels/#/messages/#/threads")
async def start_thread_from_message(fake: FakeDiscord, ask: Ask) -> Any:
    channel = fake.world.channel(ask.ids[0])
    if channel.type not in (TEXT, NEWS):
        raise refused(50024)
    rights = fake.world.rights(channel)
    if not rights & Right.CREATE_PUBLIC_THREADS:
        raise refused(50013)
    message = fake.world.message(channel, ask.ids[1])
    if message.is_system:
        raise refused(50021)
    if message.thread:
        raise refused(160004)
    form, name, minutes = _named(ask)
    form.done()
    check_active(fake, channel)
    return thread_of(fake, message, fake.bot, name, minutes).json(fake.bot)


@route("POST channels/#/threads")
async def start_thread(fake: FakeDiscord, ask: Ask) -> Any:
    channel = fake.world.channel(ask.ids[0])
    if channel.type == FORUM:
        return _start_in_forum(fake, channel, ask)
    if channel.type not in (TEXT, NEWS):
        raise refused(50024)
    kind = ask.body.get("type", PRIVATE)
    form, name, minutes = _named(ask)
    form.choice("type", kind, (PUBLIC, PRIVATE))
    form.done()
    needed = Right.CREATE_PRIVATE_THREADS if kind == PRIVATE else Right.CREATE_PUBLIC_THREADS
    if not fake.world.rights(channel) & needed:
        raise refused(50013)
    check_active(fake, channel)
    invitable = ask.body.get("invitable", True)
    thread = open_thread(fake, channel, fake.bot, name, type=kind, minutes=minutes, invitable=invitable)
    if kind == PUBLIC:
        note = Message(channel, fake.ids.next(), fake.bot, name, THREAD_CREATED)
        note.thread = thread
        posting.publish(fake, note)
    return thread.json(fake.bot)


def _start_in_forum(fake: FakeDiscord, forum: Channel, ask: Ask) -> Any:
    rights = fake.world.rights(forum)
    if not rights & Right.SEND_MESSAGES:
        raise refused(50013)
    form, name, minutes = _named(ask)
    manages = bool(rights & Right.MANAGE_THREADS)
    tags = check_tags(fake, forum, ask.body.get("applied_tags"), form, manages=manages)
    if not isinstance(ask.body.get("message"), dict):
        form.wrong("message", "BASE_TYPE_REQUIRED", "This field is required")
    form.done()
    check_active(fake, forum)
    made = posting.draft(fake, forum, ask, body=ask.body["message"])
    thread = open_thread(fake, forum, fake.bot, name, minutes=minutes, tags=tags)
    for file in made.files:
        file.channel_id = thread.id
        fake.cdn.keep(file)
    message = posting.post(fake, thread, made, ask, id=thread.id, starts=True)
    return thread.json(fake.bot) | {"message": shown(fake, message)}


# Members of threads


def _thread(fake: FakeDiscord, thread_id: int) -> Channel:
    thread = fake.world.channel(thread_id)
    if not thread.is_thread:
        raise refused(50024)
    return thread


def _open(fake: FakeDiscord, thread_id: int) -> Channel:
    thread = _thread(fake, thread_id)
    if thread.archived:
        raise refused(50083)
    return thread


@route("PUT channels/#/thread-members/@me")
async def join_thread(fake: FakeDiscord, ask: Ask) -> Any:
    fake.join_thread(_open(fake, ask.ids[0]), fake.bot)


@route("PUT channels/#/thread-members/#")
async def add_thread_member(fake: FakeDiscord, ask: Ask) -> Any:
    thread = _open(fake, ask.ids[0])
    rights = fake.world.rights(thread)
    if not rights & Right.SEND_MESSAGES_IN_THREADS:
        raise refused(50013)
    invites = not thread.is_private_thread or thread.invitable or thread.owner_id == fake.bot.id
    if not invites and not rights & Right.MANAGE_THREADS:
        raise refused(50013)
    user = fake.world.user(ask.ids[1])
    assert thread.guild
    assert thread.parent
    if user.id not in thread.guild.members:
        raise refused(10007)
    if not fake.world.rights(thread.parent, user) & Right.VIEW_CHANNEL:
        raise refused(50001)
    fake.join_thread(thread, user)


@route("DELETE channels/#/thread-members/@me")
async def leave_thread(fake: FakeDiscord, ask: Ask) -> Any:
    fake.leave_thread(_open(fake, ask.ids[0]), fake.bot)


@route("DELETE channels/#/thread-members/#")
async def remove_thread_member(fake: FakeDiscord, ask: Ask) -> Any:
    thread = _open(fake, ask.ids[0])
    owns = thread.is_private_thread and thread.owner_id == fake.bot.id
    if not owns and not fake.world.rights(thread) & Right.MANAGE_THREADS:
        raise refused(50013)
    fake.leave_thread(thread, fake.world.user(ask.ids[1]))


@route("GET channels/#/thread-members/#")
async def get_thread_member(fake: FakeDiscord, ask: Ask) -> Any:
    thread = _thread(fake, ask.ids[0])
    if ask.ids[1] not in thread.members:
        raise refused(10007)
    return thread.member_json(ask.ids[1])


@route("GET channels/#/thread-members")
async def list_thread_members(fake: FakeDiscord, ask: Ask) -> Any:
    thread = _thread(fake, ask.ids[0])
    return [thread.member_json(one) for one in thread.members]


# Archived ones


@route("GET channels/#/threads/archived/public")
async def list_public_archived_threads(fake: FakeDiscord, ask: Ask) -> Any:
    return _archived(fake, ask, lambda thread: not thread.is_private_thread, 0)


@route("GET channels/#/threads/archived/private")
async def list_private_archived_threads(fake: FakeDiscord, ask: Ask) -> Any:
    return _archived(fake, ask, lambda thread: thread.is_private_thread, Right.MANAGE_THREADS)


@route("GET channels/#/users/@me/threads/archived/private")
async def list_joined_private_archived_threads(fake: FakeDiscord, ask: Ask) -> Any:
    me = fake.bot.id
    return _archived(fake, ask, lambda thread: thread.is_private_thread and me in thread.members, 0)


def _archived(fake: FakeDiscord, ask: Ask, fits: Any, needs: int) -> Any:
    channel = fake.world.channel(ask.ids[0], Right.READ_MESSAGE_HISTORY | needs)
    assert channel.guild
    before = ask.query.get("before", "9999")
    limit = int(ask.query.get("limit", 50))
    found = [
        thread
        for thread in channel.guild.threads.values()
        if thread.parent is channel and thread.archived and fits(thread) and _mark(thread) < before
    ]
    found.sort(key=lambda thread: thread.archived_at, reverse=True)
    me = fake.bot.id
    return {
        "threads": [thread.json(fake.bot) for thread in found[:limit]],
        "members": [thread.member_json(me) for thread in found[:limit] if me in thread.members],
        "has_more": len(found) > limit,
    }


def _mark(thread: Channel) -> str:
    return stamp(thread.archived_at or seconds(thread.id))
