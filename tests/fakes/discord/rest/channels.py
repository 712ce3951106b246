"""Channels and threads as such: reading, changing and deleting them, and who may do what."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.fakes.discord.errors import Form, refused
from tests.fakes.discord.exchange import Ask
from tests.fakes.discord.model import FORUM, PINNED, REQUIRE_TAG, Channel, Overwrite, Tag
from tests.fakes.discord.rest.table import route
from tests.fakes.discord.rights import Right

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
TAGS, APPLIED = 20, 5
"""Most tags of a forum and of one post."""


@route("GET channels/#")
async def get_channel(fake: FakeDiscord, ask: Ask) -> Any:
    return fake.world.channel(ask.ids[0]).json(fake.bot)


@route("PATCH channels/#")
async def modify_channel(fake: FakeDiscord, ask: Ask) -> Any:
    channel = fake.world.channel(ask.ids[0])
    if channel.is_dm:
        raise refused(50024)
    if channel.is_thread:
        _change_thread(fake, channel, ask.body)
        fake.tell_thread("THREAD_UPDATE", channel)
        return channel.json(fake.bot)
    if not fake.world.rights(channel) & Right.MANAGE_CHANNELS:
        raise refused(50013)
    form = Form()
    if "name" in ask.body:
        channel.name = form.text("name", ask.body["name"], 1, 100)
    if "topic" in ask.body:
        channel.topic = form.text(
            "topic", ask.body["topic"] or "", 0, 4096 if channel.type == FORUM else 1024
        )
    if "available_tags" in ask.body:
        _set_tags(fake, channel, ask.body["available_tags"], form)
    form.done()
    if "flags" in ask.body:
        channel.flags = int(ask.body["flags"]) & REQUIRE_TAG
    for over in ask.body.get("permission_overwrites") or ():
        one = Overwrite(int(over["id"]), int(over["type"]), int(over["allow"]), int(over["deny"]))
        channel.overwrites[one.id] = one
    fake.tell_channel("CHANNEL_UPDATE", channel)
    return channel.json()


def _set_tags(fake: FakeDiscord, channel: Channel, given: list[dict[str, Any]], form: Form) -> None:
    if len(given) > TAGS:
        raise refused(30048)
    for index, tag in enumerate(given):
        form.text(f"available_tags.{index}.name", tag.get("name"), 1, 20)
    if not form.errors:
        channel.tags = [
            Tag(int(tag.get("id") or fake.ids.next()), tag["name"], tag.get("moderated", False))
            for tag in given
        ]


def _change_thread(fake: FakeDiscord, thread: Channel, body: dict[str, Any]) -> None:
    rights = fake.world.rights(thread)
    manages = bool(rights & Right.MANAGE_THREADS)
    if thread.archived and body.get("archived") is not False:
        raise refused(50083)
    if thread.archived and thread.locked and not manages:
        raise refused(50013)
    reopens = set(body) <= {"archived", "auto_archive_duration"} and body.get("archived") is False
    if not manages and thread.owner_id != fake.bot.id and not reopens:
        raise refused(50013)
    if "locked" in body and not manages:
        raise refused(50013)
    if body.get("archived") is False and thread.archived:
        check_active(fake, thread)
    form = Form()
    if "name" in body:
        thread.name = form.text("name", body["name"], 1, 100)
    if "auto_archive_duration" in body:
        form.choice("auto_archive_duration", body["auto_archive_duration"], ARCHIVE_MINUTES)
    if not 0 <= body.get("rate_limit_per_user", 0) <= 21600:
        form.wrong("rate_limit_per_user", "NUMBER_TYPE_MAX", "int value should be between 0 and 21600.")
    if "applied_tags" in body:
        thread.applied_tags = check_tags(fake, thread.parent, body["applied_tags"], form, manages=manages)
    form.done()
    thread.auto_archive = body.get("auto_archive_duration", thread.auto_archive)
    thread.slowmode = body.get("rate_limit_per_user", thread.slowmode)
    thread.invitable = body.get("invitable", thread.invitable)
    thread.locked = body.get("locked", thread.locked)
    if "flags" in body:
        thread.flags = int(body["flags"]) & PINNED
    if "archived" in body and body["archived"] != thread.archived:
        thread.archived = body["archived"]
        thread.archived_at = time.time()


def check_active(fake: FakeDiscord, channel: Channel) -> None:
    """Raise 160006 if the guild has no room for one more active thread."""
    assert channel.guild
    if len(channel.guild.active_threads) >= fake.max_threads:
        raise refused(160006)


def check_tags(
    fake: FakeDiscord, forum: Channel | None, given: list[Any] | None, form: Form, *, manages: bool
) -> list[int]:
    """The tags of a forum post; raises 40067 where one is needed."""
    ids = [int(one) for one in given or ()]
    tags = {tag.id: tag for tag in (forum.tags if forum else ())}
    if len(ids) > APPLIED:
        form.wrong("applied_tags", "BASE_TYPE_MAX_LENGTH", f"Must be {APPLIED} or fewer in length.")
    for index, one in enumerate(ids):
        if one not in tags:
            form.wrong(f"applied_tags.{index}", "UNKNOWN_TAG", "Unknown tag")
    if any(tags[one].moderated for one in ids if one in tags) and not manages:
        raise refused(50013)
    if forum and forum.flags & REQUIRE_TAG and not ids:
        if forum.tags and all(tag.moderated for tag in forum.tags) and not manages:
            raise refused(40066)
        raise refused(40067)
    return ids


@route("DELETE channels/#")
async def delete_channel(fake: FakeDiscord, ask: Ask) -> Any:
    channel = fake.world.channel(ask.ids[0])
    if channel.is_dm:
        return channel.json()
    needed = Right.MANAGE_THREADS if channel.is_thread else Right.MANAGE_CHANNELS
    if not fake.world.rights(channel) & needed:
        raise refused(50013)
    fake.drop_channel(channel)
    return channel.json()


@route("PUT channels/#/permissions/#")
async def edit_channel_permissions(fake: FakeDiscord, ask: Ask) -> Any:
    channel = fake.world.channel(ask.ids[0], Right.MANAGE_ROLES)
    channel.overwrites[ask.ids[1]] = Overwrite(
        *(ask.ids[1], int(ask.body["type"])), int(ask.body.get("allow") or 0), int(ask.body.get("deny") or 0)
    )
    fake.tell_channel("CHANNEL_UPDATE", channel)
