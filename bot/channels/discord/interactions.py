"""Answering what people press and type after a slash: within three seconds, but only once it is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import discord
import structlog
from discord.http import Route

from bot.catalogue.keys import Key
from bot.channels.discord.commands import ASKS_BY_FORM, LOCALES, Say, form
from bot.channels.discord.link import AnyLink, Http, NotSent, Unsure
from bot.channels.discord.parse import AUTOCOMPLETE, COMMAND, COMPONENT, Asked
from bot.channels.discord.rooms import Rooms
from bot.channels.discord.send import EPHEMERAL, NOBODY, http_application
from bot.domain import Lang, PlaceKind, PlaceRef

log = structlog.get_logger(__name__)

MESSAGE, THINKING, HEARD, CHOICES, FORM = 4, 5, 6, 8, 9
"""Types of first answers: https://discord.com/developers/docs/interactions/receiving-and-responding"""
ANSWER_SECONDS = 3.0
PRIVATE = "private:"
"""Payload of a button that leads into a private place; what follows says what for."""
OWN_EYES = frozenset({"my_data", "private:d"})
"""What leads into direct messages: whoever may manage a server's threads reads private ones too."""
PERSONAL = frozenset({"human", "my_data", "forget_me"})
"""Commands that go on in private, wherever they are used."""
UNANSWERED = 20.0
"""Seconds after which "thinking" is taken away, where the house had nothing to say."""
SUGGESTED, CHOICE = 25, 100


Suggest = Callable[[str, Lang], Sequence[tuple[str, str]]]
"""What to offer for a question that is being typed: titles and what they stand for."""


