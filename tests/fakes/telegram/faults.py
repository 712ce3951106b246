"""What can go wrong on the way, on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tests.fakes.telegram.errors import ApiError


class FaultKind(StrEnum):
    """Where on the way it goes wrong."""

    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    STATUS = "status"
    PROCESSED_THEN_STATUS = "processed_then_status"
    REFUSE = "refuse"
    DELAY = "delay"
    DELAY_BEFORE = "delay_before"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing going wrong with one request."""

    kind: FaultKind
    code: int = 0
    description: str = ""
    seconds: float = 0.0
    retry_after: int = 0

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
        """The request is carried out, and a gateway answers with a status of its own."""
        return cls(FaultKind.PROCESSED_THEN_STATUS, code=code)

    @classmethod
    def refuse(cls, code: int, description: str) -> Fault:
        """An error of the API in the words given; the request is not carried out."""
        return cls(FaultKind.REFUSE, code=code, description=description)

    @classmethod
    def too_many(cls, retry_after: int) -> Fault:
        """A 429 for this request alone."""
        return cls(
            FaultKind.REFUSE,
            code=429,
            description=f"Too Many Requests: retry after {retry_after}",
            retry_after=retry_after,
        )

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
        """The error that REFUSE answers with."""
        parameters = {"retry_after": self.retry_after} if self.retry_after else {}
        return ApiError(self.code, self.description, **parameters)


@dataclass(slots=True)
class _Script:
    method: str
    fault: Fault
    times: int
    chat: int | None


@dataclass(slots=True)
class Faults:
    """The scripts still to play; the first that fits a request is used up by it."""

    scripts: list[_Script] = field(default_factory=list)

    def add(self, method: str, fault: Fault, *, times: int, chat: int | None) -> None:
        """Let `times` requests of `method` (or `*`) fail, in `chat` alone if given."""
        self.scripts.append(_Script(method.lower(), fault, times, chat))

    def take(self, method: str, chat: object) -> Fault | None:
        """The fault for this request, if any."""
        for script in self.scripts:
            if script.method in ("*", method.lower()) and script.chat in (None, chat):
                script.times -= 1
                if script.times <= 0:
                    self.scripts.remove(script)
                return script.fault
        return None
