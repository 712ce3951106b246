"""The doctor finds each planted fault and says how to mend it, and finds nothing in the healthy."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.cli.init import starter
from bot.cli.words import Words
from bot.doctor import CHECKS, Finding, Level, examine, examine_quickly
from bot.settings import Settings, read
from tests.fakes.databases import databases, on_both, outside
from tests.fakes.discord import BOT_RIGHTS, EVERYONE, FakeDiscord, Intent, Right
from tests.fakes.discord.model import Overwrite
from tests.fakes.discord.servers import Server
from tests.fakes.house.inprocess import STAFF_CHAT, open_house, settings_of
from tests.fakes.house.shop import write_shop
from tests.fakes.telegram import FakeTelegram, Group
from tests.integration.cli.conftest import ROOT, command_in

TOKEN = "110201543:AAF-another-invented-token-0000000000"
BOTH = ("es", "en")


@dataclass
class Instance:
    """An instance that is well, until a fault is planted in it."""

    home: Path
    data: Path
    fake: FakeTelegram
    staff: Group
    discord: FakeDiscord
    server: Server
    given: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return read(**self.given)

    async def examined(self) -> list[Finding]:
        return await examine(self.settings, self.environment)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's files in `home`, learnt and stored in `data`, as a bot leaves them that has run."""
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder / "home")

    async def run() -> None:
        async with open_house(folder, home=folder / "home", database_url=""):
            pass

    asyncio.run(run())
    return folder


@pytest.fixture
async def instance(tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Instance]:
    """The shop's bot has run once; now it stands still."""
    shutil.copytree(shop, tmp_path, dirs_exist_ok=True, symlinks=True)
    home = tmp_path / "home"
    env = home / ".env"
    env.write_text("# ours\nVOCERO_LANG=es\n", encoding="utf-8")
    env.chmod(0o600)
    monkeypatch.setitem(Settings.model_config, "env_file", str(env))
    async with FakeTelegram() as fake, FakeDiscord() as discord:
        fake.group(STAFF_CHAT, "Equipo")
        server = discord.guild("Librería")
        more = {
            "discord_token": discord.token,
            "discord_api_url": discord.api_url,
            "discord_staff_channel": str(server.text("equipo", hidden=True).id),
        }
        settings = settings_of(tmp_path, home, fake, **more)
        given = settings.model_dump() | {"web_port": free_port(), "disk_low_mb": 1, "disk_critical_mb": 1}
        staff = Group(fake, fake.chats.by_id[STAFF_CHAT])
        yield Instance(home, settings.data, fake, staff, discord, server, given)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@on_both
async def test_nothing_is_found_in_the_healthy(instance: Instance) -> None:
    assert await instance.examined() == []
    assert await examine_quickly(instance.settings, {}) == []


async def test_nothing_is_found_beside_a_bot_at_work(instance: Instance, tmp_path: Path) -> None:
    """It holds the lock, the port, and the poll; the doctor reads beside it."""
    async with open_house(tmp_path, instance.fake, home=instance.home, web=True) as house:
        port = int(house.bot.web_address.rpartition(":")[2])
        instance.given |= {"web_port": port, "web_public_url": house.bot.web_address}
        assert await instance.examined() == []


Fault = Callable[[Instance], None]
FAULTS: dict[str, list[Fault]] = {}


def plants(check: str) -> Callable[[Fault], Fault]:
    """Register a fault that this check has to find."""

    def add(fault: Fault) -> Fault:
        FAULTS.setdefault(check, []).append(fault)
        return fault

    return add


@plants("setting_unknown")
def misspelt_in_the_environment(instance: Instance) -> None:
    instance.environment["VOCERO_TELGRAM_TOKEN"] = "x"


@plants("setting_unknown")
def misspelt_in_the_file(instance: Instance) -> None:
    (instance.home / ".env").write_text("VOCERO_WEBPORT=8080\n", encoding="utf-8")


@plants("env_line")
def a_line_without_a_sign(instance: Instance) -> None:
    (instance.home / ".env").write_text("VOCERO_LANG=es\nVOCERO_WEB_PORT 8080\n", encoding="utf-8")


@plants("env_open_to_others")
def everybody_reads_the_token(instance: Instance) -> None:
    (instance.home / ".env").chmod(0o644)


@plants("brand_missing")
def another_folder(instance: Instance) -> None:
    instance.given["home"] = instance.data


