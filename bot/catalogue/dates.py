"""Moments, hours and spans of time as people say them in each language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from bot.catalogue.zones import ZONES
from bot.domain import EN, ES, PT, Lang

_WEEKDAYS: Final[Mapping[Lang, tuple[str, ...]]] = {
    ES: ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    EN: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    PT: (
        "segunda-feira",
        "terça-feira",
        "quarta-feira",
        "quinta-feira",
        "sexta-feira",
        "sábado",
        "domingo",
    ),
}
_MONTHS: Final[Mapping[Lang, tuple[str, ...]]] = {
    ES: (
        *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
        *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    ),
    EN: (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    PT: (
        *("janeiro", "fevereiro", "março", "abril", "maio", "junho"),
        *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
    ),
}
_NEAR: Final[Mapping[Lang, Mapping[int, str]]] = {
    ES: {-1: "ayer", 0: "hoy", 1: "mañana"},
    EN: {-1: "yesterday", 0: "today", 1: "tomorrow"},
    PT: {-1: "ontem", 0: "hoje", 1: "amanhã"},
}
_NAMED_DAYS: Final = 6
"""Days ahead that a weekday alone names; the seventh has the same name as today."""


def when(moment: datetime, now: datetime, lang: Lang) -> str:
    """A local moment as said at `now`: "hoy a las 18:00", "on Monday at 9 am", "amanhã às 9h30".

    Days are those of the moment's own time zone. Languages other than es and pt read as en.
    """
    now = now.astimezone(moment.tzinfo)
    lang = _spoken(lang)
    days = (moment.date() - now.date()).days
    near = _NEAR[lang].get(days)
    if near is not None:
        return f"{near} {_at(moment.time(), lang)}"
    if 0 < days <= _NAMED_DAYS:
        return f"{_on_weekday(moment, lang)} {_at(moment.time(), lang)}"
    return _with_date(moment, lang, with_year=moment.year != now.year and abs(days) > 180)


def until(moment: datetime, now: datetime, lang: Lang) -> str:
    """What follows "hasta", "until" or "até", with its zone: "las 18:00 (hora de Chile)", "6 pm".

    A closing time before dawn counts to the day that it ends.
    """
    lang = _spoken(lang)
    local_now = now.astimezone(moment.tzinfo)
    days = (moment.date() - local_now.date()).days
    if days == 1 and moment.time() == time():
        said = {ES: "la medianoche", EN: "midnight", PT: "a meia-noite"}[lang]
    elif days == 0 or (days == 1 and moment.hour < 6 and local_now.hour >= 6):
        said = _clock(moment.time(), lang)
    else:
        said = when(moment, now, lang)
        if lang == EN:
            said = said.removeprefix("on ")
        if lang == PT:
            said = said.removeprefix("na ").removeprefix("no ")
    return _with_zone(said, moment, lang)


def opens(moment: datetime, now: datetime, lang: Lang) -> str:
    """`when`, with its zone: "mañana a las 9:00 (hora de Chile)"."""
    return _with_zone(when(moment, now, lang), moment, _spoken(lang))


def zone(tz: tzinfo, lang: Lang) -> str:
    """A time zone as people name it: "hora de Chile", "Brasília time"; else by its city."""
    key = tz.key if isinstance(tz, ZoneInfo) else str(tz)
    lang = _spoken(lang)
    if key in ZONES:
        return ZONES[key][lang]
    if key == "UTC" or "/" not in key or key.startswith("Etc/"):
        return "UTC" if key in ("UTC", "Etc/UTC") else key
    city = key.rsplit("/", 1)[1].replace("_", " ")
    return {ES: f"hora de {city}", EN: f"{city} time", PT: f"horário de {city}"}[lang]


def duration(span: timedelta, lang: Lang) -> str:
    """A span rounded down to what matters: "12 min", "2 h 5 min", "1 día 4 h"; negative counts as none."""
    lang = _spoken(lang)
    minutes = max(0, int(span.total_seconds() // 60))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        one, many = {ES: ("día", "días"), EN: ("day", "days"), PT: ("dia", "dias")}[lang]
        return f"{days} {one if days == 1 else many}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    if minutes:
        return f"{minutes} min"
    return {ES: "menos de 1 min", EN: "less than 1 min", PT: "menos de 1 min"}[lang]


def span(days: int, lang: Lang) -> str:
    """A number of days in the largest unit that says it exactly: "un año", "6 months", "45 dias"."""
    lang = _spoken(lang)
    for length, (one, many) in _SPANS[lang].items():
        if days % length == 0:
            count = days // length
            return one if count == 1 else f"{count} {many}"
    raise AssertionError("a day is one day long")


def day(moment: date, lang: Lang) -> str:
    """A day with its year: "3 de marzo de 2027", "March 3, 2027"."""
    lang = _spoken(lang)
    month = _MONTHS[lang][moment.month - 1]
    if lang == EN:
        return f"{month} {moment.day}, {moment.year}"
    return f"{moment.day}{'º' if lang == PT and moment.day == 1 else ''} de {month} de {moment.year}"


_SPANS: Final[Mapping[Lang, Mapping[int, tuple[str, str]]]] = {
    ES: {
        365: ("un año", "años"),
        30: ("un mes", "meses"),
        7: ("una semana", "semanas"),
        1: ("un día", "días"),
    },
    EN: {365: ("a year", "years"), 30: ("a month", "months"), 7: ("a week", "weeks"), 1: ("a day", "days")},
    PT: {
        365: ("um ano", "anos"),
        30: ("um mês", "meses"),
        7: ("uma semana", "semanas"),
        1: ("um dia", "dias"),
    },
}
"""Names of spans by their days; a month counts 30, as `config/privacy.yml` is written."""


def _spoken(lang: Lang) -> Lang:
    return lang if lang in (ES, PT) else EN


def _clock(at: time, lang: Lang) -> str:
    """The hour with its article: "las 18:00", "la 1:00"; "6 pm"; "as 18h", "a 1h"."""
    if lang == ES:
        return f"{'la' if at.hour == 1 else 'las'} {at.hour}:{at.minute:02}"
    if lang == PT:
        article = "a" if at.hour in (0, 1) else "as"
        return f"{article} {at.hour}h" + (f"{at.minute:02}" if at.minute else "")
    if (at.hour, at.minute) == (12, 0):
        return "noon"
    half = "am" if at.hour < 12 else "pm"
    return f"{at.hour % 12 or 12}" + (f":{at.minute:02}" if at.minute else "") + f" {half}"


def _at(at: time, lang: Lang) -> str:
    said = _clock(at, lang)
    if lang == PT:
        return "à" + said.removeprefix("a")
    return {ES: "a ", EN: "at "}[lang] + said


def _on_weekday(moment: datetime, lang: Lang) -> str:
    return {ES: "el ", EN: "on ", PT: "na " if moment.weekday() < 5 else "no "}[lang] + _weekday(moment, lang)


def _weekday(moment: datetime, lang: Lang) -> str:
    return _WEEKDAYS[lang][moment.weekday()]


def _with_date(moment: datetime, lang: Lang, *, with_year: bool) -> str:
    on, month, at = _on_weekday(moment, lang), _MONTHS[lang][moment.month - 1], _at(moment.time(), lang)
    if lang == EN:
        return f"{on}, {month} {moment.day}" + (f", {moment.year}," if with_year else "") + f" {at}"
    year = f" de {moment.year}" if with_year else ""
    if lang == PT:
        return f"{on}, {moment.day}{'º' if moment.day == 1 else ''} de {month}{year}, {at}"
    return f"{on} {moment.day} de {month}{year} {at}"


def _with_zone(said: str, moment: datetime, lang: Lang) -> str:
    return said if moment.tzinfo is None else f"{said} ({zone(moment.tzinfo, lang)})"