class Interactions:
    """First answers of all kinds; `enqueue` hands an interaction on to be committed."""

    def __init__(
        self, link: Callable[[], AnyLink | None], rooms: Rooms, *, say: Say, suggest: Suggest, lang: Lang
    ) -> None:
        self._link, self._rooms, self._say, self._suggest, self._lang = link, rooms, say, suggest, lang
        self._thinking: dict[str, float] = {}
        self.enqueue: Callable[[Asked], None] = lambda _asked: None

    async def at_once(self, asked: Asked) -> bool:
        """See to what has to be answered before anything is committed; False for everything else."""
        if asked.type == AUTOCOMPLETE:
            await self._offer(asked)
            return True
        if asked.type == COMMAND and asked.name in ASKS_BY_FORM and not asked.text:
            await self._ask(asked)
            return True
        public = asked.place is not None and asked.place.kind is PlaceKind.CHANNEL
        button = asked.type == COMPONENT and asked.name.startswith(PRIVATE)
        if button or (public and asked.type == COMMAND and asked.name in PERSONAL):
            await self._lead_away(asked, asked.name.removeprefix(PRIVATE) if button else None)
            return True
        return False

    async def taken(self, asked: Asked) -> None:
        """It is committed: tell Discord so."""
        if asked.led_to:
            lang = self.lang_of(asked.locale)
            await self._edit(asked, self._say(Key.PRIVATE_OPENED, lang, link=asked.led_to))
        elif asked.type == COMPONENT:
            await self._first(asked, {"type": HEARD})
        elif asked.place is not None and asked.place.kind is PlaceKind.STAFF:
            await self._first(asked, self._message(self._say(Key.STAFF_HEARD, self.lang_of(asked.locale))))
        else:
            self._thinking[asked.token] = asyncio.get_running_loop().time() + UNANSWERED
            flags = EPHEMERAL if asked.aside else 0
            await self._first(asked, {"type": THINKING, "data": {"flags": flags}})

    async def refused(self, asked: Asked) -> None:
        """It could not be committed: whoever asked is told to try again."""
        text = self._say(Key.TRY_AGAIN, self.lang_of(asked.locale))
        if asked.led_to:
            await self._edit(asked, text)
        else:
            await self._first(asked, self._message(text))

    def answered(self, token: str) -> None:
        """An answer is on its way."""
        self._thinking.pop(token, None)

    async def tidy(self) -> NoReturn:
        """Take "thinking" away where no answer came: a person owns the conversation, or it was ignored."""
        while True:
            await asyncio.sleep(2.0)
            now = asyncio.get_running_loop().time()
            for token in [token for token, due in self._thinking.items() if due <= now]:
                self.answered(token)
                try:
                    await self._http().once(self._original("DELETE", token))
                except (discord.HTTPException, NotSent, Unsure) as error:
                    log.info("discord.still_thinking", kind=type(error).__name__)

    def lang_of(self, locale: str) -> Lang:
        """The language of somebody's app, or the brand's first."""
        return LOCALES.get(locale) or next(
            (lang for at, lang in LOCALES.items() if at[:2] == locale[:2]), self._lang
        )

    # -- how

    async def _offer(self, asked: Asked) -> None:
        found = self._suggest(asked.text, self.lang_of(asked.locale))
        choices = [{"name": title[:CHOICE], "value": value[:CHOICE]} for title, value in found[:SUGGESTED]]
        await self._first(asked, {"type": CHOICES, "data": {"choices": choices}})

    async def _ask(self, asked: Asked) -> None:
        lang = self.lang_of(asked.locale)
        title = self._say(Key(f"form_{asked.name}_title"), lang)
        label = self._say(Key(f"form_{asked.name}_label"), lang)
        await self._first(asked, {"type": FORM, "data": form(asked.name, title, label)})

    async def _lead_away(self, asked: Asked, param: str | None) -> None:
        """Open a private place, hand the wish on as said there, and show the way.

        To open one may take longer than Discord waits: that an answer follows is told first.
        """
        await self._first(asked, {"type": THINKING, "data": {"flags": EPHEMERAL}})
        assert asked.sender is not None, "somebody asked"
        try:
            name = asked.sender.display_name
            place = 0
            if asked.name not in OWN_EYES:
                place = await self._rooms.thread(asked.user, name, asked.channel, locale=asked.locale)
            led_to = f"<#{place}>"
            if not place:
                place = await self._rooms.direct(asked.user)
                led_to = f"https://discord.com/channels/@me/{place}"
        except (discord.HTTPException, NotSent, Unsure) as error:
            log.warning("discord.no_private_place", kind=type(error).__name__)
            await self._edit(asked, self._say(Key.TRY_AGAIN, self.lang_of(asked.locale)))
            return
        self.enqueue(
            replace(
                asked,
                type=COMMAND,
                name=asked.name if param is None else "start",
                text=asked.text if param is None else param,
                place=PlaceRef(str(place), PlaceKind.PRIVATE),
                led_to=led_to,
            )
        )

    async def _first(self, asked: Asked, body: dict[str, Any]) -> None:
        """The first answer; one that comes too late is no fault of anybody's."""
        route = Route(
            "POST",
            "/interactions/{webhook_id}/{webhook_token}/callback",
            webhook_id=asked.id,
            webhook_token=asked.token,
        )
        try:
            await self._http().once(route, json=body, seconds=ANSWER_SECONDS)
        except discord.HTTPException as error:
            log.warning("discord.interaction_unanswered", code=error.code, type=asked.type)
        except (NotSent, Unsure) as error:
            log.warning("discord.interaction_unanswered", kind=str(error), type=asked.type)

    async def _edit(self, asked: Asked, text: str) -> None:
        body = {"content": text, "allowed_mentions": NOBODY}
        try:
            await self._http().once(self._original("PATCH", asked.token), json=body)
        except (discord.HTTPException, NotSent, Unsure) as error:
            log.warning("discord.interaction_unanswered", kind=type(error).__name__, type=asked.type)

    def _original(self, method: str, token: str) -> Route:
        return Route(
            method,
            "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
            webhook_id=http_application(self._link()),
            webhook_token=token,
        )

    @staticmethod
    def _message(text: str) -> dict[str, Any]:
        return {
            "type": MESSAGE,
            "data": {"content": text, "flags": EPHEMERAL, "allowed_mentions": NOBODY},
        }

    def _http(self) -> Http:
        link = self._link()
        if link is None:
            raise NotSent("not connected", 2.0)
        return link.http
