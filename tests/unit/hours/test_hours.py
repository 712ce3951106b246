"""Opening hours: what a member is told, and how long a case has waited while somebody was there."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.hours import HORIZON, Closed, Hours, Open

CHILE = ZoneInfo("America/Santiago")
LIMA = ZoneInfo("America/Lima")  # no daylight saving time since 1994
NEW_YORK = ZoneInfo("America/New_York")

OFFICE = ((time(9), time(18)),)
OFFICE_WEEK = (OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (), ())
CLOSED: tuple[tuple[time, time], ...] = ()


def at(zone: ZoneInfo, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=zone, fold=fold)  # type: ignore[arg-type, misc] # mypy cannot count the parts


def days(*pairs: tuple[int, tuple[tuple[time, time], ...]]) -> tuple[tuple[tuple[time, time], ...], ...]:
    return tuple(dict(pairs).get(day, CLOSED) for day in range(7))


def test_within_hours_the_team_is_there_until_the_end_of_the_span() -> None:
    hours = Hours(OFFICE_WEEK, LIMA)

    status = hours.status(at(LIMA, 2026, 11, 25, 10, 30).astimezone(UTC))

    assert status == Open(at(LIMA, 2026, 11, 25, 18))
    assert isinstance(status, Open)
    assert status.until is not None
    assert status.until.tzinfo is LIMA


def test_a_span_holds_its_start_and_not_its_end() -> None:
    hours = Hours(OFFICE_WEEK, LIMA)

    assert hours.status(at(LIMA, 2026, 11, 25, 9)) == Open(at(LIMA, 2026, 11, 25, 18))
    assert hours.status(at(LIMA, 2026, 11, 25, 18)) == Closed(at(LIMA, 2026, 11, 26, 9))


def test_on_friday_night_the_team_is_back_on_monday() -> None:
    hours = Hours(OFFICE_WEEK, LIMA)

    assert hours.status(at(LIMA, 2026, 11, 27, 20)) == Closed(at(LIMA, 2026, 11, 30, 9))


def test_a_holiday_is_skipped() -> None:
    hours = Hours(OFFICE_WEEK, LIMA, frozenset({date(2026, 11, 30), date(2026, 12, 1)}))

    assert hours.status(at(LIMA, 2026, 11, 30, 10)) == Closed(at(LIMA, 2026, 12, 2, 9))


def test_a_lunch_break_closes_and_opens_again_the_same_day() -> None:
    hours = Hours(days((0, ((time(14), time(18)), (time(9), time(13))))), LIMA)

    assert hours.status(at(LIMA, 2026, 11, 23, 12)) == Open(at(LIMA, 2026, 11, 23, 13))
    assert hours.status(at(LIMA, 2026, 11, 23, 13, 30)) == Closed(at(LIMA, 2026, 11, 23, 14))


def test_midnight_is_no_closing_time_between_spans_that_touch() -> None:
    hours = Hours(days((4, ((time(18), time.max),)), (5, ((time(0), time(2)),))), LIMA)

    assert hours.status(at(LIMA, 2026, 11, 27, 23)) == Open(at(LIMA, 2026, 11, 28, 2))


def test_a_span_that_ends_before_its_start_ends_on_the_next_day() -> None:
    hours = Hours(days((4, ((time(20), time(2)),))), LIMA)

    assert hours.status(at(LIMA, 2026, 11, 28, 1, 59)) == Open(at(LIMA, 2026, 11, 28, 2))
    assert hours.status(at(LIMA, 2026, 11, 28, 2)) == Closed(at(LIMA, 2026, 12, 4, 20))


def test_a_night_belongs_to_the_day_on_which_it_starts() -> None:
    friday_night = days((4, ((time(20), time(2)),)))

    assert Hours(friday_night, LIMA, frozenset({date(2026, 11, 28)})).status(
        at(LIMA, 2026, 11, 28, 1)
    ) == Open(at(LIMA, 2026, 11, 28, 2))
    assert Hours(friday_night, LIMA, frozenset({date(2026, 11, 27)})).status(
        at(LIMA, 2026, 11, 28, 1)
    ) == Closed(at(LIMA, 2026, 12, 4, 20))


def test_a_team_that_is_always_there_has_no_closing_time() -> None:
    always = Hours((((time(0), time.max),),) * 7, CHILE)

    assert always.status(at(CHILE, 2026, 11, 25, 3)) == Open(None)


def test_a_closing_beyond_the_horizon_is_not_told_and_an_opening_neither() -> None:
    now = at(LIMA, 2026, 11, 25, 12)
    far = frozenset(date(2026, 11, 20) + timedelta(days=n) for n in range(100))

    assert Hours(OFFICE_WEEK, LIMA, far).status(now) == Closed(None)


def test_unknown_hours_promise_nothing_and_silence_no_alert() -> None:
    unknown = Hours((), LIMA)
    asked = at(LIMA, 2026, 11, 25, 3).astimezone(UTC)

    assert not unknown.known
    assert unknown.status(asked) == Closed(None)
    assert unknown.elapsed_open(asked, asked + timedelta(hours=5)) == timedelta(hours=5)
    assert unknown.next_open_after(asked, timedelta(minutes=15)) == asked + timedelta(minutes=15)


def test_a_week_has_seven_days() -> None:
    with pytest.raises(ValueError, match="7 days"):
        Hours((OFFICE,), LIMA)


def test_an_alert_due_after_closing_waits_for_the_morning() -> None:
    hours = Hours(OFFICE_WEEK, LIMA)
    friday_late = at(LIMA, 2026, 11, 27, 17, 50)

    due = hours.next_open_after(friday_late, timedelta(minutes=15))

    assert due == at(LIMA, 2026, 11, 30, 9, 5)
    assert hours.elapsed_open(friday_late, at(LIMA, 2026, 11, 30, 9, 5)) == timedelta(minutes=15)


def test_an_alert_due_at_closing_time_sounds_when_somebody_is_back() -> None:
    hours = Hours(OFFICE_WEEK, LIMA)

    assert hours.next_open_after(at(LIMA, 2026, 11, 25, 17, 45), timedelta(minutes=15)) == at(
        LIMA, 2026, 11, 26, 9
    )


def test_no_open_time_passes_overnight_or_backwards() -> None:
    hours = Hours(OFFICE_WEEK, LIMA)
    evening, morning = at(LIMA, 2026, 11, 25, 19), at(LIMA, 2026, 11, 26, 8)

    assert hours.elapsed_open(evening, morning) == timedelta()
    assert hours.elapsed_open(morning, evening) == timedelta()


# Chile's clocks go from Saturday 24:00 to Sunday 1:00 in September, and back from 24:00 to 23:00 in April.


def test_the_hour_that_the_clocks_skip_is_not_open_time() -> None:
    always = Hours((((time(0), time.max),),) * 7, CHILE)
    midnights = at(CHILE, 2026, 9, 5), at(CHILE, 2026, 9, 7)

    assert always.elapsed_open(*midnights) == timedelta(hours=47)


def test_the_hour_that_comes_twice_counts_twice() -> None:
    saturday = Hours(days((5, ((time(22), time.max),))), CHILE)

    assert saturday.elapsed_open(at(CHILE, 2026, 4, 4, 12), at(CHILE, 2026, 4, 5, 12)) == timedelta(hours=3)
    assert saturday.status(at(CHILE, 2026, 4, 4, 23, 30, fold=1)) == Open(at(CHILE, 2026, 4, 5))


def test_a_closing_time_that_comes_twice_is_the_first() -> None:
    saturday = Hours(days((5, ((time(22), time(23, 30)),))), CHILE)

    assert saturday.elapsed_open(at(CHILE, 2026, 4, 4, 12), at(CHILE, 2026, 4, 5, 12)) == timedelta(
        minutes=90
    )


def test_an_opening_that_the_clocks_skip_is_moved_by_the_gap() -> None:
    sunday = Hours(days((6, ((time(2, 30), time(5)),))), NEW_YORK)

    status = sunday.status(at(NEW_YORK, 2026, 3, 8, 1))

    assert status == Closed(at(NEW_YORK, 2026, 3, 8, 3, 30))


def test_a_span_that_the_clocks_skip_leaves_no_open_time() -> None:
    sunday = Hours(days((6, ((time(2, 30), time(3)),))), NEW_YORK)

    assert sunday.elapsed_open(at(NEW_YORK, 2026, 3, 8), at(NEW_YORK, 2026, 3, 9)) == timedelta()


def test_the_office_opens_at_nine_on_both_sides_of_a_change() -> None:
    hours = Hours((OFFICE,) * 7, CHILE)

    assert hours.status(at(CHILE, 2026, 9, 5, 20)) == Closed(at(CHILE, 2026, 9, 6, 9))
    assert hours.elapsed_open(at(CHILE, 2026, 9, 5, 20), at(CHILE, 2026, 9, 6, 20)) == timedelta(hours=9)


# Properties. The oracle is the wall clock itself: the team is there when its hands stand within a span.

clock_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
spans = st.tuples(clock_times, clock_times | st.just(time.max))
weeks = st.lists(st.lists(spans, max_size=3), min_size=7, max_size=7)
moments = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
zones = st.sampled_from([LIMA, ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC")])
holidays = st.frozensets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=30)


def wall_clock_says_open(hours: Hours, moment: datetime) -> bool:
    local = moment.astimezone(hours.zone)
    today, hand = local.date(), local.time()
    yesterday = today - timedelta(days=1)

    def on(day: date) -> list[tuple[time, time]]:
        return [] if day in hours.holidays else list(hours.week[day.weekday()])

    return any((start <= hand < end) if start < end else start <= hand for start, end in on(today)) or any(
        end <= start and hand < end for start, end in on(yesterday) if end != time.max
    )


@given(weeks, zones, holidays, moments)
def test_status_agrees_with_the_wall_clock(
    week: list[list[tuple[time, time]]], zone: ZoneInfo, off: frozenset[date], moment: datetime
) -> None:
    hours = Hours(week, zone, off)

    status = hours.status(moment)

    assert isinstance(status, Open) == wall_clock_says_open(hours, moment)


@given(weeks, zones, holidays, moments)
def test_a_change_is_told_at_the_minute_at_which_it_happens(
    week: list[list[tuple[time, time]]], zone: ZoneInfo, off: frozenset[date], moment: datetime
) -> None:
    hours = Hours(week, zone, off)

    status = hours.status(moment)

    change = status.until if isinstance(status, Open) else status.opens
    is_open = isinstance(status, Open)
    if change is None:
        samples = (moment + timedelta(minutes=15 * n) for n in range(0, 60 * 96, 7))
        assert all(wall_clock_says_open(hours, sample) is is_open for sample in samples)
    else:
        assert moment < change <= moment + HORIZON
        assert wall_clock_says_open(hours, change) is not is_open
        assert wall_clock_says_open(hours, change.astimezone(UTC) - timedelta(minutes=1)) is is_open


@given(weeks, zones, holidays, moments, st.integers(0, 72))
@settings(max_examples=50)
def test_open_time_is_the_minutes_that_the_wall_clock_counts(
    week: list[list[tuple[time, time]]], zone: ZoneInfo, off: frozenset[date], begin: datetime, length: int
) -> None:
    hours = Hours(week, zone, off)
    begin = begin.replace(minute=0)
    quarters = [begin + timedelta(minutes=15 * n) for n in range(length * 4)]

    elapsed = hours.elapsed_open(begin, begin + timedelta(hours=length))

    expected = sum(wall_clock_says_open(hours, quarter) for quarter in quarters)
    assert elapsed == timedelta(minutes=15 * (expected if hours.known else len(quarters)))


@given(weeks, st.sampled_from([LIMA, CHILE, NEW_YORK]), holidays, moments, st.integers(0, 5_000))
def test_an_alert_is_due_exactly_after_its_open_time_while_somebody_is_there(
    week: list[list[tuple[time, time]]],
    zone: ZoneInfo,
    off: frozenset[date],
    moment: datetime,
    minutes: int,
) -> None:
    hours = Hours(week, zone, off)
    wanted = timedelta(minutes=minutes)

    due = hours.next_open_after(moment, wanted)

    if due is None:
        assert hours.elapsed_open(moment, moment + HORIZON) <= wanted
    else:
        assert hours.elapsed_open(moment, due) == wanted
        assert not hours.known or isinstance(hours.status(due), Open)


@given(
    weeks, st.sampled_from([LIMA, CHILE, NEW_YORK]), moments, st.integers(0, 10_000), st.integers(0, 10_000)
)
def test_open_time_adds_up(
    week: list[list[tuple[time, time]]], zone: ZoneInfo, begin: datetime, first: int, second: int
) -> None:
    hours = Hours(week, zone)
    middle = begin + timedelta(minutes=first)
    end = middle + timedelta(minutes=second)

    whole = hours.elapsed_open(begin, end)

    assert whole == hours.elapsed_open(begin, middle) + hours.elapsed_open(middle, end)
    assert timedelta() <= whole <= end - begin
