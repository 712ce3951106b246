"""The Discord bot: its token, what Discord lets it read, and its rights in the channels that are set."""

from __future__ import annotations

import re
from typing import Any

import aiohttp

from bot.doctor.finding import Finding, found
from bot.settings import Settings

ADMINISTRATOR = 1 << 3
NEEDED = {
    "View Channel": 1 << 10,
    "Send Messages": 1 << 11,
    "Embed Links": 1 << 14,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
}
"""Rights in the staff channel, as Discord's own page names them:
https://discord.com/developers/docs/topics/permissions"""
FOR_THREADS = {
    "View Channel": 1 << 10,
    "Create Private Threads": 1 << 36,
    "Send Messages in Threads": 1 << 38,
}
"""Rights in the channel where members with closed direct messages are answered."""
CONTENT = 1 << 18 | 1 << 19
"""The message-content intent, of a verified application and of one in few servers:
https://discord.com/developers/docs/resources/application#application-object-application-flags"""
WRITABLE = (0, 5)
"""Text and announcement channels."""
_SHAPE = re.compile(r"[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{20,}")


class _Refused(Exception):
    """Discord's own word against a request."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status, self.what = status, what


class DiscordExamination:
    """Asks the API as the bot would; no gateway is opened and nothing is changed."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        self._settings, self._session = settings, session
        self._token = settings.discord_token.get_secret_value()

    async def run(self) -> list[Finding]:
        """What stands against the bot's work on Discord."""
        if not self._token:
            return []
        if not _SHAPE.fullmatch(self._token):
            return [found("discord_token_shape")]
        findings: list[Finding] = []
        try:
            me = int((await self._ask("users/@me"))["id"])
            application = await self._ask("applications/@me")
            if not int(application.get("flags") or 0) & CONTENT:
                findings.append(found("discord_content_intent"))
            for channel, needed in (
                (self._settings.discord_staff_channel, NEEDED),
                (self._settings.discord_fallback_channel, FOR_THREADS),
            ):
                if channel:
                    findings += await self._channel(channel, me, needed)
        except _Refused as error:
            if error.status == 401:
                return [found("discord_token")]
            findings.append(found("discord_unreachable", problem=f"HTTP {error.status}"))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
            findings.append(found("discord_unreachable", problem=type(error).__name__))
        return findings

    async def _channel(self, channel: str, me: int, needed: dict[str, int]) -> list[Finding]:
        try:
            known = await self._ask(f"channels/{channel}")
            if known.get("type") not in WRITABLE or "guild_id" not in known:
                return [found("discord_channel_kind", channel=channel)]
            guild = await self._ask(f"guilds/{known['guild_id']}")
            member = await self._ask(f"guilds/{known['guild_id']}/members/{me}")
        except _Refused as error:
            if error.status in (403, 404):
                return [found("discord_channel_missing", channel=channel, problem=error.what)]
            raise
        rights = allowed(known, guild, member, me)
        missing = [name for name, bit in needed.items() if not rights & bit]
        return [found("discord_rights", channel=channel, rights=", ".join(missing))] if missing else []

    async def _ask(self, path: str) -> dict[str, Any]:
        url = f"{self._settings.discord_api_url.rstrip('/')}/{path}"
        headers = {
            "Authorization": f"Bot {self._token}",
            "User-Agent": "DiscordBot (vocero, doctor)",
        }
        async with self._session.get(url, headers=headers) as answer:
            document = await answer.json(content_type=None) if answer.content_length != 0 else {}
            if answer.status != 200:
                what = document.get("message", "") if isinstance(document, dict) else ""
                raise _Refused(answer.status, str(what).replace(self._token, "***"))
            return document if isinstance(document, dict) else {}


def allowed(channel: dict[str, Any], guild: dict[str, Any], member: dict[str, Any], me: int) -> int:
    """A member's rights in a channel, as bits; each later word overrides the earlier ones.

    https://discord.com/developers/docs/topics/permissions#permission-overwrites
    """
    everyone = str(guild["id"])
    mine = set(member.get("roles", ()))
    rights = 0
    for role in guild.get("roles", ()):
        if role["id"] == everyone or role["id"] in mine:
            rights |= int(role["permissions"])
    if rights & ADMINISTRATOR or str(guild.get("owner_id")) == str(me):
        return -1
    overwrites = {over["id"]: over for over in channel.get("permission_overwrites", ())}
    rights = _over(rights, [overwrites[everyone]] if everyone in overwrites else [])
    rights = _over(rights, [over for id_, over in overwrites.items() if id_ in mine])
    return _over(rights, [overwrites[str(me)]] if str(me) in overwrites else [])


def _over(rights: int, overwrites: list[dict[str, Any]]) -> int:
    deny = allow = 0
    for over in overwrites:
        deny, allow = deny | int(over["deny"]), allow | int(over["allow"])
    return rights & ~deny | allow
