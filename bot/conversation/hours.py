"""When the team is there: opening hours by the week, holidays, and open time between two moments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HORIZON: Final = timedelta(days=60)
"""How far ahead is looked for an opening or a closing; what lies beyond is of no use to who waits."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Open:
    """The team is there, until a local time; None when it doesn't close within `HORIZON`."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Closed:
    """The team is away until a local time; None when not within `HORIZON` or if no hours are known."""

    opens: datetime | None


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly hours in a time zone. `week[0]` is Monday; a span is (start, end) with its end exclusive.

    A span that ends at `time.max` ends at 24:00; one that ends at or before its start ends on the next day.
    It belongs to the day on which it starts, and a holiday takes away the spans that start on it. Spans may
    touch or overlap. A local time that the clocks skip or repeat is read as RFC 5545, section 3.3.5, says: by
    the offset before the gap, and the first of two.

    Where no hours are known at all (`known` is false), `status` is `Closed(None)`, and all time counts as
    open time, so that an alert sounds too early rather than never.
    """

    week: Sequence[Sequence[tuple[time, time]]]
    zone: ZoneInfo
    holidays: frozenset[date] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if len(self.week) not in (0, 7):
            raise ValueError(
                f"a week of hours has 7 days, or none when no hours are known, not {len(self.week)}"
            )

    @property
    def known(self) -> bool:
        """Whether the team is ever there."""
        return any(self.week)

    def status(self, now: datetime) -> Open | Closed:
        """Whether the team is there at an aware moment, and the local time at which that changes."""
        if not self.known:
            return Closed(None)
        now = now.astimezone(UTC)
        nearest = next(self._open_times(now, now + HORIZON), None)
        if nearest is None:
            return Closed(None)
        start, end = nearest
        if start > now:
            return Closed(start.astimezone(self.zone))
        return Open(end.astimezone(self.zone) if end < now + HORIZON else None)

    def elapsed_open(self, begin: datetime, end: datetime) -> timedelta:
        """How long the team was there between two aware moments; zero when `end` is not after `begin`."""
        begin, end = begin.astimezone(UTC), end.astimezone(UTC)
        if end <= begin:
            return timedelta()
        if not self.known:
            return end - begin
        total = timedelta()
        for start, stop in self._open_times(begin, end):
            total += min(stop, end) - max(start, begin)
        return total

    def next_open_after(self, moment: datetime, open_time: timedelta) -> datetime | None:
        """The first moment (UTC) when the team is there and has been for `open_time` since an aware moment.

        None when that isn't reached within `HORIZON` of `moment`. For an alert: it is due then.
        """
        moment = moment.astimezone(UTC)
        if not self.known:
            return moment + open_time
        left = open_time
        for start, end in self._open_times(moment, moment + HORIZON):
            start = max(start, moment)
            if end - start > left:
                due = start + left
                return due if due <= moment + HORIZON else None
            left -= end - start
        return None

    def _open_times(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open times that end after `begin` and start before `end`, all in UTC, in order.

        Those that touch are joined, so that midnight is no closing time.
        """
        joined: tuple[datetime, datetime] | None = None
        for start, stop in self._spans(begin, end):
            if stop <= begin:
                continue
            if joined is None:
                joined = start, stop
            elif start <= joined[1]:
                joined = joined[0], max(joined[1], stop)
            else:
                yield joined
                joined = start, stop
        if joined is not None:
            yield joined

    def _spans(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Spans of the day before `begin` and later that start before `end`, in UTC and in order."""
        day = begin.astimezone(self.zone).date() - _DAY
        while self._instant(day, time.min) < end:
            spans = () if day in self.holidays else self.week[day.weekday()]
            for start, stop in sorted(self._span(day, start, stop) for start, stop in spans):
                if start < stop and start < end:
                    yield start, stop
            day += _DAY

    def _span(self, day: date, start: time, end: time) -> tuple[datetime, datetime]:
        opens = self._instant(day, start)
        if end == time.max:
            return opens, self._instant(day + _DAY, time.min)
        return opens, self._instant(day + _DAY if end <= start else day, end)

    def _instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)
