"""One Telegram bot: private chats, groups and one staff chat, as the house's channel."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import urlsplit

import structlog
import telegram
from aiohttp import web
from telegram.constants import ChatAction
from telegram.error import BadRequest, EndPointNotFound, Forbidden, InvalidToken, TelegramError

from bot.channels.backoff import Backoff
from bot.channels.base import ALWAYS_HARMLESS, HELD, Channel, Cursors, Doubt, FileSource, Intake, Right
from bot.channels.state import ChannelState, Condition
from bot.channels.telegram.admins import Admins
from bot.channels.telegram.pace import Pace, PaceLimits
from bot.channels.telegram.parse import ALLOWED_UPDATES, Parser
from bot.channels.telegram.polling import REFUSALS, Poller
from bot.channels.telegram.send import TOKEN_REFUSED, UNREACHABLE, Sender
from bot.channels.telegram.split import split
from bot.channels.telegram.taking import Taking
from bot.channels.telegram.transport import AiohttpTransport, TooLarge, kind_of
from bot.channels.telegram.webhook import CONNECTIONS, Receiver, WebhookAddress
from bot.domain import Account, Delivery, Lang, Outgoing, PlaceRef, Platform, Receipt
from bot.errors import ChannelError, RefusedError

log = structlog.get_logger(__name__)

BASE_URL = "https://api.telegram.org/bot"
FILE_URL = "https://api.telegram.org/file/bot"
DOWNLOAD_SECONDS = 60.0
DEFAULT_PACE = PaceLimits()
CHECK_SECONDS = 60.0
"""Seconds between two looks at whether Telegram still brings updates to our webhook."""
ANSWERS_AT_ONCE = 8
"""Button presses answered in parallel."""
_TOKEN = re.compile(r"(\d{1,20}):\S+")
"""A bot's id, a colon, and what is secret: https://core.telegram.org/bots/api#authorizing-your-bot"""
LAST_ANSWERS = 1.5
"""Seconds that presses still unanswered get when the channel stops."""


@dataclass(frozen=True, slots=True)
class CommandMenu:
    """The commands that Telegram shows to one audience in one language.

    `audience` is members (private chats), groups, or staff (the staff chat). `lang` is a code of two letters,
    or '' for every language without a menu of its own. `commands` are pairs of name and description.
    """

    audience: str
    lang: Lang | str
    commands: Sequence[tuple[str, str]]


