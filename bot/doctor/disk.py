"""The data folder and the brand's files: there, ours to write, with room left."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bot.doctor.finding import Finding, found
from bot.settings import Settings

INODES = 0.02
"""Share of the file system's files that should be left."""

SAMPLES = frozenset({"Mi Marca", "My Brand", "privacidad@mimarca.example", "privacy@mybrand.example"})
"""Who answers for the data in the files that `vocero init` makes, and how they would be reached."""


def folders(settings: Settings) -> Iterator[Finding]:
    """Whether the process can keep the database, members' files and trained models."""
    problem = _cannot_write(settings.data)
    if problem:
        yield found("data_not_writable", path=settings.data, problem=problem)
        return
    for check, folder in (("files_not_writable", settings.files), ("models_not_writable", settings.models)):
        if problem := _cannot_write(folder):
            yield found(check, path=folder, problem=problem)
    if os.name == "posix" and settings.data.exists() and settings.data.stat().st_mode & 0o077:
        mode = f"{settings.data.stat().st_mode & 0o777:o}"
        yield found("data_open_to_others", path=settings.data, mode=mode)


def room(settings: Settings) -> Iterator[Finding]:
    """How much space and how many files are left where the data folder is."""
    folder = _there(settings.data)
    if not hasattr(os, "statvfs"):
        return
    left = os.statvfs(folder)
    free = left.f_bavail * left.f_frsize // 2**20
    if free < settings.disk_critical_mb:
        yield found("disk_full", path=folder, free=free, least=settings.disk_critical_mb)
    elif free < settings.disk_low_mb:
        yield found("disk_low", path=folder, free=free, least=settings.disk_low_mb)
    if left.f_files and left.f_favail < left.f_files * INODES:
        yield found("disk_inodes", path=folder, free=left.f_favail)


def brand(settings: Settings) -> Iterator[Finding]:
    """Whether the brand's files pass the check."""
    from bot.knowledge.load import check

    home = settings.home
    if not (home / "faq").is_dir() and not (home / "config").is_dir():
        yield found("brand_missing", path=home.resolve())
        return
    errors = [problem for problem in check(home).problems if problem.level == "error"]
    if errors:
        yield found("brand_errors", count=len(errors), first=errors[0].render(settings.lang))


def controller(settings: Settings) -> Iterator[Finding]:
    """Whether `privacy.yml` names who answers for the data, or still the one that `vocero init` put there."""
    from bot.knowledge.load import check

    knowledge = check(settings.home).knowledge
    if knowledge is None or knowledge.brand.fictitious:
        return
    privacy = knowledge.privacy
    if privacy.controller in SAMPLES or privacy.contact in SAMPLES:
        yield found("privacy_sample", name=privacy.controller, contact=privacy.contact)


def model(settings: Settings) -> Iterator[Finding]:
    """Whether the questions as they stand have been learnt."""
    from bot.knowledge.compile import examples
    from bot.knowledge.load import check
    from nlu.modelfile import is_whole
    from nlu.train import version_of

    knowledge = check(settings.home).knowledge
    if knowledge is not None and not is_whole(settings.models / version_of(examples(knowledge), 0)):
        yield found("model_untrained")


def backups(settings: Settings) -> Iterator[Finding]:
    """Whether the newest backup is young enough, where a folder for them is set."""
    if not settings.backups:
        return
    folder = Path(settings.backups)
    try:
        newest = max((path.stat().st_mtime for path in folder.iterdir() if path.is_file()), default=None)
    except OSError:
        newest = None
    if newest is None:
        yield found("backup_none", path=folder)
        return
    days = (datetime.now(UTC).timestamp() - newest) / 86_400
    if days > settings.backup_days:
        yield found("backup_old", path=folder, days=int(days), most=settings.backup_days)


def _cannot_write(folder: Path) -> str:
    """Why a file cannot be made in a folder, or the folder itself where it is missing; '' if it can."""
    try:
        with tempfile.TemporaryFile(dir=_there(folder)):
            pass
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def _there(path: Path) -> Path:
    """The path itself, or the nearest above it that exists."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
