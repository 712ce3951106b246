"""Moments and spans as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.catalogue.catalogue import Catalogue
from bot.catalogue.dates import duration, opens, until, when, zone
from bot.catalogue.keys import Key
from bot.catalogue.zones import ZONES
from bot.domain import EN, ES, PT, Lang

CHILE = ZoneInfo("America/Santiago")
WEDNESDAY = datetime(2026, 11, 25, 10, 30, tzinfo=CHILE)


def local(day: int, hour: int, minute: int = 0, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=CHILE)


@pytest.mark.parametrize(
    ("moment", "es", "en", "pt"),
    [
        (local(25, 18), "hoy a las 18:00", "today at 6 pm", "hoje às 18h"),
        (local(26, 9), "mañana a las 9:00", "tomorrow at 9 am", "amanhã às 9h"),
        (local(26, 9, 30), "mañana a las 9:30", "tomorrow at 9:30 am", "amanhã às 9h30"),
        (local(26, 13, 5), "mañana a las 13:05", "tomorrow at 1:05 pm", "amanhã às 13h05"),
        (local(26, 1), "mañana a la 1:00", "tomorrow at 1 am", "amanhã à 1h"),
        (local(26, 12), "mañana a las 12:00", "tomorrow at noon", "amanhã às 12h"),
        (local(26, 0, 30), "mañana a las 0:30", "tomorrow at 12:30 am", "amanhã à 0h30"),
        (local(24, 8), "ayer a las 8:00", "yesterday at 8 am", "ontem às 8h"),
        (local(30, 9), "el lunes a las 9:00", "on Monday at 9 am", "na segunda-feira às 9h"),
        (local(28, 9), "el sábado a las 9:00", "on Saturday at 9 am", "no sábado às 9h"),
        (
            local(2, 9, month=12),
            "el miércoles 2 de diciembre a las 9:00",
            "on Wednesday, December 2 at 9 am",
            "na quarta-feira, 2 de dezembro, às 9h",
        ),
        (
            local(1, 9, month=1, year=2027),
            "el viernes 1 de enero a las 9:00",
            "on Friday, January 1 at 9 am",
            "na sexta-feira, 1º de janeiro, às 9h",
        ),
        (
            local(25, 9, month=11, year=2027),
            "el jueves 25 de noviembre de 2027 a las 9:00",
            "on Thursday, November 25, 2027, at 9 am",
            "na quinta-feira, 25 de novembro de 2027, às 9h",
        ),
        (
            local(20, 9),
            "el viernes 20 de noviembre a las 9:00",
            "on Friday, November 20 at 9 am",
            "na sexta-feira, 20 de novembro, às 9h",
        ),
    ],
)
def test_a_moment_is_named_by_the_nearest_day(moment: datetime, es: str, en: str, pt: str) -> None:
    assert when(moment, WEDNESDAY, ES) == es
    assert when(moment, WEDNESDAY, EN) == en
    assert when(moment, WEDNESDAY, PT) == pt


def test_today_is_the_day_of_the_brand_and_not_of_the_server() -> None:
    # 1:00 UTC on Thursday is 22:00 on Wednesday in Chile.
    now = datetime(2026, 11, 26, 1, tzinfo=UTC)

    assert when(local(26, 9), now, ES) == "mañana a las 9:00"


@pytest.mark.parametrize(
    ("moment", "es", "en", "pt"),
    [
        (local(25, 18), "las 18:00", "6 pm", "as 18h"),
        (local(26, 0), "la medianoche", "midnight", "a meia-noite"),
        (local(26, 2), "las 2:00", "2 am", "as 2h"),
        (local(26, 18), "mañana a las 18:00", "tomorrow at 6 pm", "amanhã às 18h"),
        (local(30, 1), "el lunes a la 1:00", "Monday at 1 am", "segunda-feira à 1h"),
        (local(28, 20), "el sábado a las 20:00", "Saturday at 8 pm", "sábado às 20h"),
    ],
)
def test_a_closing_time_carries_its_zone(moment: datetime, es: str, en: str, pt: str) -> None:
    assert until(moment, WEDNESDAY, ES) == f"{es} (hora de Chile)"
    assert until(moment, WEDNESDAY, EN) == f"{en} (Chile time)"
    assert until(moment, WEDNESDAY, PT) == f"{pt} (horário do Chile)"


def test_before_dawn_a_closing_time_of_the_same_day_needs_no_day() -> None:
    assert until(local(25, 2), local(25, 0, 30), ES) == "las 2:00 (hora de Chile)"
    assert until(local(26, 2), local(25, 0, 30), ES) == "mañana a las 2:00 (hora de Chile)"


def test_hours_read_well_within_their_sentences() -> None:
    catalogue = Catalogue.load()
    closing, opening = local(25, 18), local(30, 9)

    assert catalogue.text(Key.WHEN_OPEN, ES, until=until(closing, WEDNESDAY, ES)) == (
        "El equipo está atendiendo hasta las 18:00 (hora de Chile)."
    )
    assert catalogue.text(Key.WHEN_OPEN, EN, until=until(closing, WEDNESDAY, EN)) == (
        "The team is here until 6 pm (Chile time)."
    )
    assert "vuelve el lunes a las 9:00 (hora de Chile)." in catalogue.text(
        Key.WHEN_CLOSED, ES, opens=opens(opening, WEDNESDAY, ES)
    )
    assert "will be back on Monday at 9 am (Chile time)." in catalogue.text(
        Key.WHEN_CLOSED, EN, opens=opens(opening, WEDNESDAY, EN)
    )
    assert "volta na segunda-feira às 9h (horário do Chile)." in catalogue.text(
        Key.WHEN_CLOSED, PT, opens=opens(opening, WEDNESDAY, PT)
    )


@pytest.mark.parametrize(
    ("key", "es", "en", "pt"),
    [
        ("America/Argentina/Cordoba", "hora de Argentina", "Argentina time", "horário da Argentina"),
        ("America/Sao_Paulo", "hora de Brasilia", "Brasília time", "horário de Brasília"),
        (
            "Europe/Madrid",
            "hora peninsular de España",
            "mainland Spain time",
            "horário da Espanha peninsular",
        ),
        ("America/Port_of_Spain", "hora de Port of Spain", "Port of Spain time", "horário de Port of Spain"),
        ("UTC", "UTC", "UTC", "UTC"),
        ("Etc/UTC", "UTC", "UTC", "UTC"),
    ],
)
def test_a_zone_is_named_as_people_do(key: str, es: str, en: str, pt: str) -> None:
    assert [zone(ZoneInfo(key), lang) for lang in (ES, EN, PT)] == [es, en, pt]


def test_a_language_that_we_do_not_speak_reads_english() -> None:
    assert when(local(26, 9), WEDNESDAY, Lang("fr")) == "tomorrow at 9 am"


def test_every_named_zone_exists() -> None:
    for key in ZONES:
        assert ZoneInfo(key).key == key


@pytest.mark.parametrize(
    ("span", "es", "en", "pt"),
    [
        (timedelta(seconds=-5), "menos de 1 min", "less than 1 min", "menos de 1 min"),
        (timedelta(seconds=59), "menos de 1 min", "less than 1 min", "menos de 1 min"),
        (timedelta(minutes=12, seconds=40), "12 min", "12 min", "12 min"),
        (timedelta(hours=2), "2 h", "2 h", "2 h"),
        (timedelta(hours=2, minutes=5), "2 h 5 min", "2 h 5 min", "2 h 5 min"),
        (timedelta(days=1, hours=4, minutes=9), "1 día 4 h", "1 day 4 h", "1 dia 4 h"),
        (timedelta(days=3), "3 días", "3 days", "3 dias"),
    ],
)
def test_a_span_is_told_as_exactly_as_it_matters(span: timedelta, es: str, en: str, pt: str) -> None:
    assert [duration(span, lang) for lang in (ES, EN, PT)] == [es, en, pt]