class TelegramChannel(Channel):
    """Receives and sends; use it as `async with`, then `run` it in a task.

    It fetches updates by polling; with a `webhook` Telegram brings them to the web server, which serves
    `routes`.

    `aliases` maps each command name in any language to its canonical one. `pace` None lifts our own limits.
    `staff_chat` is a chat id or ''. `root` is the folder below which pictures are. Raises RefusedError for
    something that is no token at all: nobody could say whose account that would be.
    """

    platform = Platform.TELEGRAM

    def __init__(
        self,
        *,
        token: str,
        cursors: Cursors,
        files: FileSource,
        root: Path,
        base_url: str = BASE_URL,
        file_url: str = FILE_URL,
        staff_chat: str = "",
        menus: Sequence[CommandMenu] = (),
        aliases: Mapping[str, str] | None = None,
        pace: PaceLimits | None = DEFAULT_PACE,
        poll_timeout: float = 25.0,
        read_timeout: float = 10.0,
        proxy: str = "",
        backoff: Backoff | None = None,
        webhook: WebhookAddress | None = None,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._webhook, self._check_seconds = webhook, check_seconds
        self._receiver = Receiver(webhook.secret) if webhook else None
        self._account = account_of(token)
        self.state = ChannelState()
        self._token, self._base_url, self._file_url = token, base_url, file_url
        self._cursors, self._staff_chat = cursors, staff_chat
        self._menus, self._aliases = menus, dict(aliases or {})
        self._poll_timeout, self._backoff = poll_timeout, backoff
        flooded = self.state.flooded
        self._transport = AiohttpTransport(
            secret=token, read_timeout=read_timeout, proxy=proxy, flooded=flooded
        )
        self._polling = AiohttpTransport(
            secret=token, connections=2, read_timeout=read_timeout, proxy=proxy, flooded=flooded
        )
        self._bot = self._make_bot()
        self._pace = Pace(pace) if pace else None
        self._sender = Sender(self._bot, files=files, root=root, pace=self._pace)
        self._admins = Admins(self._bot)
        self._username = ""

    async def __aenter__(self) -> Self:
        await asyncio.gather(self._transport.initialize(), self._polling.initialize())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    @property
    def account(self) -> Account:
        """The bot's own id, which its token begins with."""
        return self._account

    @property
    def username(self) -> str:
        """The bot's name without the @, for links such as https://t.me/<name>?start=..."""
        return self._username

    def follow(self, moved: Mapping[str, str]) -> None:
        """Find groups that moved before a restart: their present ids, by those that they had before."""
        self._sender.moved.update(moved)
        if now := moved.get(self._staff_chat):
            log.warning(
                "telegram.staff_group_moved",
                old=self._staff_chat,
                new=now,
                do=f"The bot follows it; set VOCERO_TELEGRAM_STAFF_CHAT={now} to have it written down.",
            )

    def routes(self) -> list[web.RouteDef]:
        """What the web server has to serve for us."""
        return self._receiver.routes() if self._receiver else []

    async def run(self, intake: Intake) -> NoReturn:
        """Connect and receive until cancelled.

        Raises RefusedError when the token is not taken, or not any more; ChannelError when Telegram cannot be
        reached at the start.
        """
        await self._connect()
        parser = Parser(
            self.account,
            username=self._username,
            staff_chat=self._staff_chat,
            aliases=self._aliases,
            moved=self._sender.moved,
            moderates=self._admins.knows,
        )
        presses: asyncio.Queue[str] = asyncio.Queue()
        take = Taking(parser, intake, presses.put_nowait)
        failure: ChannelError | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(ANSWERS_AT_ONCE):
                    tasks.create_task(self._answer_presses(presses))
                tasks.create_task(self._admins.run())
                if self._receiver is None:
                    await self._poll(take)
                else:
                    tasks.create_task(self._receiver.run(take))
                    await self._watch(self._receiver)
        except* ChannelError as errors:
            failure = next(error for error in errors.exceptions if isinstance(error, ChannelError))
        finally:
            await self._answer_the_last(presses)
        assert failure, "receiving ends with an error only"
        raise failure

    async def send(self, place: PlaceRef, message: Outgoing, *, nonce: str) -> Receipt:
        """Send one message; Telegram knows no nonce, so a lost answer leaves the receipt uncertain."""
        if self.state.condition is Condition.REFUSED:  # what is sent with such a token counts against us
            return Receipt(Delivery.RETRY, retry_after=TOKEN_REFUSED, error="the token was refused")
        if self.state.kind == "unreachable" and self._sender.shut:
            # one try now and then is enough: each waits for its time limit, and other channels wait behind it
            return Receipt(Delivery.RETRY, retry_after=UNREACHABLE, error="Telegram cannot be reached")
        return await self._sender.send(place, message)

    def doubt(self, message: Outgoing) -> Doubt:
        """Telegram knows no nonce and shows a bot no history; to delete once more does no harm."""
        return ALWAYS_HARMLESS if message.removes else HELD

    async def find(
        self, place: PlaceRef, message: Outgoing, *, since: datetime, known: Collection[str]
    ) -> str | None:
        """Telegram shows a bot no history."""
        raise ChannelError("Telegram shows a bot no history", where="telegram")

    async def edit(self, place: PlaceRef, message_id: str, message: Outgoing) -> Receipt:
        """Change text and buttons of a message of ours."""
        return await self._sender.edit(place, message_id, message)

    async def strip(self, place: PlaceRef, message_id: str) -> Receipt:
        """Take the buttons off a message of ours."""
        return await self._sender.strip(place, message_id)

    async def react(self, place: PlaceRef, message_id: str, emoji: str) -> Receipt:
        """Set our reaction to a message, '' for none."""
        return await self._sender.react(place, message_id, emoji)

    async def rights(self, place: PlaceRef) -> tuple[Right, ...]:
        """What the bot lacks in a group; raises ChannelError."""
        return await self._admins.lacks(place.external_id)

    async def moderates(self, place: PlaceRef, person: str) -> bool:
        """Whether somebody administers a group; raises ChannelError."""
        return await self._admins.moderates(place.external_id, person)

    async def typing(self, place: PlaceRef) -> None:
        """Show that an answer is on its way; nothing while Telegram keeps the chat shut."""
        if self._pace and self._pace.closed(place.external_id):
            return
        try:
            await self._bot.send_chat_action(
                int(place.external_id),
                ChatAction.TYPING,
                message_thread_id=int(place.thread) if place.thread.isdigit() else None,
            )
        except (TelegramError, ValueError) as error:
            log.debug("telegram.typing_failed", kind=type(error).__name__)

    async def fetch(self, ref: str, *, limit: int) -> bytes:
        """Content of a member's file of at most `limit` bytes (Telegram itself gives 20 MB at the most)."""
        failure: ChannelError
        try:
            file = await self._bot.get_file(ref)
            if file.file_size and file.file_size > limit:
                raise TooLarge(f"the file has {file.file_size} bytes, more than {limit}")
            path = file.file_path or ""
            if not path.startswith(("http://", "https://")):
                path = f"{self._file_url}{self._token}/{path}"
            return await self._transport.download(path, limit=limit, timeout=DOWNLOAD_SECONDS)
        except TooLarge as error:
            failure = ChannelError(error.message, remedy="Ask for a smaller file.", where="telegram")
        except TelegramError as error:
            failure = ChannelError(
                f"the file cannot be had: {error.message}".replace(self._token, "***"),
                remedy="Ask the member to send it again.",
                where="telegram",
            )
        raise failure

    def split(self, message: Outgoing) -> tuple[Outgoing, ...]:
        """The message as single calls, each within Telegram's limits."""
        return split(message)

    def _make_bot(self) -> telegram.Bot:
        return telegram.Bot(
            self._token,
            base_url=self._base_url,
            base_file_url=self._file_url,
            request=self._transport,
            get_updates_request=self._polling,
        )

    async def _poll(self, take: Taking) -> NoReturn:
        poller = Poller(self._bot, take, self.state, timeout=self._poll_timeout, backoff=self._backoff)
        cursor = await self._cursors.read(self.account)
        await poller.run(offset=int(cursor) if cursor and cursor.isdigit() else None)

    async def _set_webhook(self, found: telegram.WebhookInfo) -> None:
        """Have updates brought to us, or fetch them ourselves; none that waits is dropped."""
        if self._webhook is None:
            if found.url:
                log.warning("telegram.webhook_removed", host=urlsplit(found.url).hostname)
                await self._bot.delete_webhook(drop_pending_updates=False)
            return
        if found.url and found.url != self._webhook.url:
            log.warning("telegram.webhook_replaced", host=urlsplit(found.url).hostname)
        await self._bot.set_webhook(
            self._webhook.url,
            secret_token=self._webhook.secret,
            allowed_updates=ALLOWED_UPDATES,
            max_connections=CONNECTIONS,
            drop_pending_updates=False,
        )

    async def _watch(self, receiver: Receiver) -> NoReturn:
        """Look now and then whether updates still come; raises RefusedError when the token is not taken."""
        refused = 0
        while True:
            await asyncio.sleep(self._check_seconds)
            try:
                await self._judge(await self._bot.get_webhook_info(), receiver)
                refused = 0
            except (InvalidToken, EndPointNotFound, Forbidden) as error:
                refused += 1
                log.error("telegram.token_refused", times=refused, what=error.message)
                if refused >= REFUSALS:
                    raise _wrong_token() from None
            except TelegramError as error:
                self.state.backing_off(kind_of(error))
                log.warning("telegram.check_failed", kind=kind_of(error), what=error.message)

    async def _judge(self, found: telegram.WebhookInfo, receiver: Receiver) -> None:
        """Tell the state, and in words what to do, if updates do not come."""
        assert self._webhook is not None
        failed_at = found.last_error_date.timestamp() if found.last_error_date else 0.0
        if found.url != self._webhook.url:
            self.state.backing_off("conflict")
            log.error(
                "telegram.webhook_lost",
                what="Another process removed or replaced the webhook of this bot.",
                remedy="Only one process may use a token: stop the other. The webhook is set again.",
            )
            await self._set_webhook(found)
        elif found.pending_update_count and failed_at > receiver.committed_at:
            self.state.backing_off("undelivered")
            log.error(
                "telegram.webhook_undelivered",
                waiting=found.pending_update_count,
                what=found.last_error_message,
                remedy="Telegram cannot bring updates: check that the webhook's address can be reached from "
                "the internet, with a certificate that is valid, and leads to this bot.",
            )
        else:
            self.state.up()

    async def _connect(self) -> None:
        failure: ChannelError | None = None
        try:
            me = await self._bot.get_me()
            await self._set_webhook(await self._bot.get_webhook_info())
        except BadRequest as error:
            failure = ChannelError(
                f"Telegram refuses how we connect: {error.message}",
                remedy="Check the webhook's address: it must begin with https, be reached from the "
                "internet, and have the port 443, 80, 88 or 8443.",
                where="telegram",
                kind="bad_request",
            )
        except (InvalidToken, EndPointNotFound):
            failure = _wrong_token()
        except TelegramError as error:
            failure = ChannelError(
                f"Telegram cannot be reached: {error.message}".replace(self._token, "***"),
                remedy="Check the network and the address of the Bot API server.",
                where=self._base_url,
                kind=kind_of(error),
            )
        if failure:
            raise failure
        self._username = self._sender.username = me.username or ""
        for menu in self._menus:
            await self._show(menu)
        self.state.up(f"@{self._username}")

    async def _show(self, menu: CommandMenu) -> None:
        """Set one menu; a refused menu is no reason not to start."""
        scope: telegram.BotCommandScope
        match menu.audience:
            case "members":
                scope = telegram.BotCommandScopeAllPrivateChats()
            case "groups":
                scope = telegram.BotCommandScopeAllGroupChats()
            case _ if self._staff_chat:
                chat = self._sender.moved.get(self._staff_chat, self._staff_chat)
                scope = telegram.BotCommandScopeChat(int(chat))
            case _:
                return
        try:
            await self._bot.set_my_commands(menu.commands, scope=scope, language_code=menu.lang or None)
        except TelegramError as error:
            log.warning("telegram.menu_refused", audience=menu.audience, lang=menu.lang, error=error.message)

    async def _stop(self) -> None:
        await asyncio.gather(self._transport.shutdown(), self._polling.shutdown())

    async def _answer_presses(self, presses: asyncio.Queue[str]) -> NoReturn:
        while True:
            query = await presses.get()
            try:
                await self._answer(query)
            except asyncio.CancelledError:
                presses.put_nowait(query)
                raise

    async def _answer_the_last(self, presses: asyncio.Queue[str]) -> None:
        """Presses committed just before the stop: nobody would ever answer them."""
        left = [presses.get_nowait() for _ in range(presses.qsize())]
        if not left:
            return
        try:
            async with asyncio.timeout(LAST_ANSWERS):
                await asyncio.gather(*(self._answer(query) for query in left))
        except TimeoutError:
            log.warning("telegram.presses_unanswered", count=len(left))

    async def _answer(self, query: str) -> None:
        try:
            await self._bot.answer_callback_query(query)
        except BadRequest as error:  # too old: the member's button has stopped spinning by itself
            log.info("telegram.press_too_old", error=error.message)
        except TelegramError as error:
            log.warning("telegram.press_unanswered", kind=type(error).__name__)


def account_of(token: str) -> Account:
    """The account that a token is of; RefusedError when it has not the shape of one."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise _wrong_token()
    return Account(Platform.TELEGRAM, match[1])


def _wrong_token() -> RefusedError:
    return RefusedError(
        "Telegram does not know this bot token",
        remedy="Ask @BotFather for the bot's token (/token) and copy it into the Telegram token setting.",
        where="telegram",
    )
