"""What `/install` tells whoever runs a public place: its number, its mode, and what the bot lacks there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection

from bot.bus.base import Bus, Topic
from bot.catalogue.keys import Key
from bot.channels.base import Channel, PublicChannel
from bot.domain import EN, ES, Account, Author, Button, Lang, Outgoing
from bot.errors import ChannelError
from bot.knowledge.community import Manners, Mode
from bot.knowledge.form import as_id
from bot.knowledge.words import MEANINGS
from bot.pipeline.model import REMOVE
from bot.pipeline.phrase import Voice
from bot.pipeline.ports import Minds
from bot.store import outbox, places, timers
from bot.store.engine import Store
from bot.store.outbox import Send
from bot.store.places import Present
from bot.store.timers import Timer

_log = structlog.get_logger(__name__)


class Installing:
    """Acts on `install` timers; `lang` is the staff's language, where the asker's has no such texts."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        minds: Minds,
        channels: Mapping[Account, Channel],
        lang: Lang,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._bus, self._minds, self._channels = store, bus, minds, channels
        self._lang, self._clock = lang, clock

    async def __call__(self, timer: Timer) -> None:
        """Answer in the place, to administrators with what they need and to others with one line."""
        asker = await self._store.read(lambda c: places.present(c, timer.conversation))
        text = await self._text(asker) if asker is not None else ""

        def work(connection: Connection) -> list[str]:
            if not timers.take(connection, timer) or asker is None:
                return []
            lang = Lang(asker.lang) if asker.lang else self._lang
            remove = Button(self._minds.current.voice.label(Key.BUTTON_REMOVE, lang), REMOVE)
            answer = Outgoing(text, rows=((remove,),), reply_to=str(timer.payload.get("message", "")))
            send = Send(asker.account, asker.place, answer, Author.BOT, conversation=timer.conversation)
            outbox.put(connection, [send], self._clock())
            return [send.lane]

        for lane in await self._store.write(work):
            self._bus.wake(Topic.LANE, lane)

    async def _text(self, asker: Present) -> str:
        voice = self._minds.current.voice
        channel = self._channels.get(asker.account)
        lang = Lang(asker.lang) if asker.lang in (ES, EN) else self._lang
        told = asker.lang or voice.knowledge.brand.languages[0]
        try:
            if not isinstance(channel, PublicChannel) or not await channel.moderates(
                asker.place, asker.person
            ):
                return _plain(voice, Key.INSTALL_FOR_ADMINS, Lang(told))
            missing = await channel.rights(asker.place)
            lines = [_plain(voice, Key(f"staff_right_{right.value}"), lang) for right in missing]
            found = (
                "\n".join((_plain(voice, Key.STAFF_INSTALL_MISSING, lang), *(f"• {line}" for line in lines)))
                if lines
                else _plain(voice, Key.STAFF_INSTALL_COMPLETE, lang)
            )
        except ChannelError as error:
            _log.warning("nobody tells what is allowed in a place", what=error.what)
            found = _plain(voice, Key.STAFF_INSTALL_UNKNOWN, lang)
        manners = voice.knowledge.community.manners(asker.account.platform, asker.place, asker.former)
        where = _plain(
            voice,
            Key.STAFF_INSTALL,
            lang,
            id=asker.place.external_id,
            thread=asker.place.thread,
            mode=_word(manners.mode, lang),
        )
        how = _plain(voice, Key.STAFF_INSTALL_LINES, lang)
        return f"{where}\n\n{found}\n\n{how}\n\n{snippet(asker, manners, lang)}"


def snippet(asker: Present, manners: Manners, lang: Lang) -> str:
    """The lines of `config/community.yml` that name the place, in the words of a language."""
    spanish = lang == ES
    mode = manners.mode if manners.mode.answers_unasked else Mode.QUESTIONS
    lines = [
        "lugares:" if spanish else "places:",
        f"  {as_id(asker.place.title)[:40].rstrip('_') or ('lugar' if spanish else 'place')}:",
        f"    {'plataforma' if spanish else 'platform'}: {asker.account.platform.value}",
        f"    id: {asker.place.external_id}",
        *([f"    {'hilo' if spanish else 'thread'}: {asker.place.thread}"] if asker.place.thread else []),
        f"    {'modo' if spanish else 'mode'}: {_word(mode, lang)}",
    ]
    return "\n".join(lines)


def _word(mode: Mode, lang: Lang) -> str:
    """A mode as the file may name it in a language."""
    if lang != ES:
        return mode.value
    return (
        "apagado"
        if mode is Mode.OFF
        else next((spanish for spanish, english in MEANINGS.items() if english == mode.value), mode.value)
    )


def _plain(voice: Voice, key: Key, lang: Lang, **values: str) -> str:
    """A text as it is written: nothing in it is markup."""
    brand = voice.knowledge.brand.voice
    return voice.catalogue.text(
        key, lang, address=brand.address.value, emoji=brand.emoji.value, seed=0, **values
    )
