"""Who runs a Telegram group, and what the bot may do in it."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import NoReturn

import structlog
import telegram
from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest, TelegramError

from bot.channels.base import Right
from bot.errors import ChannelError

log = structlog.get_logger(__name__)

FRESH = 300.0
"""Seconds for which a group's list of administrators is believed."""
GROUPS = 1_000
"""Groups whose administrators are remembered."""

_RUNS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)


class Admins:
    """Administrators of groups, asked for in the background: a message never waits for them."""

    def __init__(self, bot: telegram.Bot) -> None:
        self._bot = bot
        self._known: OrderedDict[str, tuple[float, frozenset[str]]] = OrderedDict()
        self._wanted: asyncio.Queue[str] = asyncio.Queue()
        self._asked: set[str] = set()

    def knows(self, chat: str, person: str) -> bool:
        """Whether somebody is known to run a group; what isn't known yet is asked for."""
        since, people = self._known.get(chat, (0.0, frozenset()))
        if (not since or time.monotonic() - since > FRESH) and chat not in self._asked:
            self._asked.add(chat)
            self._wanted.put_nowait(chat)
        return person in people

    async def run(self) -> NoReturn:
        """Ask for what is wanted, one group after another, until cancelled."""
        while True:
            chat = await self._wanted.get()
            try:
                await self._ask(chat)
            except TelegramError as error:  # asked again when what was known would be stale
                self._remember(chat, self._known.get(chat, (0.0, frozenset()))[1])
                log.info("telegram.administrators_unknown", chat=chat, kind=type(error).__name__)
            finally:
                self._asked.discard(chat)

    async def moderates(self, chat: str, person: str) -> bool:
        """Whether somebody runs a group, asked now unless it is known; raises ChannelError.

        Whoever writes in the group's own name does: only its administrators can.
        """
        if person == chat:
            return True
        since, people = self._known.get(chat, (0.0, frozenset()))
        if since and time.monotonic() - since <= FRESH and person in people:
            return True
        try:
            member = await self._bot.get_chat_member(int(chat), int(person))
        except BadRequest:  # nobody whom Telegram knows there
            return False
        except (TelegramError, ValueError) as error:
            raise _untold(error) from None
        return member.status in _RUNS

    async def lacks(self, chat: str) -> tuple[Right, ...]:
        """What the bot is not allowed in a group; raises ChannelError.

        It hears all that is said when its privacy mode is off, or as an administrator:
        https://core.telegram.org/bots/features#privacy-mode
        """
        try:
            me = await self._bot.get_me()
            here = await self._bot.get_chat(int(chat))
            member = await self._bot.get_chat_member(int(chat), me.id)
        except (TelegramError, ValueError) as error:
            raise _untold(error) from None
        missing = []
        if member.status not in _RUNS:
            usual = here.permissions
            sends, pictures = usual is None or bool(usual.can_send_messages), _pictures(usual)
            if isinstance(member, telegram.ChatMemberRestricted):
                sends, pictures = sends and member.can_send_messages, pictures and member.can_send_photos
            if not sends:
                missing.append(Right.SEND)
            if not pictures:
                missing.append(Right.PICTURES)
            if not me.can_read_all_group_messages:
                missing.append(Right.HEAR)
        return tuple(missing)

    async def _ask(self, chat: str) -> None:
        found = await self._bot.get_chat_administrators(int(chat))
        self._remember(chat, frozenset(str(member.user.id) for member in found))

    def _remember(self, chat: str, people: frozenset[str]) -> None:
        self._known[chat] = (time.monotonic(), people)
        self._known.move_to_end(chat)
        while len(self._known) > GROUPS:
            self._known.popitem(last=False)


def _pictures(usual: telegram.ChatPermissions | None) -> bool:
    return usual is None or bool(usual.can_send_photos)


def _untold(error: Exception) -> ChannelError:
    return ChannelError(
        f"Telegram does not tell who may do what: {type(error).__name__}",
        remedy="Look whether the bot is still in the group.",
        where="telegram",
    )
