"""The composition root: builds everything from settings, runs it, and stops it in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from aiohttp.web import RouteDef

from bot.bus.base import Bus, Topic
from bot.bus.local import LocalBus
from bot.catalogue.commands import COMMANDS, menu
from bot.catalogue.keys import Key
from bot.channels.base import Channel
from bot.channels.state import ChannelState, Condition
from bot.channels.supervision import supervise
from bot.channels.web import Gate, MediaFolder, WebChannel
from bot.domain import (
    EN,
    ES,
    PT,
    Account,
    Button,
    ConversationId,
    EntryId,
    Lang,
    PlaceKind,
    PlaceRef,
    Platform,
)
from bot.errors import StartupError
from bot.folders import make_private
from bot.handoff.alerts import Alerts
from bot.handoff.casework import Casework
from bot.handoff.diskspace import DiskSpace
from bot.handoff.fetching import Fetching, Quota, StoredFiles
from bot.handoff.notices import ALERT_TIMER, StaffNotices, StaffPlace
from bot.handoff.publishing import Publishing
from bot.handoff.stafffiles import STAFF_FILE_TIMER, StaffFiles
from bot.handoff.staffroom import StaffRoom
from bot.knowledge.community import Mode
from bot.knowledge.library import Library
from bot.knowledge.model import Knowledge
from bot.metrics import Meter
from bot.pipeline.afterwards import AfterGiveBack
from bot.pipeline.clock import Clock
from bot.pipeline.deliver import Deliverer
from bot.pipeline.door import Door, asking
from bot.pipeline.installing import Installing
from bot.pipeline.intake import Intake, StoredCursors
from bot.pipeline.lanes import Locks
from bot.pipeline.limits import Blocklist, Bounds, Limits
from bot.pipeline.listening import LISTEN_TIMER, Listening
from bot.pipeline.mind import LiveMind, make_mind
from bot.pipeline.model import PERSON, PICK
from bot.pipeline.phrase import Voice
from bot.pipeline.public import INSTALL_JOB, REMOVE_JOB
from bot.pipeline.removing import Removing
from bot.pipeline.slowdown import SlowDown
from bot.pipeline.suggest import suggest
from bot.pipeline.trouble import tell
from bot.pipeline.turn import Corridor
from bot.pipeline.whereabouts import StoredWhereabouts
from bot.privacy.erasing import Erasing
from bot.privacy.exporting import DROP_TIMER, Exporting
from bot.privacy.retention import Retention
from bot.settings import Settings
from bot.store import blocks, lock, outbox
from bot.store.engine import Store, database_path
from bot.store.files import FETCH_TIMER
from bot.store.filestore import FileStore
from bot.store.inbound import SLOW_TIMER, STAFF_TIMER
from bot.store.moves import moves
from bot.store.scrub import scrub
from bot.store.sessions import SessionStore
from bot.store.timers import ERASE_TIMER, EXPORT_TIMER, GIVE_BACK_TIMER, PUBLISH_TIMER, RETENTION_TIMER
from bot.store.transcript import Transcript
from bot.web import whereabouts
from bot.web.auth import Auth
from bot.web.figures import Figures
from bot.web.pages.metrics import MetricsPage
from bot.web.server import build, serve
from bot.web.site import Site

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramChannel

_log = structlog.get_logger(__name__)

TELEGRAM = str(Settings.model_fields["telegram_base_url"].default)
"""Telegram's own server, which is stricter about webhooks than one that people run themselves."""


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot that is built and recovered, but not yet running."""

    settings: Settings
    store: Store
    bus: Bus
    minds: LiveMind
    library: Library
    intake: Intake
    casework: Casework
    channels: dict[Account, Channel]
    auth: Auth
    web_address: str
    held: int
    _corridor: Corridor
    _deliverer: Deliverer
    _clock: Clock
    _publishing: Publishing
    _listening: Listening
    _disk: DiskSpace

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`, then take nothing new, finish what was begun, and return.

        StartupError, and an end at once, where another process took the database over.
        """
        taken: list[StartupError] = []
        async with asyncio.TaskGroup() as group:
            work = [
                group.create_task(self._watch(stop, taken), name="database"),
                group.create_task(self._corridor.run(), name="corridor"),
                group.create_task(self._deliverer.run(), name="deliverer"),
                group.create_task(self._clock.run(), name="clock"),
            ]
            takes = [
                group.create_task(
                    self._publishing.watch(self.settings.knowledge_rest_seconds), name="knowledge"
                ),
                group.create_task(self.intake.run(), name="intake"),
                group.create_task(self._listening.run(), name="listening"),
                group.create_task(self._disk.run(), name="disk"),
                *(
                    group.create_task(supervise(channel, self.intake), name=account.platform.value)
                    for account, channel in self.channels.items()
                ),
            ]
            await stop.wait()
            await _cancel(takes)
            if not taken:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.settings.drain_seconds):
                        await self.idle()
            await _cancel(work)
        if taken:
            raise taken[0]

    async def _watch(self, stop: asyncio.Event, taken: list[StartupError]) -> None:
        """Stop where another process runs on the database: two would answer everything twice."""
        try:
            await self.store.taken_over()
        except StartupError as error:
            _log.error("another process has taken the database over", what=error.what)
            taken.append(error)
            stop.set()

    async def idle(self) -> None:
        """Return when everything that was taken in has been answered and sent."""
        await self._corridor.idle()
        await self._deliverer.idle()

    async def staff_link(self, name: str) -> str:
        """A one-time way into the staff page for someone of the team."""
        return self.web_address + await self.auth.new_link(name)