@plants("brand_errors")
def a_file_that_ends_in_the_middle(instance: Instance) -> None:
    file = next((instance.home / "faq").glob("*.yml"))
    file.write_text(file.read_text(encoding="utf-8") + "  otra:\n    title: Otra\n", encoding="utf-8")


@plants("privacy_sample")
def the_sample_controller(instance: Instance) -> None:
    brand = instance.home / "config" / "brand.yml"
    brand.write_text(brand.read_text(encoding="utf-8").replace("fictitious: yes\n", ""), encoding="utf-8")
    sample = next(content for name, content in starter("es") if name == "config/privacy.yml")
    (instance.home / "config" / "privacy.yml").write_bytes(sample)


@plants("model_untrained")
def a_new_question(instance: Instance) -> None:
    file = next(path for path in (instance.home / "faq").glob("*.yml") if "questions" in path.read_text())
    said = file.read_text(encoding="utf-8")
    line = "    questions: |\n"
    file.write_text(said.replace(line, f"{line}      {datetime.now(UTC)}\n", 1), encoding="utf-8")


@plants("data_not_writable")
def a_file_where_the_data_should_be(instance: Instance) -> None:
    (instance.home / "taken").write_text("", encoding="utf-8")
    instance.given["data"] = instance.home / "taken" / "data"


@plants("files_not_writable")
def a_file_where_the_files_should_be(instance: Instance) -> None:
    shutil.rmtree(instance.data / "files", ignore_errors=True)
    (instance.data / "files").write_text("", encoding="utf-8")


@plants("models_not_writable")
def a_file_where_the_models_should_be(instance: Instance) -> None:
    (instance.data / "models").unlink()
    (instance.data / "models").write_text("", encoding="utf-8")


@plants("data_open_to_others")
def everybody_reads_the_data(instance: Instance) -> None:
    instance.data.chmod(0o755)


@plants("disk_low")
def less_room_than_wanted(instance: Instance) -> None:
    instance.given["disk_low_mb"] = shutil.disk_usage(instance.data).free // 2**20 + 10_000


@plants("disk_full")
def no_room_at_all(instance: Instance) -> None:
    instance.given["disk_critical_mb"] = shutil.disk_usage(instance.data).free // 2**20 + 10_000


@plants("backup_none")
def nobody_makes_backups(instance: Instance) -> None:
    instance.given["backups"] = str(instance.home / "faq" / "none")


@plants("backup_old")
def nobody_makes_backups_any_more(instance: Instance) -> None:
    folder = instance.data / "backups"
    folder.mkdir()
    long_ago = datetime.now(UTC).timestamp() - 10 * 86_400
    (folder / "old.db").write_text("", encoding="utf-8")
    os.utime(folder / "old.db", (long_ago, long_ago))
    instance.given["backups"] = str(folder)


@plants("database_missing")
def a_new_instance(instance: Instance) -> None:
    _database(instance).unlink()


@plants("database_damaged")
def bytes_of_something_else(instance: Instance) -> None:
    """Its WAL is folded in first; then pages in the middle are overwritten."""
    path = _database(instance)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 4096 // 2 * 4096)
        file.write(os.urandom(4096 * 8))


@plants("database_damaged")
def no_database_at_all(instance: Instance) -> None:
    _database(instance).write_text("not a database" * 1000, encoding="utf-8")


@plants("database_not_ours")
def somebody_elses_database(instance: Instance) -> None:
    path = _database(instance)
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photos (id INTEGER)")


@plants("database_old")
def last_years_database(instance: Instance) -> None:
    outside(instance.settings.database, "UPDATE alembic_version SET version_num = '0001'")


@plants("database_newer")
def next_years_database(instance: Instance) -> None:
    outside(instance.settings.database, "UPDATE alembic_version SET version_num = '9999'")


@plants("database_url")
def another_make(instance: Instance) -> None:
    instance.given["database_url"] = "mysql://root:secret-of-the-database@localhost/vocero"


@plants("database_unreachable")
def a_server_that_is_down(instance: Instance) -> None:
    address = f"postgresql://vocero:secret-of-the-database@127.0.0.1:{free_port()}/vocero"
    instance.given["database_url"] = address


@plants("proxy_bad")
def a_proxy_by_name(instance: Instance) -> None:
    instance.given["web_proxies"] = ("caddy",)


