"""What a member who waits is told about hours."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from bot.catalogue.availability import availability
from bot.catalogue.catalogue import Catalogue
from bot.catalogue.keys import Key
from bot.conversation.hours import Hours
from bot.domain import EN, ES, PT

CATALOGUE = Catalogue.load()
CHILE = ZoneInfo("America/Santiago")
OFFICE = ((time(9), time(18)),)
HOURS = Hours((OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (), ()), CHILE)


def test_in_hours_the_closing_time_is_told() -> None:
    now = datetime(2026, 11, 27, 15, tzinfo=UTC)

    assert availability(CATALOGUE, HOURS.status(now), now, EN) == "The team is here until 6 pm (Chile time)."


def test_on_a_friday_night_monday_is_told() -> None:
    now = datetime(2026, 11, 28, 2, tzinfo=UTC)

    assert availability(CATALOGUE, HOURS.status(now), now, ES, address="usted") == (
        "A esta hora el equipo no está: vuelve el lunes a las 9:00 (hora de Chile)."
        " Si quiere agregar algo, escríbalo y queda guardado."
    )


def test_no_hour_is_invented_where_none_is_known_or_the_team_never_leaves() -> None:
    now = datetime(2026, 11, 28, 2, tzinfo=UTC)
    always = Hours((((time(0), time.max),),) * 7, CHILE)

    for hours in (Hours((), CHILE), always):
        said = availability(CATALOGUE, hours.status(now), now, PT)
        assert said == CATALOGUE.text(Key.WHEN_UNKNOWN, PT)
        assert not any(letter.isdigit() for letter in said)