OpenChannels = Callable[[AsyncExitStack, "Parts"], Awaitable[Sequence[Channel]]]
"""Opens further channels on what is already built; they are closed with the stack."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a channel may need of the house."""

    settings: Settings
    store: Store
    minds: LiveMind
    files: StoredFiles
    cursors: StoredCursors


@asynccontextmanager
async def open_bot(
    settings: Settings,
    *,
    web: bool = True,
    further: OpenChannels | None = None,
    tell: Callable[[str], None] | None = None,
) -> AsyncIterator[Bot]:
    """Build a bot: check the files, lock and open the database, train, connect, and recover.

    Raises VoceroError with a remedy for whatever is missing. `web` serves the web chat and the staff page.
    Channels connect later, in `Bot.run`, each by itself. `tell` hears in plain words what was published, or
    why not, and which channel is connected, or why not.
    """
    library = await asyncio.to_thread(Library.open, settings.home)
    async with AsyncExitStack() as stack:
        store = await _open_store(settings, stack)
        mind = await make_mind(library.current, settings.models)
        minds = LiveMind(library, mind, settings.models)
        bus = LocalBus()
        locks: Locks[ConversationId] = Locks()
        filestore = FileStore(settings.files)
        stored = StoredFiles(store, filestore)
        parts = Parts(settings, store, minds, stored, StoredCursors(store))
        channels: dict[Account, Channel] = {}
        staff: list[StaffPlace] = []
        routes: list[RouteDef] = []
        if settings.telegram_token.get_secret_value():
            telegram = await _open_telegram(parts, stack, web=web)
            routes += telegram.routes()
            channels[telegram.account] = telegram
            if settings.telegram_staff_chat:
                ref = PlaceRef(settings.telegram_staff_chat, PlaceKind.STAFF)
                staff.append(StaffPlace(telegram.account, ref))
        if settings.discord_token.get_secret_value():

            async def warn(key: Key) -> None:
                """Tell staff, once the notices are there: a channel connects after everything is built."""
                text = notices.text(key)
                for lane in await store.write(lambda c: notices.tell(c, text, datetime.now(UTC))):
                    bus.wake(Topic.LANE, lane)

            discord = await _open_discord(parts, stack, warn)
            channels[discord.account] = discord
            if settings.discord_staff_channel:
                ref = PlaceRef(settings.discord_staff_channel, PlaceKind.STAFF)
                staff.append(StaffPlace(discord.account, ref))
        for channel in await further(stack, parts) if further else ():
            channels[channel.account] = channel
        gate = Gate(
            origins=settings.web_origins,
            public_url=settings.web_public_url,
            proxies=settings.web_proxies,
        )
        media = MediaFolder(settings.home)
        chat = WebChannel(transcript=Transcript(store), sessions=SessionStore(store), gate=gate, media=media)
        if web:
            channels[chat.account] = chat
        lang = Lang(settings.lang)
        notices = StaffNotices(minds, staff, lang, staff_url=_staff_url(settings))
        if tell is not None:
            for channel in channels.values():
                if channel is not chat:
                    channel.state.listen(_Telling(channel.platform, notices, tell))
        meter = Meter()
        corridor = Corridor(
            store,
            bus,
            minds,
            notices,
            channels,
            locks,
            window=timedelta(seconds=settings.settle_seconds),
            meter=meter,
        )
        deliverer = Deliverer(store, bus, notices, channels, meter=meter)
        blocklist = Blocklist(await store.read(blocks.blocked))
        casework = Casework(store, bus, minds, notices, locks, filestore, blocklist=blocklist)
        limit = settings.file_limit_mb * 1024 * 1024
        quota = Quota(settings.limit_files_per_day, settings.limit_file_mb_per_day * 1024 * 1024)
        publishing = Publishing(store, bus, library, minds, notices, settings.lang, tell=tell, meter=meter)
        door = Door(store, minds, asking(channels))
        await door.open()
        listening = Listening(store, bus, minds, channels, door)
        intake = Intake(store, bus, _limits(settings, store, blocklist), meter, door=door)
        scrubbing = partial(scrub, settings.database)
        retention = Retention(store, minds, filestore, scrub=partial(scrubbing, at_night=True))
        exporting = Exporting(store, bus, minds, filestore)
        clock = Clock(
            store,
            bus,
            {
                RETENTION_TIMER: retention,
                EXPORT_TIMER: exporting,
                DROP_TIMER: exporting.drop,
                ERASE_TIMER: Erasing(
                    store,
                    bus,
                    minds,
                    notices,
                    locks,
                    filestore,
                    forget=[intake.forget],
                    gone=[partial(blocklist.put, blocked=False), door.forget],
                    scrub=scrubbing,
                ),
                STAFF_TIMER: StaffRoom(store, bus, casework, notices, lang),
                ALERT_TIMER: Alerts(store, bus, notices),
                PUBLISH_TIMER: publishing,
                GIVE_BACK_TIMER: AfterGiveBack(store, minds, locks, corridor),
                SLOW_TIMER: SlowDown(store, bus, minds, locks),
                FETCH_TIMER: Fetching(store, bus, channels, filestore, notices, limit=limit, quota=quota),
                REMOVE_JOB: Removing(store, bus, channels),
                INSTALL_JOB: Installing(store, bus, minds, channels, lang),
                LISTEN_TIMER: listening,
                STAFF_FILE_TIMER: StaffFiles(store, bus, channels, filestore, notices, limit=limit),
            },
        )
        auth = Auth(store, is_staff=lambda name: name in _names(minds.current.voice.knowledge))
        disk = DiskSpace(
            store,
            bus,
            notices,
            settings.data,
            low=settings.disk_low_mb,
            critical=settings.disk_critical_mb,
        )
        figures = Figures(
            store,
            meter,
            settings.data,
            lambda: {a.platform.value: c.state for a, c in channels.items()},
            lambda: minds.current.voice.knowledge,
            further=lambda: {
                "vocero_disk_state": ("0: enough room, 1: low, 2: all but full.", float(disk.room))
            },
        )
        address = ""
        if web:
            app = build(
                site=lambda: _site(minds.current.voice),
                channel=chat,
                gate=gate,
                ready=lambda: _missing(store, chat),
                degraded=lambda: ["disk"] if disk.room else [],
                channels=lambda: {a.platform.value: c.state for a, c in channels.items()},
                metrics=MetricsPage(meter, figures, gate, settings.metrics_token.get_secret_value()),
                media=media,
                files=stored,
                desk=casework,
                auth=auth,
                staff_remote=settings.staff_remote,
                routes=routes,
            )
            address = await stack.enter_async_context(serve(app, settings.web_host, settings.web_port))
            stack.enter_context(whereabouts.told(settings.data, address))
        held = await deliverer.recover()
        await retention.arm()
        yield Bot(
            settings,
            store,
            bus,
            minds,
            library,
            intake,
            casework,
            channels,
            auth,
            address,
            held,
            corridor,
            deliverer,
            clock,
            publishing,
            listening,
            disk,
        )


