"""What can go wrong on the way, on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tests.fakes.discord.errors import ApiError, refused


class FaultKind(StrEnum):
    """Where on the way it goes wrong."""

    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    STATUS = "status"
    PROCESSED_THEN_STATUS = "processed_then_status"
    REFUSE = "refuse"
    TOO_MANY = "too_many"
    DELAY = "delay"
    DELAY_BEFORE = "delay_before"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing going wrong with one request."""

    kind: FaultKind
    code: int = 0
    seconds: float = 0.0
    everywhere: bool = False

    @classmethod
    def drop_before(cls) -> Fault:
        """The connection is lost before the request was looked at."""
        return cls(FaultKind.DROP_BEFORE)

    @classmethod
    def drop_after(cls) -> Fault:
        """The request is carried out, then the connection is lost."""
        return cls(FaultKind.DROP_AFTER)

    @classmethod
    def status(cls, code: int) -> Fault:
        """A plain HTTP status; the request is not carried out."""
        return cls(FaultKind.STATUS, code=code)

    @classmethod
    def processed_then_status(cls, code: int) -> Fault:
        """The request is carried out, and a machine on the way answers with a status of its own."""
        return cls(FaultKind.PROCESSED_THEN_STATUS, code=code)

    @classmethod
    def refuse(cls, code: int) -> Fault:
        """One of Discord's error codes, such as 50013; the request is not carried out."""
        return cls(FaultKind.REFUSE, code=code)

    @classmethod
    def too_many(cls, retry_after: float, *, everywhere: bool = False) -> Fault:
        """A 429 for this request; `everywhere` says that the global limit is the reason."""
        return cls(FaultKind.TOO_MANY, code=429, seconds=retry_after, everywhere=everywhere)

    @classmethod
    def delay(cls, seconds: float) -> Fault:
        """The request is carried out at once, its answer comes late."""
        return cls(FaultKind.DELAY, seconds=seconds)

    @classmethod
    def delay_before(cls, seconds: float) -> Fault:
        """The request is carried out late."""
        return cls(FaultKind.DELAY_BEFORE, seconds=seconds)

    @classmethod
    def garbage(cls) -> Fault:
        """The request is carried out, and the answer is no JSON."""
        return cls(FaultKind.GARBAGE)

    def error(self) -> ApiError:
        """The error that REFUSE and TOO_MANY answer with."""
        if self.kind is FaultKind.TOO_MANY:
            return too_many(self.seconds, everywhere=self.everywhere)
        return refused(self.code)


def too_many(retry_after: float, *, everywhere: bool = False, scope: str = "") -> ApiError:
    """A 429 that says when to come back, in seconds, in body and headers."""
    error = ApiError(429, 0, "You are being rate limited.", retry_after=retry_after)
    error.more["global"] = everywhere
    error.headers = {
        "Retry-After": f"{retry_after:.3f}",
        "X-RateLimit-Scope": scope or ("global" if everywhere else "user"),
        "Via": "1.1 google",
    }
    if everywhere:
        error.headers["X-RateLimit-Global"] = "true"
    return error


@dataclass(slots=True)
class _Script:
    method: str
    fault: Fault
    times: int
    channel: int | None


@dataclass(slots=True)
class Faults:
    """The scripts still to play; the first that fits a request is used up by it."""

    scripts: list[_Script] = field(default_factory=list)

    def add(self, method: str, fault: Fault, *, times: int, channel: int | None) -> None:
        """Let `times` requests of `method` (or `*`) fail, in `channel` alone if given."""
        self.scripts.append(_Script(method, fault, times, channel))

    def take(self, method: str, channel: int) -> Fault | None:
        """The fault for this request, if any."""
        for script in self.scripts:
            if script.method in ("*", method) and script.channel in (None, channel):
                script.times -= 1
                if script.times <= 0:
                    self.scripts.remove(script)
                return script.fault
        return None