@plants("origin_bad")
def an_origin_without_scheme(instance: Instance) -> None:
    instance.given["web_origins"] = ("www.example.com",)


@plants("public_url_bad")
def an_address_without_scheme(instance: Instance) -> None:
    instance.given["web_public_url"] = "chat.example.com"


@plants("public_url_insecure")
def an_address_without_encryption(instance: Instance) -> None:
    instance.given["web_public_url"] = "http://chat.example.com"


@plants("proxies_missing")
def https_without_a_proxy(instance: Instance) -> None:
    instance.given["web_public_url"] = "https://chat.example.com"


@plants("staff_remote_insecure")
def the_staff_page_in_the_open(instance: Instance) -> None:
    instance.given |= {"web_host": "0.0.0.0", "staff_remote": True}


@plants("host_unknown")
def an_address_of_another_machine(instance: Instance) -> None:
    instance.given["web_host"] = "192.0.2.1"  # for documents only, RFC 5737


@plants("metrics_token_short")
def a_token_to_be_guessed(instance: Instance) -> None:
    instance.given["metrics_token"] = "abc"


@plants("staff_nowhere")
def nobody_is_told(instance: Instance) -> None:
    instance.given |= {"telegram_staff_chat": "", "discord_staff_channel": ""}


@plants("telegram_token_shape")
def half_a_token(instance: Instance) -> None:
    instance.given["telegram_token"] = "110201543:AAF"


@plants("telegram_token")
def a_revoked_token(instance: Instance) -> None:
    instance.given["telegram_token"] = TOKEN


@plants("telegram_unreachable")
def no_way_out(instance: Instance) -> None:
    instance.given["telegram_base_url"] = f"http://127.0.0.1:{free_port()}/bot"


@plants("telegram_webhook")
def another_program_takes_the_updates(instance: Instance) -> None:
    instance.fake.webhook.set("https://other.example.com/hook", "", 40)


@plants("telegram_webhook_failing")
def the_webhook_leads_nowhere(instance: Instance) -> None:
    hook = instance.fake.webhook
    hook.set("https://chat.example.com/telegram", "", 40)
    hook.last_error, hook.last_error_at = "Connection refused", int(datetime.now(UTC).timestamp())
    instance.fake.member(5, "Ana").writes("hola")
    instance.given |= {"telegram_webhook": "https://chat.example.com/telegram"}


@plants("telegram_groups_off")
def kept_out_of_groups(instance: Instance) -> None:
    instance.fake.joins_groups = False
    _community(instance, "mention")


@plants("telegram_privacy_mode")
def deaf_in_groups(instance: Instance) -> None:
    _community(instance, "questions")


@plants("telegram_staff_chat_missing")
def a_wrong_number(instance: Instance) -> None:
    instance.given["telegram_staff_chat"] = "-100123456"


@plants("telegram_staff_chat_missing")
def thrown_out(instance: Instance) -> None:
    instance.staff.chat.blocked = True


@plants("telegram_staff_chat_moved")
def the_group_moved(instance: Instance) -> None:
    instance.staff.chat.upgraded_to = -100_888


@plants("telegram_staff_chat_kind")
def a_private_chat_for_staff(instance: Instance) -> None:
    instance.fake.member(77, "Marta", started=True)
    instance.given["telegram_staff_chat"] = "77"


@plants("telegram_staff_chat_rights")
def muted(instance: Instance) -> None:
    instance.staff.chat.muted = True


@plants("discord_token_shape")
def half_a_token_of_discord(instance: Instance) -> None:
    instance.given["discord_token"] = "MTEwMDAw"


@plants("discord_token")
def a_reset_token_of_discord(instance: Instance) -> None:
    instance.given["discord_token"] = instance.discord.token[:-4] + "0001"


@plants("discord_unreachable")
def no_way_to_discord(instance: Instance) -> None:
    instance.given["discord_api_url"] = f"http://127.0.0.1:{free_port()}/api/v10"


@plants("discord_content_intent")
def deaf_on_discord(instance: Instance) -> None:
    instance.discord.privileged = Intent(0)


@plants("discord_channel_missing")
def a_channel_that_is_gone(instance: Instance) -> None:
    instance.given["discord_staff_channel"] = "1100000000000000099"


@plants("discord_channel_missing")
def thrown_out_of_the_server(instance: Instance) -> None:
    instance.server.kicks_bot()


