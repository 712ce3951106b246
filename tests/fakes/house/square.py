"""A public place on either platform, in which scenes are played line by line before the real bot."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection, select

from bot.store.tables import cursors, timers, watermarks
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord import Place as DiscordPlace
from tests.fakes.discord import Server as DiscordServer
from tests.fakes.house import records
from tests.fakes.house.inprocess import PATIENCE, House
from tests.fakes.telegram import FakeTelegram, Group
from tests.fakes.telegram.chats import Chat, Message, User
from tests.fakes.telegram.people import PIXEL

LINE = re.compile(
    r"(?P<who>\w+)(?P<bot>@bot)?(?:>(?P<to>\w+))?(?:#(?P<thread>\w+))?(?P<ago> \(\d+ min ago\))?: "
    r"(?P<what>.*)"
)
"""`Ana: text`, `Ana@bot: text` with a mention, `Ana>Luis: text` in reply to what Luis said last (`>bot`: to
the bot's last message), `Ana#temas: text` in a topic or thread."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as people see it in the place."""

    text: str
    reply_to: str
    labels: tuple[str, ...]
    raw: Any


class Square(Protocol):
    """What people can do in one place; ids and messages are the platform's own."""

    id: str

    def says(
        self, who: str, text: str, *, mention: bool, reply_to: Any, thread: str, minutes_ago: int
    ) -> Any: ...
    def sends_photo(self, who: str) -> Any: ...
    def sends_sticker(self, who: str) -> Any: ...
    def edits(self, who: str, message: Any, text: str) -> None: ...
    def taps(self, who: str, label: str, shown: Shown) -> None: ...
    def shown(self, thread: str = "") -> list[Shown]: ...
    def goes_private(self, who: str, label: str, shown: Shown) -> None: ...
    def private(self, who: str) -> list[str]: ...
    def id_of(self, message: Any) -> str: ...
    def heard(self, connection: Connection) -> bool:
        """Whether the bot has taken in all that was said."""
        ...


@dataclass(slots=True)
class TelegramSquare:
    """A group on Telegram; some who speak have no name of their own."""

    fake: FakeTelegram
    group: Group
    numbers: itertools.count[int]
    people: dict[str, Any] = field(default_factory=dict)
    topics: dict[str, int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.group.id)

    def who(self, name: str) -> Any:
        if name not in self.people:
            self.people[name] = self.fake.member(next(self.numbers), name)
            if name == "Mod":
                self.group.chat.admins.add(self.people[name].id)
        return self.people[name]

    def says(
        self, who: str, text: str, *, mention: bool, reply_to: Any, thread: str, minutes_ago: int
    ) -> Any:
        text = f"@{self.fake.bot.username} {text}" if mention else text
        match who:
            case "Anon":
                return self.group.posts_anonymously(text, reply_to=reply_to)
            case "Canal":
                return self.group.posts_as_channel(text, self._channel(), reply_to=reply_to)
            case "Post":
                return self.group.gets_post_of(self._channel(), text)
            case "Robot":
                robot = User(9_000_001, "Otro bot", username="otro_bot", is_bot=True)
                message = Message(
                    self.group.chat, next(self.group.chat.ids), robot, int(time.time()), text=text
                )
                message.reply_to = reply_to
                self.fake.inject({"message": message.json()})
                return message
        if thread and thread not in self.topics:
            self.topics[thread] = self.fake.topic(self.group, thread)
        date = int(time.time()) - 60 * minutes_ago if minutes_ago else 0
        return self.fake.say(
            self.group.chat,
            self.who(who).user,
            text=text,
            reply_to=reply_to,
            thread=self.topics.get(thread, 0),
            date=date,
        )

    def sends_photo(self, who: str) -> Any:
        return self.group.person(self.who(who)).sends_photo(PIXEL)

    def sends_sticker(self, who: str) -> Any:
        return self.group.person(self.who(who)).sends_sticker()

    def edits(self, who: str, message: Any, text: str) -> None:
        self.group.person(self.who(who)).edits(message, text)

    def taps(self, who: str, label: str, shown: Shown) -> None:
        self.group.taps(label, shown.raw, by=self.who(who))

    def shown(self, thread: str = "") -> list[Shown]:
        return [
            Shown(
                message.plain,
                str(message.reply_to.id) if message.reply_to else "",
                tuple(key["text"] for row in message.buttons for key in row),
                message,
            )
            for message in self.group.reads
            if message.sender.id == self.fake.bot.id and message.thread == self.topics.get(thread, 0)
        ]

    def goes_private(self, who: str, label: str, shown: Shown) -> None:
        [url] = [key["url"] for row in shown.raw.buttons for key in row if key["text"] == label]
        start = f"https://t.me/{self.fake.bot.username}"
        assert url.startswith(start)
        self.who(who).writes(f"/start {url.removeprefix(start).removeprefix('?start=')}".strip())

    def private(self, who: str) -> list[str]:
        return [message.plain for message in self.who(who).reads]

    def id_of(self, message: Any) -> str:
        return str(message.id)

    def heard(self, connection: Connection) -> bool:
        position = connection.execute(
            select(cursors.c.position).where(cursors.c.platform == "telegram")
        ).scalar_one_or_none()
        return int(position or 0) >= self.fake.updates.next_id

    def _channel(self) -> Chat:
        return self.fake.chats.by_id.setdefault(
            -100_900, Chat(-100_900, "channel", title="Canal de la marca")
        )


@dataclass(slots=True)
class DiscordSquare:
    """A text channel on Discord."""

    fake: FakeDiscord
    server: DiscordServer
    place: DiscordPlace
    people: dict[str, Any] = field(default_factory=dict)
    threads: dict[str, DiscordPlace] = field(default_factory=dict)
    last: int = 0

    @property
    def id(self) -> str:
        return str(self.place.id)

    def who(self, name: str) -> Any:
        if name not in self.people:
            make = {"Mod": self.server.moderator, "Robot": lambda _: self.fake.other_bot(self.server)}
            self.people[name] = make.get(name, self.server.member)(name)
        return self.people[name]

    def says(
        self, who: str, text: str, *, mention: bool, reply_to: Any, thread: str, minutes_ago: int
    ) -> Any:
        text = f"<@{self.fake.bot.id}> {text}" if mention else text
        if who == "Post":
            message = self.place.says_webhook(text)
        else:
            if thread and thread not in self.threads:
                opener = self.who("Abre").at(self.place)
                opened = opener.opens_thread(opener.writes("abro un hilo"), thread)
                self.threads[thread] = DiscordPlace(self.fake, opened.channel)
            place = self.threads[thread] if thread else self.place
            speaker = self.who(who).at(place)
            message = speaker.writes(text, reply_to=reply_to, ago=60.0 * minutes_ago)
        if not thread:
            self.last = max(self.last, message.id)
        return message

    def sends_photo(self, who: str) -> Any:
        return self._noted(self.who(who).at(self.place).sends_photo())

    def sends_sticker(self, who: str) -> Any:
        return self._noted(self.who(who).at(self.place).sends_sticker())

    def edits(self, who: str, message: Any, text: str) -> None:
        self.who(who).at(self.place).edits(message, text)

    def taps(self, who: str, label: str, shown: Shown) -> None:
        self.who(who).at(self.place).taps(label, shown.raw)

    def shown(self, thread: str = "") -> list[Shown]:
        place = self.threads.get(thread) if thread else self.place
        return [
            Shown(
                message.text,
                str(message.reply_to.id) if message.reply_to else "",
                tuple(str(key.get("label")) for key in message.keys),
                message,
            )
            for message in (place.reads if place else ())
            if not message.deleted
        ]

    def goes_private(self, who: str, label: str, shown: Shown) -> None:
        self.taps(who, label, shown)

    def private(self, who: str) -> list[str]:
        person = self.who(who)
        found = [*person.texts]
        for thread in self.server.threads:
            if thread.channel.type == 12 and person.id in thread.channel.members:
                found += thread.texts
        return found

    def id_of(self, message: Any) -> str:
        return str(message.id)

    def heard(self, connection: Connection) -> bool:
        position = connection.execute(
            select(watermarks.c.position).where(watermarks.c.place == self.id)
        ).scalar_one_or_none()
        return int((position or "0").partition("@")[0]) >= self.last

    def _noted(self, message: Any) -> Any:
        self.last = max(self.last, message.id)
        return message


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene: its lines, and the manners of its place as `config/community.yml` says them.

    Besides what people say there are: `-> text` (the bot answers whoever spoke last, with this in it),
    `-> nothing`, `-> removed` (its last answer is gone), `=> Ana: text` (what Ana is told in private last).
    A person may also `[press a button]`, `[follow: a button]` into a private chat, `(photo)`, `(sticker)` and
    `(edit) text`. `?` before a text: nobody calls the bot, and it answers all the same, so that it is stored.
    """

    name: str
    lines: str
    mode: str = "mention"
    more: str = ""
    only: str = ""
    """The one platform that knows such a thing, '' for both."""


@dataclass(slots=True)
class Play:
    """A scene while it is played; `unheard` are words that were for nobody of ours."""

    scene: Scene
    square: Square
    house: House
    busy: Callable[[], bool]
    seen: Counter[str] = field(default_factory=Counter)
    said: dict[str, Any] = field(default_factory=dict)
    asker: Any = None
    thread: str = ""
    unheard: list[str] = field(default_factory=list)

    async def run(self) -> None:
        for line in filter(None, map(str.strip, self.scene.lines.splitlines())):
            try:
                await self._line(line)
            except Exception as error:
                shown = [(one.text, one.reply_to, one.labels) for one in self.square.shown(self.thread)]
                error.add_note(f"scene {self.scene.name!r}, line {line!r}; shown: {shown}")
                raise

    async def _line(self, line: str) -> None:
        if line.startswith("->"):
            await self._expects(line.removeprefix("->").strip())
        elif line.startswith("=>"):
            who, _, text = line.removeprefix("=>").strip().partition(": ")
            await self.until(lambda: any(text in one for one in self.square.private(who)[-1:]))
        else:
            match = LINE.fullmatch(line)
            assert match, line
            self._acts(match)

    def _acts(self, match: re.Match[str]) -> None:
        square, who, what = self.square, match["who"], match["what"]
        self.thread = match["thread"] or ""
        if what.startswith("["):
            label, shown = what.strip("[]"), square.shown(self.thread)[-1]
            if label.startswith("follow: "):
                square.goes_private(who, label.removeprefix("follow: "), shown)
            else:
                square.taps(who, label, shown)
            return
        if what.startswith("(edit) "):
            square.edits(who, self.said[who], what.removeprefix("(edit) "))
            return
        if what == "(photo)":
            message = square.sends_photo(who)
        elif what == "(sticker)":
            message = square.sends_sticker(who)
        else:
            to = match["to"]
            reply = None
            if to:
                reply = square.shown(self.thread)[-1].raw if to == "bot" else self.said[to]
            unasked = what.startswith("? ")
            text = what.removeprefix("? ")
            called = match["bot"] or to == "bot" or text.startswith("/")
            called = bool(called) and who not in ("Robot", "Post") and self.scene.mode != "off"
            if not (called or unasked):
                self.unheard.append(text)
            ago = int(re.sub(r"\D", "", match["ago"])) if match["ago"] else 0
            message = square.says(
                who,
                text,
                mention=bool(match["bot"]),
                reply_to=reply,
                thread=self.thread,
                minutes_ago=ago,
            )
            if called or unasked:
                self.asker = message
        self.said[who] = message

    async def _expects(self, text: str) -> None:
        square = self.square
        if text == "nothing":
            await self.rest()
            assert len(square.shown(self.thread)) == self.seen[self.thread], "the bot spoke"
        elif text == "removed":
            self.seen[self.thread] -= 1
            await self.until(lambda: len(square.shown(self.thread)) == self.seen[self.thread])
        else:
            self.seen[self.thread] += 1
            await self.until(lambda: len(square.shown(self.thread)) >= self.seen[self.thread])
            await self.rest()
            shown = square.shown(self.thread)
            assert len(shown) == self.seen[self.thread], "it spoke more than once"
            assert text in shown[-1].text
            to = square.id_of(self.asker) if self.asker is not None else ""
            assert shown[-1].reply_to in ("", to), "it answered somebody else"
            may = shown[-1].labels[-1:] == ("Quitar",) or self.asker is None
            assert may, "an answer that cannot be taken away"

    async def rest(self) -> None:
        """Return once the bot has taken in everything and done all that it had to."""

        def look(connection: Connection) -> bool:
            waits = connection.execute(
                select(timers.c.id).where(timers.c.kind.in_(("remove", "install", "listen")))
            ).first()
            return (
                self.square.heard(connection)
                and records.at_rest(connection)
                and not waits
                and not self.busy()
            )

        await self.house.until(look)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 # people look at a screen
                await asyncio.sleep(0.02)