async def _open_store(settings: Settings, stack: AsyncExitStack) -> Store:
    try:
        make_private(settings.data)
    except OSError as error:
        raise StartupError(
            f"the data folder cannot be made: {error.strerror}",
            where=str(settings.data),
            remedy="Choose another with VOCERO_DATA, or give this user the right to write there.",
        ) from error
    if settings.database.startswith("sqlite"):
        stack.enter_context(lock.hold(database_path(settings.database)))
    await Store.create(settings.database)
    return await stack.enter_async_context(Store.open(settings.database, exclusive=True))


def _limits(settings: Settings, store: Store, blocklist: Blocklist) -> Limits:
    async def strangers(account: Account, people: Collection[str]) -> Collection[str]:
        return await store.read(lambda c: blocks.strangers(c, account, list(people)))

    bounds = Bounds(
        member_burst=settings.limit_member_burst,
        member_per_minute=settings.limit_member_per_minute,
        place_per_minute=settings.limit_place_per_minute,
        newcomers_per_minute=settings.limit_newcomers_per_minute,
    )
    return Limits(bounds, blocklist, strangers)


async def _open_telegram(parts: Parts, stack: AsyncExitStack, *, web: bool) -> TelegramChannel:
    from bot.channels.telegram import CommandMenu, PaceLimits, TelegramChannel, webhook  # slow, often off

    settings = parts.settings
    token = settings.telegram_token.get_secret_value()
    hook = None
    if settings.telegram_webhook:
        if not web:
            raise StartupError(
                "a webhook needs the web server",
                where="VOCERO_TELEGRAM_WEBHOOK",
                remedy="Leave the setting empty: then the bot fetches its updates.",
            )
        hook = webhook.address(
            settings.telegram_webhook,
            public_url=settings.web_public_url,
            secret=settings.telegram_webhook_secret.get_secret_value(),
            token=token,
            official=settings.telegram_base_url == TELEGRAM,
        )
    voice = parts.minds.current.voice
    menus = [
        CommandMenu(
            audience=audience,
            lang="" if lang == voice.knowledge.brand.languages[0] else lang,
            commands=[
                (item.alias, voice.label(item.description, lang))
                for item in menu(lang, for_staff=audience == "staff", in_public=audience == "groups")
            ],
        )
        for audience, languages in (("members", (ES, EN, PT)), ("groups", (ES, EN, PT)), ("staff", (ES, EN)))
        for lang in languages
        if settings.telegram_staff_chat or audience != "staff"
    ]
    channel = await stack.enter_async_context(
        TelegramChannel(
            token=token,
            cursors=parts.cursors,
            files=parts.files,
            root=settings.home,
            base_url=settings.telegram_base_url,
            file_url=settings.telegram_file_url,
            staff_chat=settings.telegram_staff_chat,
            menus=menus,
            aliases=_aliases(),
            pace=PaceLimits() if settings.telegram_limits else None,
            webhook=hook,
        )
    )
    channel.follow(await parts.store.read(lambda connection: moves(connection, channel.account)))
    return channel


