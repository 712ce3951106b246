"""Every text of the pages exists in every language, with the same gaps to fill."""

import json
import re
from pathlib import Path
from string import Formatter

import pytest

from bot.domain import CaseState, OutboxState, Owner, Platform, Reason
from bot.handoff.desk import Done
from bot.web.texts import CHAT_LANGUAGES, STAFF_LANGUAGES, Texts, chat_texts, staff_texts

WEB = Path(__file__).parents[3] / "bot" / "web"


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("texts", "languages"), [(chat_texts(), CHAT_LANGUAGES), (staff_texts(), STAFF_LANGUAGES)]
)
def test_languages_have_the_same_keys_and_gaps(texts: Texts, languages: tuple[str, ...]) -> None:
    first = texts[languages[0]]
    for lang in languages:
        assert list(texts[lang]) == list(first)
        for key, text in texts[lang].items():
            assert text.strip() == text != "", key
            assert gaps(text) == gaps(first[key]), (lang, key)


def test_no_file_names_a_key_twice() -> None:
    for path in sorted((WEB / "texts").glob("*.json")):
        pairs = json.loads(path.read_text("utf-8"), object_pairs_hook=list)
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), path.name


def test_every_value_that_staff_sees_has_a_word() -> None:
    for kind, values in (
        ("state", CaseState),
        ("reason", Reason),
        ("platform", Platform),
        ("delivery", OutboxState),
    ):
        for value in values:
            assert f"{kind}.{value.value}" in staff_texts()["es"]
    for owner in set(Owner) - {Owner.HUMAN}:
        assert f"owner.{owner.value}" in staff_texts()["es"]
    for done in set(Done) - {Done.DONE}:
        assert f"done.{done.value}" in staff_texts()["es"]


def test_pages_ask_only_for_texts_that_exist() -> None:
    chat, staff = chat_texts()["es"], staff_texts()["es"]
    for path in sorted((WEB / "templates").glob("*.html")):
        known = staff if path.name.startswith("staff") else chat
        source = path.read_text("utf-8")
        asked = re.findall(r"""\bt\("([\w.]+)"[,)]""", source) + re.findall(
            r"""\bt\('([\w.]+)'[,)]""", source
        )
        asked += re.findall(r'data-t(?:-label|-placeholder)?="(\w+)"', source)
        assert set(asked) <= set(known), path.name
    for path in sorted((WEB / "static").glob("*.js")):
        asked = re.findall(r"""words\.t\("([\w.]+)"[,)]""", path.read_text("utf-8"))
        assert set(asked) <= set(chat), path.name
