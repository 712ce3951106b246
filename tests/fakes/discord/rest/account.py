"""The bot's own account, its application, other users, and direct messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.discord.errors import Form, refused
from tests.fakes.discord.exchange import Ask
from tests.fakes.discord.rest.table import route
from tests.fakes.discord.rights import in_guild

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord


@route("GET users/@me")
async def get_current_user(fake: FakeDiscord, ask: Ask) -> Any:
    return fake.bot.json() | {"verified": True, "mfa_enabled": False, "email": None, "locale": "en-US"}


@route("PATCH users/@me")
async def modify_current_user(fake: FakeDiscord, ask: Ask) -> Any:
    form = Form()
    if "username" in ask.body:
        fake.bot.name = form.text("username", ask.body["username"], 2, 32)
    form.done()
    return await get_current_user(fake, ask)


@route("GET users/@me/guilds")
async def get_current_user_guilds(fake: FakeDiscord, ask: Ask) -> Any:
    after, before = int(ask.query.get("after", 0)), int(ask.query.get("before", 1 << 63))
    found = []
    for guild in sorted(fake.world.bot_guilds(), key=lambda guild: guild.id):
        if not after < guild.id < before:
            continue
        one: dict[str, Any] = {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(in_guild(guild, guild.members[fake.bot.id])),
            "features": [],
        }
        if ask.query.get("with_counts", "").lower() in ("true", "1"):
            one["approximate_member_count"] = one["approximate_presence_count"] = len(guild.members)
        found.append(one)
    return found[: int(ask.query.get("limit", 200))]


@route("GET users/#")
async def get_user(fake: FakeDiscord, ask: Ask) -> Any:
    return fake.world.user(ask.ids[0]).json()


@route("POST users/@me/channels")
async def create_dm(fake: FakeDiscord, ask: Ask) -> Any:
    given = str(ask.body.get("recipient_id", ""))
    user = fake.world.users.get(int(given)) if given.isdigit() else None
    if user is None or user.is_bot:
        raise refused(50033)
    return fake.world.dm(user).json()


@route("GET oauth2/applications/@me", name="get_current_application")
@route("GET applications/@me")
async def get_current_application(fake: FakeDiscord, ask: Ask) -> Any:
    return {
        "id": str(fake.application_id),
        "name": fake.bot.name,
        "icon": None,
        "summary": "",
        "description": "A bot under test",
        "verify_key": "0" * 64,
        "flags": fake.application_flags,
        "bot_public": True,
        "bot_require_code_grant": False,
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": fake.owner.json(),
        "team": None,
        "install_params": None,
        "approximate_guild_count": len(fake.world.bot_guilds()),
        "bot": fake.bot.json(),
    }


@route("GET gateway")
async def get_gateway(fake: FakeDiscord, ask: Ask) -> Any:
    return {"url": fake.gateway_url}


@route("GET gateway/bot")
async def get_gateway_bot(fake: FakeDiscord, ask: Ask) -> Any:
    return {
        "url": fake.gateway_url,
        "shards": fake.shards,
        "session_start_limit": {
            "total": fake.gateway.starts_total,
            "remaining": fake.gateway.starts_left,
            "reset_after": 14_400_000,
            "max_concurrency": fake.gateway.max_concurrency,
        },
    }


@route("POST attachments/refresh-urls")
async def refresh_attachment_urls(fake: FakeDiscord, ask: Ask) -> Any:
    urls = ask.body.get("attachment_urls") or []
    form = Form()
    if not 1 <= len(urls) <= 50:
        form.wrong("attachment_urls", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 50 in length.")
    form.done()
    return {"refreshed_urls": [{"original": url, "refreshed": fake.cdn.refreshed(url)} for url in urls]}