async def _open_discord(
    parts: Parts, stack: AsyncExitStack, warn: Callable[[Key], Awaitable[None]]
) -> Channel:
    from bot.channels.discord import DiscordChannel, slash_commands  # slow to import, often off

    settings, minds = parts.settings, parts.minds

    def say(key: Key, lang: Lang, **values: str) -> str:
        voice = minds.current.voice
        address = voice.knowledge.brand.voice.address.value
        return voice.catalogue.text(key, lang, address=address, seed=0, **values)

    def offer(typed: str, lang: Lang) -> Sequence[tuple[str, str]]:
        voice = minds.current.voice
        return suggest(voice, typed, lang, datetime.now(voice.knowledge.brand.timezone).date())

    def watches(channel: str) -> bool:
        community = minds.current.voice.knowledge.community
        return community.manners(Platform.DISCORD, PlaceRef(channel, PlaceKind.CHANNEL)).mode is not Mode.OFF

    return await stack.enter_async_context(
        DiscordChannel(
            token=settings.discord_token.get_secret_value(),
            cursors=parts.cursors,
            files=parts.files,
            whereabouts=StoredWhereabouts(parts.store),
            root=settings.home,
            say=say,
            suggest=offer,
            lang=minds.current.voice.knowledge.brand.languages[0],
            api_url=settings.discord_api_url,
            gateway_url=settings.discord_gateway_url,
            cdn_url=settings.discord_cdn_url,
            shards=settings.discord_shards,
            staff_channel=settings.discord_staff_channel,
            fallback_channel=settings.discord_fallback_channel,
            commands=slash_commands(say),
            aliases=_aliases(),
            watches=watches,
            warn=warn,
        )
    )


