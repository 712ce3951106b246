"""HTTP to a Bot API server, saying of each failure whether the request can have arrived."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

import aiohttp
from telegram.error import (
    BadRequest,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)
from telegram.request import BaseRequest, RequestData

_T = TypeVar("_T")

_JSON = {"Content-Type": "application/json", "User-Agent": BaseRequest.USER_AGENT}
_PLAIN = {"User-Agent": BaseRequest.USER_AGENT}
_NAMED_BY_CLIENT = frozenset({400, 401, 403, 404, 409})
"""Refusals that python-telegram-bot turns into an exception of their own."""
_KEEP_ALIVE = 15.0
"""Seconds an idle connection is used again. Shorter than any server keeps it, since a request written on a
connection that the server is closing counts as uncertain."""


class NotSent(NetworkError):
    """The server could not be reached: the request surely did not arrive."""


class Flooded(TelegramError):
    """429: the request was refused, and may be made again after `seconds`.

    Takes the place of `telegram.error.RetryAfter`, whose constructor emits a deprecation warning.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Flood control exceeded. Retry in {seconds:g} seconds")
        self.seconds = seconds


class BadAnswer(NetworkError):
    """The server answered with something that is no JSON; `payload` is what it was."""

    def __init__(self, payload: bytes) -> None:
        super().__init__("the server's answer is not JSON")
        self.payload = payload


class TooLarge(TelegramError):
    """A download went beyond its limit."""


def kind_of(error: TelegramError) -> str:
    """A failure in one word, for figures."""
    match error:
        case NotSent() | TimedOut():
            return "unreachable"
        case Flooded():
            return "flooded"
        case Conflict():
            return "conflict"
        case InvalidToken() | EndPointNotFound() | Forbidden():
            return "token_refused"
        case BadAnswer():
            return "unreadable"
        case BadRequest():
            return "bad_request"
        case NetworkError() if error.message.startswith("HTTP "):
            return "server_error"
        case _:
            return "unreachable"


class AiohttpTransport(BaseRequest):
    """python-telegram-bot's requests on one aiohttp session: a third of the work of its default.

    `secret` never appears in an exception. `proxy` is an address or ''. Time limits in seconds. `flooded` is
    called at each 429.
    """

    __slots__ = (
        "_connect",
        "_connections",
        "_flooded",
        "_proxy",
        "_read",
        "_secret",
        "_session",
        "_upload",
        "_write",
    )

    def __init__(
        self,
        *,
        secret: str,
        connections: int = 64,
        connect_timeout: float = 5.0,
        read_timeout: float = 10.0,
        write_timeout: float = 5.0,
        upload_timeout: float = 60.0,
        proxy: str = "",
        flooded: Callable[[], None] = lambda: None,
    ) -> None:
        self._flooded = flooded
        self._secret, self._connections, self._proxy = secret, connections, proxy
        self._connect, self._read, self._write = connect_timeout, read_timeout, write_timeout
        self._upload = upload_timeout
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        return self._read

    async def initialize(self) -> None:
        """Open the session; harmless when it is open."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=_KEEP_ALIVE),
                cookie_jar=aiohttp.DummyCookieJar(),
                raise_for_status=False,
            )

    async def shutdown(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Status and body of one request.

        Raises NotSent when the request surely did not arrive; TimedOut, or another NetworkError, when it may
        have; Flooded on 429; BadRequest for refusals that have no exception of their own.
        """
        if self._session is None:
            raise NotSent("the transport is closed")
        uploads = request_data is not None and request_data.contains_files
        write = _given(write_timeout, self._upload if uploads else self._write)
        connect = _given(connect_timeout, self._connect)
        read = _given(read_timeout, self._read)
        timeout = aiohttp.ClientTimeout(
            total=_sum(connect, write, read),
            connect=_sum(connect, _given(pool_timeout, 1.0)),
            sock_connect=connect,
            sock_read=_sum(read, write) if uploads else read,
        )
        failure: TelegramError
        try:
            async with self._session.request(
                method,
                url,
                data=_body(request_data),
                headers=_PLAIN if uploads else _JSON,
                timeout=timeout,
                proxy=self._proxy or None,
                allow_redirects=False,
            ) as response:
                payload = await response.read()
                if response.status == 429:
                    self._flooded()
                return _judged(response.status, payload)
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.ClientHttpProxyError,
            aiohttp.ServerFingerprintMismatch,
            aiohttp.InvalidURL,
        ) as error:
            failure = NotSent(self._masked(error))
        except TimeoutError:
            failure = TimedOut("no answer in time")
        except (aiohttp.ClientError, OSError) as error:
            failure = NetworkError(self._masked(error))
        # raised outside the handlers: the original carries the address, and with it the token
        raise failure

    async def download(self, url: str, *, limit: int, timeout: float) -> bytes:
        """Content of a file of at most `limit` bytes; raises TooLarge, or BadRequest if it is not there."""
        if self._session is None:
            raise NotSent("the transport is closed")
        failure: TelegramError
        try:
            async with self._session.get(
                url,
                headers=_PLAIN,
                timeout=aiohttp.ClientTimeout(total=timeout, connect=self._connect),
                proxy=self._proxy or None,
            ) as response:
                if response.status != 200:
                    raise BadRequest(f"the file cannot be had (HTTP {response.status})")
                content = bytearray()
                async for piece in response.content.iter_chunked(65536):
                    content += piece
                    if len(content) > limit:
                        raise TooLarge(f"the file has more than {limit} bytes")
                return bytes(content)
        except TimeoutError:
            failure = TimedOut("no answer in time")
        except (aiohttp.ClientError, OSError) as error:
            failure = NetworkError(self._masked(error))
        raise failure

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, object]:
        """As inherited, but what cannot be read is raised rather than logged: it may hold members' words."""
        try:
            answer = json.loads(payload.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise BadAnswer(payload)
        return answer

    def _masked(self, error: Exception) -> str:
        return f"{type(error).__name__}: {error}".replace(self._secret, "***")


def _judged(status: int, payload: bytes) -> tuple[int, bytes]:
    """Pass on what python-telegram-bot judges as we would; raise the rest."""
    if status == 429:
        raise Flooded(_retry_after(payload))
    if 200 <= status < 300:
        if not payload.startswith(b"{"):
            raise BadAnswer(payload)
    elif status < 500 and status not in _NAMED_BY_CLIENT:
        raise BadRequest(f"HTTP {status}")
    elif status >= 500:
        raise NetworkError(f"HTTP {status}")
    return status, payload


def _retry_after(payload: bytes) -> float:
    try:
        return max(0.0, float(json.loads(payload)["parameters"]["retry_after"]))
    except (ValueError, KeyError, TypeError):
        return 1.0


def _body(data: RequestData | None) -> bytes | aiohttp.FormData | None:
    if data is None:
        return None
    if not data.contains_files:
        return json.dumps(data.parameters).encode("ascii")
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form


def _given(timeout: object, default: float) -> float | None:
    """The caller's limit, where None means none; ours when the caller gave nothing."""
    if timeout is None:
        return None
    return float(timeout) if isinstance(timeout, int | float) else default


def _sum(*seconds: float | None) -> float | None:
    return None if None in seconds else sum(value for value in seconds if value is not None)