@plants("discord_channel_kind")
def a_forum_for_staff(instance: Instance) -> None:
    instance.given["discord_staff_channel"] = str(instance.server.forum("casos").id)


@plants("discord_rights")
def a_role_without_rights(instance: Instance) -> None:
    instance.server.everyone.permissions = 0
    instance.server.gives_bot(int(Right.VIEW_CHANNEL | Right.SEND_MESSAGES))


@plants("discord_rights")
def muted_in_one_channel(instance: Instance) -> None:
    place = instance.server.text("equipo-2")
    place.channel.overwrites[instance.discord.bot.id] = Overwrite(
        instance.discord.bot.id, 1, 0, int(Right.SEND_MESSAGES)
    )
    instance.given["discord_staff_channel"] = str(place.id)


@plants("discord_rights")
def no_private_threads_where_they_are_wanted(instance: Instance) -> None:
    instance.server.everyone.permissions = int(EVERYONE & ~Right.CREATE_PRIVATE_THREADS)
    instance.server.gives_bot(int(BOT_RIGHTS & ~Right.CREATE_PRIVATE_THREADS))
    instance.given["discord_fallback_channel"] = instance.given["discord_staff_channel"]


def _database(instance: Instance) -> Path:
    return instance.data / "vocero.db"


def _community(instance: Instance, mode: str) -> None:
    text = f"places:\n  grupo:\n    platform: telegram\n    id: -1001234\n    mode: {mode}\n"
    (instance.home / "config" / "community.yml").write_text(text, encoding="utf-8")


CASES = [(check, fault) for check, faults in FAULTS.items() for fault in faults]