def _aliases() -> dict[str, str]:
    """Every name of a command, with its canonical one."""
    return {
        alias: command.name.value
        for command in COMMANDS
        for words in command.aliases.values()
        for alias in words
    }


class _Telling:
    """Says in plain words that a channel is connected, or why not; a stumble on the way is only logged."""

    def __init__(self, platform: Platform, notices: StaffNotices, tell: Callable[[str], None]) -> None:
        self._platform, self._notices, self._tell = platform, notices, tell
        self._up = False

    def __call__(self, state: ChannelState) -> None:
        stumbled = state.condition is Condition.BACKING_OFF and state.name
        if stumbled or (state.is_up and self._up):
            return
        self._up = state.is_up
        platform = self._notices.text(Key(f"platform_{self._platform.value}"))
        text = self._notices.text
        match state.condition:
            case Condition.UP:
                self._tell(text(Key.STAFF_CHANNEL_UP, platform=platform, name=state.name))
            case Condition.REFUSED:
                self._tell(text(Key.STAFF_CHANNEL_REFUSED, platform=platform))
            case _:
                self._tell(text(Key.STAFF_CHANNEL_AWAY, platform=platform))


async def _missing(store: Store, chat: WebChannel) -> list[str]:
    try:
        await store.read(outbox.counts)
    except Exception as error:  # whatever is wrong with it, the answer is the same: not ready
        tell(_log, "the database does not answer", error)
        return ["database"]
    return [] if chat.is_open else ["corridor"]


def _site(voice: Voice) -> Site:
    brand = voice.knowledge.brand
    return Site(
        brand=brand.name,
        languages=brand.languages,
        about=brand.about,
        menu={
            lang: (
                *(Button(voice.title(entry, lang), f"{PICK}{entry}") for entry in brand.menu),
                Button(voice.label(Key.BUTTON_PERSON, lang), PERSON),
            )
            for lang in (ES, EN, PT)
        },
        fictitious=brand.fictitious,
        timezone=brand.timezone,
        title=lambda entry, lang: voice.title(EntryId(entry), lang),
    )


def _names(knowledge: Knowledge) -> frozenset[str]:
    return frozenset(person.name for person in knowledge.staff.people.values())


def _staff_url(settings: Settings) -> str:
    base = settings.web_public_url.rstrip("/") or f"http://{settings.web_host}:{settings.web_port}"
    return f"{base}/staff"


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
