"""`vocero faq check`, `test` and `publish`: whether the files are sound, answer, and are in force."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.ask import open_mind
from bot.cli.cli import Cli
from bot.cli.help import UsageMistake, no_command

if TYPE_CHECKING:
    from bot.cli.trial import Tally, Verdict
    from bot.knowledge.model import Case
    from bot.knowledge.problem import Problem
    from bot.settings import Settings


def add(app: typer.Typer, cli: Cli) -> None:
    """Add the commands."""
    words = cli.words
    group = cli.app("faq")

    @group.callback(invoke_without_command=True)
    def start(context: typer.Context) -> None:
        no_command(context)

    @group.command("check", help=words("faq.check.help"), cls=cli.command)
    def check(
        path: Annotated[
            Path | None, typer.Argument(metavar=words("meta.path"), help=words("faq.check.path"))
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help=words("faq.check.json"))] = False,
        github: Annotated[bool, typer.Option("--github", help=words("faq.check.github"))] = False,
    ) -> None:
        if as_json and github:
            raise UsageMistake(words("usage.not_both", one="--json", other="--github"))
        raise typer.Exit(_check(cli, path, "json" if as_json else "github" if github else "text"))

    @group.command("test", help=words("faq.test.help"), cls=cli.command)
    def test(
        as_json: Annotated[bool, typer.Option("--json", help=words("option.json"))] = False,
        least: Annotated[
            float, typer.Option("--min", metavar=words("meta.percent"), help=words("faq.test.min"))
        ] = 95.0,
        most_wrong: Annotated[
            float,
            typer.Option("--max-wrong", metavar=words("meta.percent"), help=words("faq.test.max_wrong")),
        ] = 3.0,
        only: Annotated[
            str, typer.Option("--only", metavar=words("meta.part"), help=words("faq.test.only"))
        ] = "",
        quiet: Annotated[bool, typer.Option("--quiet", help=words("faq.test.quiet"))] = False,
        home: Annotated[
            Path | None, typer.Option("--home", metavar=words("meta.dir"), help=words("option.home"))
        ] = None,
    ) -> None:
        cli.quiet()
        settings = cli.settings(home=home)
        if not cli.output.plain:
            cli.output.note(words("faq.test.training"))
        verdicts = asyncio.run(_try_all(cli, settings, only))
        passes = _passes(verdicts, least, most_wrong)
        if as_json:
            cli.output.line(_as_json(verdicts, passes=passes, quiet=quiet))
        else:
            _show(cli, verdicts, quiet=quiet)
            goal = words("faq.test.goal", min=f"{least:g}", max=f"{most_wrong:g}")
            cli.output.line(words("faq.test.passed" if passes else "faq.test.failed") + " " + goal)
        raise typer.Exit(0 if passes else 1)

    @group.command("publish", help=words("faq.publish.help"), cls=cli.command)
    def publish(
        home: Annotated[
            Path | None, typer.Option("--home", metavar=words("meta.dir"), help=words("option.home"))
        ] = None,
        data: Annotated[
            Path | None, typer.Option("--data", metavar=words("meta.dir"), help=words("option.data"))
        ] = None,
    ) -> None:
        cli.quiet()
        settings = cli.settings(home=home, data=data)
        code = _check(cli, settings.home, "text")
        if code == 0:
            asyncio.run(_publish(settings))
            cli.output.line(words("faq.publish.done"))
        raise typer.Exit(code)

    app.add_typer(group)


async def _publish(settings: "Settings") -> None:
    """Leave word for the process that runs on this database; it looks every second."""
    from bot.store import timers
    from bot.store.engine import Store

    async with Store.open(settings.database) as store:
        now = datetime.now(UTC)
        await store.write(lambda connection: timers.set_timer(connection, timers.PUBLISH_TIMER, now))


def _check(cli: Cli, path: Path | None, form: str) -> int:
    from bot.knowledge.load import check

    words, output = cli.words, cli.output
    root, only = _root(cli, path)
    checked = check(root)
    problems = [problem for problem in checked.problems if not only or problem.at.path == only]
    for problem in problems:
        output.line(_line(problem, form, words.lang))
    errors = sum(problem.level == "error" for problem in problems)
    if form == "text":
        warnings = len(problems) - errors
        found = f"{words.count('faq.check.errors', errors)}, {words.count('faq.check.warnings', warnings)}."
        if checked.knowledge is not None and not only:
            entries = words.count("faq.check.entries", len(checked.knowledge.entries))
            found = f"{words('faq.check.fine', entries=entries, version=checked.version)} {found}"
        elif only and errors == 0 and checked.knowledge is None:
            found = f"{found} {words('faq.check.elsewhere')}"
        output.line(found)
    return 1 if errors else 0


def _line(problem: "Problem", form: str, lang: str) -> str:
    if form == "json":
        return problem.as_json(lang)
    return problem.as_github(lang) if form == "github" else problem.render(lang)


def _root(cli: Cli, path: Path | None) -> tuple[Path, str]:
    """The instance's folder, and the one file of it that is asked about, if one is."""
    if path is None:
        path = cli.settings().home
    if not path.exists():
        raise UsageMistake(cli.words("usage.no_such_path", path=path))
    whole = path.resolve()
    for folder in (whole, *whole.parents):
        if folder.name in ("faq", "config") and (folder.parent / "faq").is_dir():
            only = whole.relative_to(folder.parent).as_posix() if whole.is_file() else ""
            return folder.parent, only
    if not (whole / "faq").is_dir() and not (whole / "config").is_dir():
        raise UsageMistake(cli.words("usage.no_faq", path=path))
    return path, ""