@pytest.mark.sqlite
@pytest.mark.parametrize(("check", "fault"), CASES, ids=lambda value: getattr(value, "__name__", value))
async def test_a_planted_fault_is_found(
    instance: Instance, check: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("container", raising=False)
    fault(instance)

    found = await instance.examined()

    assert check in [finding.check for finding in found]
    beside = {finding.check for finding in found if finding.level is not Level.NOTE} - {check}
    assert beside <= FOLLOWS.get(check, set()), "it finds other things that nobody planted"
    for lang in BOTH:
        for what, do in (sentences(finding, lang) for finding in found):
            assert what.strip()
            assert do.strip()
            assert "secret-of-the-database" not in what + do
            assert instance.fake.token not in what + do
            assert instance.discord.token not in what + do


FOLLOWS = {
    "brand_missing": {"data_open_to_others"},
    "data_not_writable": {"env_open_to_others"},
    "public_url_insecure": set(),
}
"""What a fault entails besides."""


def sentences(finding: Finding, lang: str) -> tuple[str, str]:
    """What is wrong and what to do, as the command says it."""
    words = Words.load(lang)
    key = f"doctor.found.{finding.check}"
    return words(f"{key}.what", **finding.values), words(f"{key}.do", **finding.values)


def test_there_are_more_than_fifty_of_them() -> None:
    assert len(CASES) >= 50


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        yield int(taken.getsockname()[1])


async def test_who_has_the_port_is_named(instance: Instance) -> None:
    with listening() as port:
        instance.given["web_port"] = port
        [finding] = await instance.examined()

    assert finding.check == "port_taken"
    assert finding.values["who"].startswith(f"{os.getpid()} (")


@asynccontextmanager
async def late_telegram(fake: FakeTelegram, by: timedelta) -> AsyncIterator[str]:
    """The same Telegram behind a server whose clock differs."""

    async def pass_on(request: web.Request) -> web.Response:
        async with aiohttp.ClientSession() as session:
            body = await request.read()
            kind = {"Content-Type": request.content_type}
            async with session.post(f"{fake.address}{request.path}", data=body, headers=kind) as answer:
                date = format_datetime(datetime.now(UTC) + by, usegmt=True)
                return web.Response(body=await answer.read(), status=answer.status, headers={"Date": date})

    runner = web.AppRunner(_app(pass_on))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/bot"
    finally:
        await runner.cleanup()


def _app(handler: Callable[[web.Request], Awaitable[web.Response]]) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    return app


async def test_a_clock_that_is_off_is_told_by_telegrams(instance: Instance) -> None:
    async with late_telegram(instance.fake, timedelta(minutes=-10)) as address:
        instance.given["telegram_base_url"] = address
        [finding] = await instance.examined()

    assert finding.check == "clock_off"
    assert 590 <= int(finding.values["seconds"]) <= 660


async def test_a_public_address_that_leads_elsewhere_is_told_while_the_bot_runs(
    instance: Instance, tmp_path: Path
) -> None:
    async def other(request: web.Request) -> web.Response:
        return web.Response(text="It works!")

    runner = web.AppRunner(_app(other))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with open_house(tmp_path, instance.fake, home=instance.home, web=True) as house:
            instance.given["web_port"] = int(house.bot.web_address.rpartition(":")[2])
            instance.given["web_public_url"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
            [finding] = await instance.examined()
    finally:
        await runner.cleanup()

    assert finding.check == "public_url_unreachable"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_server_is_examined_too(instance: Instance, tmp_path: Path) -> None:
    """The schema is old; then the name, and then the password's owner, are wrong."""
    address = databases.url(tmp_path / "data")
    instance.given["database_url"] = address
    assert await instance.examined() == []

    outside(address, "UPDATE alembic_version SET version_num = '0001'")
    [old] = await instance.examined()
    outside(address, "DROP TABLE alembic_version")
    [foreign] = await instance.examined()
    instance.given["database_url"] = address.replace(
        address.rpartition("/")[2].partition("?")[0], "nobody_made"
    )
    [missing] = await instance.examined()

    assert (old.check, foreign.check, missing.check) == (
        "database_old",
        "database_not_ours",
        "database_refused",
    )


LIMITS: dict[str, tuple[Mapping[str, str], Callable[[], None] | None]] = {
    "open_files": ({}, lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))),
    "memory_low": ({}, lambda: resource.setrlimit(resource.RLIMIT_AS, (280 * 2**20, 280 * 2**20))),
    "locale": ({"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, None),
}


@pytest.mark.sqlite
@pytest.mark.parametrize("check", LIMITS)
async def test_what_the_system_withholds_is_found(instance: Instance, check: str) -> None:
    """In a process of its own, with the system's limits on it."""
    more, limit = LIMITS[check]
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("VOCERO_", "LC_", "LANG"))
    }
    script = (
        "import sys; from bot.settings import read; from bot.doctor.surroundings import process\n"
        "print(*[one.check for one in process(read())])"
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", script],
        cwd=instance.home,
        env=kept | {"PYTHONPATH": str(ROOT)} | dict(more),
        capture_output=True,
        text=True,
        preexec_fn=limit,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == [check], done.stderr


@pytest.mark.sqlite
def test_the_command_says_it_in_both_languages_and_for_programs(tmp_path: Path, shop: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(shop / "home", home)
    (home / ".env").write_text("VOCERO_TELEGRAM_TOKEN=110201543:AAF\n", encoding="utf-8")
    (home / ".env").chmod(0o644)
    vocero = command_in(home, tmp_path / "data")
    asked = ("doctor", "--offline")
    spanish, english = vocero("--lang", "es", *asked), vocero("--lang", "en", *asked)
    told = vocero(*asked, "--json")
    wrong = vocero("--lang", "es", "doctor", "--json", VOCERO_WEB_PORT="ochenta")

    (home / ".env").chmod(0o600)
    well = vocero("--lang", "en", *asked, VOCERO_TELEGRAM_TOKEN="")

    assert "Aviso (env_open_to_others): Otros usuarios" in spanish.stdout
    assert "Qué hacer: Ciérralo: chmod 600" in spanish.stdout
    assert "Warning (env_open_to_others): Other users" in english.stdout
    assert "0 problems, 2 warnings." in english.stdout
    assert english.returncode == spanish.returncode == told.returncode == 0, "warnings are no failure"
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert {"check", "level", "what", "do", "values"} == set(lines[0])
    assert {line["check"] for line in lines} >= {"env_open_to_others", "staff_nowhere", "database_missing"}
    assert json.loads(wrong.stdout.splitlines()[0])["check"] == "setting_wrong"
    assert wrong.returncode == 1
    assert well.stdout.splitlines()[-1] == "All is well."


def test_every_check_has_its_sentences_and_no_sentence_is_left_over() -> None:
    for lang in BOTH:
        keys = Words.load(lang).keys
        told = {key.split(".")[2] for key in keys if key.startswith("doctor.found.")}
        assert told == set(CHECKS)
