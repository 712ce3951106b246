"""The Telegram bot: its token, its staff group, and what it may hear there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.doctor.finding import Finding, found
from bot.domain import Platform
from bot.settings import Settings

CLOCK = 60.0
"""Seconds that our clock may be off: what is late is told by it."""
RECENT = 3600.0
"""Seconds for which Telegram's last failure to bring an update counts."""
_SHAPE = re.compile(r"[0-9]+:[A-Za-z0-9_-]{20,}")
HEARS_ALL = ("questions", "all", "listen")
"""Modes of a place in which the bot has to hear what is not said to it."""


class _Refused(Exception):
    """Telegram's own word against a request."""

    def __init__(self, status: int, what: str, parameters: dict[str, Any]) -> None:
        super().__init__(what)
        self.status, self.what, self.parameters = status, what, parameters


class TelegramExamination:
    """Asks the Bot API as the bot would; nothing is changed and no update is fetched."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        self._settings, self._session = settings, session
        self._token = settings.telegram_token.get_secret_value()
        self._skew = 0.0

    async def run(self) -> list[Finding]:
        """What stands against the bot's work on Telegram."""
        if not self._token:
            return []
        if not _SHAPE.fullmatch(self._token):
            return [found("telegram_token_shape")]
        findings: list[Finding] = []
        try:
            me = await self._ask("getMe")
            findings += self._clock()
            findings += await self._webhook()
            findings += self._hearing(me)
            if self._settings.telegram_staff_chat:
                findings += await self._staff_chat()
        except _Refused as error:
            if error.status in (401, 404):
                return [found("telegram_token")]
            findings.append(found("telegram_unreachable", problem=f"HTTP {error.status}"))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
            findings.append(found("telegram_unreachable", problem=type(error).__name__))
        return findings

    def _clock(self) -> Iterator[Finding]:
        if abs(self._skew) > CLOCK:
            yield found("clock_off", seconds=round(abs(self._skew)))

    async def _webhook(self) -> list[Finding]:
        info = await self._ask("getWebhookInfo")
        waiting = info.get("pending_update_count", 0)
        if not self._settings.telegram_webhook:
            host = urlsplit(info.get("url", "")).netloc
            return [found("telegram_webhook", host=host, waiting=waiting)] if host else []
        recent = datetime.now(UTC).timestamp() - info.get("last_error_date", 0) < RECENT
        if recent and waiting:
            problem = info.get("last_error_message", "?")
            return [found("telegram_webhook_failing", problem=problem, waiting=waiting)]
        return []

    def _hearing(self, me: dict[str, Any]) -> Iterator[Finding]:
        wanted = self._wanted()
        if wanted and not me.get("can_join_groups", True):
            yield found("telegram_groups_off")
        deaf = sorted({mode for mode in wanted if mode in HEARS_ALL})
        if deaf and not me.get("can_read_all_group_messages"):
            yield found("telegram_privacy_mode", modes=", ".join(deaf))

    def _wanted(self) -> list[str]:
        """Modes of the Telegram places that config/community.yml names."""
        from bot.knowledge.load import check

        knowledge = check(self._settings.home).knowledge
        if knowledge is None:
            return []
        community = knowledge.community
        ours = [manners for (where, _, _), manners in community.places.items() if where is Platform.TELEGRAM]
        if community.default.mode.value in HEARS_ALL:
            ours.append(community.default)
        return [manners.mode.value for manners in ours if manners.mode.value != "off"]

    async def _staff_chat(self) -> list[Finding]:
        chat = self._settings.telegram_staff_chat
        try:
            known = await self._ask("getChat", chat_id=chat)
            if known.get("type") not in ("group", "supergroup"):
                return [found("telegram_staff_chat_kind", chat=chat, kind=known.get("type", "?"))]
            # What the chat lets us do shows best by doing it; a "typing…" passes by itself.
            await self._ask("sendChatAction", chat_id=chat, action="typing")
        except _Refused as error:
            if moved := error.parameters.get("migrate_to_chat_id"):
                return [found("telegram_staff_chat_moved", chat=chat, new=moved)]
            if error.status == 400 and "rights" in error.what:
                return [found("telegram_staff_chat_rights", chat=chat)]
            return [found("telegram_staff_chat_missing", chat=chat, problem=error.what)]
        return []

    async def _ask(self, method: str, **given: object) -> dict[str, Any]:
        url = f"{self._settings.telegram_base_url}{self._token}/{method}"
        async with self._session.post(url, json=given or None) as answer:
            told = answer.headers.get("Date", "")
            if told:
                self._skew = (datetime.now(UTC) - parsedate_to_datetime(told)).total_seconds()
            document = await answer.json(content_type=None)
            if not isinstance(document, dict) or not document.get("ok"):
                document = document if isinstance(document, dict) else {}
                what = str(document.get("description", "")).replace(self._token, "***")
                raise _Refused(answer.status, what, document.get("parameters", {}))
            return document["result"] if isinstance(document["result"], dict) else {}
