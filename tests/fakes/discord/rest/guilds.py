"""Guilds: their channels, members and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.discord.errors import Form, refused
from tests.fakes.discord.exchange import Ask
from tests.fakes.discord.gateway import Intent
from tests.fakes.discord.model import CATEGORY, FORUM, TEXT, VOICE, Channel, Overwrite
from tests.fakes.discord.rest.table import route
from tests.fakes.discord.rights import Right

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

MAX_CHANNELS = 500


@route("GET guilds/#")
async def get_guild(fake: FakeDiscord, ask: Ask) -> Any:
    guild, _ = fake.world.guild(ask.ids[0])
    out = guild.json()
    if ask.query.get("with_counts", "").lower() in ("true", "1"):
        out["approximate_member_count"] = out["approximate_presence_count"] = len(guild.members)
    return out


@route("GET guilds/#/channels")
async def get_guild_channels(fake: FakeDiscord, ask: Ask) -> Any:
    guild, _ = fake.world.guild(ask.ids[0])
    return [channel.json() for channel in guild.channels.values()]


@route("POST guilds/#/channels")
async def create_guild_channel(fake: FakeDiscord, ask: Ask) -> Any:
    guild, _ = fake.world.guild(ask.ids[0], Right.MANAGE_CHANNELS)
    if len(guild.channels) >= MAX_CHANNELS:
        raise refused(30013)
    form = Form()
    name = form.text("name", ask.body.get("name"), 1, 100)
    kind = ask.body.get("type", TEXT)
    form.choice("type", kind, (TEXT, VOICE, CATEGORY, FORUM))
    topic = form.text("topic", ask.body.get("topic") or "", 0, 4096 if kind == FORUM else 1024)
    form.done()
    if kind == TEXT:
        name = name.lower().replace(" ", "-")
    parent = guild.channels.get(int(ask.body["parent_id"])) if ask.body.get("parent_id") else None
    channel = Channel(fake.ids.next(), kind, guild, name, parent=parent, topic=topic)
    channel.position = len(guild.channels)
    for over in ask.body.get("permission_overwrites") or ():
        one = Overwrite(int(over["id"]), int(over["type"]), int(over["allow"]), int(over["deny"]))
        channel.overwrites[one.id] = one
    guild.channels[channel.id] = fake.world.channels[channel.id] = channel
    fake.tell_channel("CHANNEL_CREATE", channel)
    return channel.json()


@route("GET guilds/#/members/#")
async def get_guild_member(fake: FakeDiscord, ask: Ask) -> Any:
    guild, _ = fake.world.guild(ask.ids[0])
    member = guild.members.get(ask.ids[1])
    if member is None:
        raise refused(10007)
    return member.json()


@route("GET guilds/#/members")
async def list_guild_members(fake: FakeDiscord, ask: Ask) -> Any:
    guild, _ = fake.world.guild(ask.ids[0])
    if not fake.privileged & Intent.GUILD_MEMBERS:
        raise refused(50001)
    limit, after = int(ask.query.get("limit", 1)), int(ask.query.get("after", 0))
    form = Form()
    if not 1 <= limit <= 1000:
        form.wrong("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 1000.")
    form.done()
    found = sorted(one for one in guild.members if one > after)[:limit]
    return [guild.members[one].json() for one in found]


@route("GET guilds/#/members/search")
async def search_guild_members(fake: FakeDiscord, ask: Ask) -> Any:
    guild, _ = fake.world.guild(ask.ids[0])
    query = ask.query["query"].lower()
    found = [m for m in guild.members.values() if (m.nick or m.user.name).lower().startswith(query)]
    return [member.json() for member in found[: int(ask.query.get("limit", 1))]]


@route("GET guilds/#/roles")
async def get_guild_roles(fake: FakeDiscord, ask: Ask) -> Any:
    guild, _ = fake.world.guild(ask.ids[0])
    return [role.json() for role in guild.roles.values()]


@route("GET guilds/#/threads/active")
async def list_active_guild_threads(fake: FakeDiscord, ask: Ask) -> Any:
    guild, _ = fake.world.guild(ask.ids[0])
    threads = sorted((t for t in guild.active_threads if fake.world.bot_sees(t)), key=lambda t: -t.id)
    me = fake.bot.id
    return {
        "threads": [thread.json(fake.bot) for thread in threads],
        "members": [thread.member_json(me) for thread in threads if me in thread.members],
    }
