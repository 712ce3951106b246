"""All checks: the whole examination, and the quick part that every start makes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import aiohttp

from bot.doctor import database, disk, network, surroundings
from bot.doctor.discord import DiscordExamination
from bot.doctor.finding import Finding, Level, found
from bot.doctor.telegram import TelegramExamination
from bot.settings import Settings

PATIENCE = 8.0
"""Seconds that a platform has to answer."""
_ORDER = {Level.ERROR: 0, Level.WARNING: 1, Level.NOTE: 2}

Look = Callable[[], Iterable[Finding]]


async def examine(
    settings: Settings, environment: Mapping[str, str] = os.environ, *, online: bool = True
) -> list[Finding]:
    """Everything that is not as it should be, the worst first; changes nothing, also beside a running bot.

    `online` asks the platforms and the public address too.
    """
    file = _env_file()
    looks: list[Look] = [
        lambda: surroundings.names(environment, file),
        lambda: surroundings.env_file(file),
        lambda: surroundings.process(settings),
        lambda: disk.folders(settings),
        lambda: disk.room(settings),
        lambda: disk.brand(settings),
        lambda: disk.controller(settings),
        lambda: disk.model(settings),
        lambda: disk.backups(settings),
        lambda: network.port(settings),
        lambda: network.addresses(settings),
        lambda: network.staff(settings),
    ]
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        works: list[Callable[[], Awaitable[list[Finding]]]] = [
            *(partial(_in_a_thread, look) for look in looks),
            lambda: database.database(settings, deep=True),
        ]
        if online:
            works += [
                TelegramExamination(settings, session).run,
                DiscordExamination(settings, session).run,
                lambda: network.outside(settings, session),
            ]
        results = await asyncio.gather(*(_safely(work) for work in works))
    return in_order(finding for result in results for finding in result)


async def examine_quickly(settings: Settings, environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """What a start looks at: nothing that takes time, needs the network, or is said by the start itself."""
    file = _env_file()
    looks: list[Look] = [
        lambda: surroundings.names(environment, file),
        lambda: surroundings.env_file(file),
        lambda: surroundings.process(settings),
        lambda: disk.folders(settings),
        lambda: disk.room(settings),
        lambda: disk.backups(settings),
        lambda: network.addresses(settings),
    ]
    results = [await _safely(partial(_in_a_thread, look)) for look in looks]
    return [one for one in in_order(f for result in results for f in result) if one.level is not Level.NOTE]


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then warnings, then notes; each as it was found."""
    return sorted(findings, key=lambda finding: _ORDER[finding.level])


def _env_file() -> Path | None:
    name = Settings.model_config.get("env_file")
    return Path(str(name)) if name else None


async def _in_a_thread(look: Look) -> list[Finding]:
    return await asyncio.to_thread(lambda: list(look()))


async def _safely(work: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
    """One check's own trouble must not hide what the others found."""
    try:
        return await work()
    except Exception as error:  # whatever it is, it is told, without values that might be secret
        return [found("doctor_failed", problem=type(error).__name__)]