async def _try_all(cli: Cli, settings: "Settings", only: str) -> list["Verdict"]:
    """Rehearse every case whose file's path has `only` in it."""
    from bot.cli.trial import judge
    from bot.pipeline.rehearsal import rehearse

    mind = await open_mind(cli, settings)
    cases = [case for case in mind.voice.knowledge.cases if only in case.at.path]
    if not cases:
        raise UsageMistake(cli.words("faq.test.none_of", only=only) if only else cli.words("faq.test.none"))
    now = datetime.now(UTC)
    verdicts = []
    with cli.output.progress(cli.words("faq.test.progress"), len(cases)) as advance:
        for case in cases:
            rehearsed = await rehearse(case.text, mind, now)
            heard = rehearsed.reading.understanding
            verdicts.append(judge(case, rehearsed.decision, heard.confidence if heard else 0.0))
            advance(1)
    return verdicts


def _passes(verdicts: list["Verdict"], least: float, most_wrong: float) -> bool:
    """Whether in-scope and out-of-scope cases keep both limits; a group without cases does not count."""
    from bot.cli.trial import Group, by_group

    groups = by_group(verdicts)
    right = groups[Group.IN_SCOPE].share_right if Group.IN_SCOPE in groups else None
    wrong = groups[Group.OUT_OF_SCOPE].share_answered if Group.OUT_OF_SCOPE in groups else None
    return (right is None or right >= least) and (wrong is None or wrong <= most_wrong)


def _show(cli: Cli, verdicts: list["Verdict"], *, quiet: bool) -> None:
    from bot.cli.trial import by_file, by_group

    words, output = cli.words, cli.output
    wrong = [one for one in verdicts if not one.right]
    if wrong and not quiet:
        for one in wrong:
            output.line(
                words(
                    "faq.test.failure",
                    at=_at(one.case),
                    text=one.case.text,
                    expected=one.case.expected,
                    got=one.got,
                    confidence=f"{one.confidence:.2f}",
                )
            )
        output.line()
    output.table(
        (words("faq.test.group"), *_heads(cli)),
        [
            (words(f"faq.test.groups.{group.value}"), *_cells(count))
            for group, count in by_group(verdicts).items()
        ],
        right=(1, 2, 3, 4),
    )
    if not quiet:
        output.line()
        output.table(
            (words("faq.test.file"), *_heads(cli)),
            [(path, *_cells(count)) for path, count in by_file(verdicts).items()],
            right=(1, 2, 3, 4),
        )


def _heads(cli: Cli) -> tuple[str, ...]:
    return tuple(cli.words(f"faq.test.{name}") for name in ("cases", "right", "share", "answered"))


def _cells(count: "Tally") -> tuple[str, ...]:
    return str(count.total), str(count.right), _percent(count.share_right), _percent(count.share_answered)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1f} %"


def _at(case: "Case") -> str:
    return f"{case.at.path}:{case.at.line}"


def _as_json(verdicts: list["Verdict"], *, passes: bool, quiet: bool) -> str:
    from bot.cli.trial import by_file, by_group

    def counted(count: "Tally") -> dict[str, float | int | None]:
        return {
            "cases": count.total,
            "right": count.right,
            "right_percent": None if count.share_right is None else round(count.share_right, 2),
            "answered": count.answered,
            "answered_percent": None if count.share_answered is None else round(count.share_answered, 2),
        }

    document: dict[str, object] = {
        "passes": passes,
        "groups": {group.value: counted(count) for group, count in by_group(verdicts).items()},
        "files": {path: counted(count) for path, count in by_file(verdicts).items()},
    }
    if not quiet:
        document["failures"] = [
            {
                "at": _at(one.case),
                "text": one.case.text,
                "expected": one.case.expected,
                "got": one.got,
                "confidence": round(one.confidence, 4),
            }
            for one in verdicts
            if not one.right
        ]
    return json.dumps(document, ensure_ascii=False, indent=2)
