"""What Discord is given to show: within its limits, cut where a reader would pause, nothing of it markup."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.cut import units
from bot.channels.discord.split import FILES, TEXT, packed, rendered, split
from bot.channels.markup import discord_markdown, discord_plain
from bot.domain import Button, Outgoing

BUTTONS = ((Button("Sí", "yes"),),)
SIGNS = st.text(st.sampled_from("ab *_~`|<>[]()#-+>\\\n1.@é👍:/"), max_size=400)


def test_a_short_message_stays_whole() -> None:
    message = Outgoing("hola", rows=BUTTONS, reply_to="7", via="r:1:2:t")
    assert split(message) == (message,)


def test_a_long_one_is_cut_at_a_paragraph_and_answers_its_interaction_once() -> None:
    first, second = ("Uno dos tres. " * 100).strip(), ("Cuatro cinco. " * 100).strip()
    message = Outgoing(f"{first}\n\n{second}", rows=BUTTONS, reply_to="7", via="r:1:2:t", silent=True)
    one, two = split(message)
    assert (one.text, two.text) == (first, second)
    assert (one.rows, two.rows) == ((), BUTTONS)
    assert (one.reply_to, two.reply_to) == ("7", "")
    assert (one.via, two.via) == ("r:1:2:t", "")
    assert one.silent
    assert two.silent
    assert [part.via for part in split(Outgoing(message.text, via="p:1:2:t", ephemeral=True))] == [
        "p:1:2:t"
    ] * 2


def test_more_files_than_a_message_takes_follow() -> None:
    parts = split(Outgoing("mira", image="a.png", alt="A", attachments=tuple(range(15))))
    assert [(part.image, len(part.attachments)) for part in parts] == [("a.png", FILES - 1), ("", 6)]
    assert [part.text for part in parts] == ["mira", ""]


@given(st.lists(SIGNS, max_size=12).map("\n\n".join), st.booleans(), st.integers(1, 12))
def test_every_part_fits_and_nothing_is_lost(text: str, markdown: bool, times: int) -> None:
    message = Outgoing(f"inicio {text * times} fin", markdown=markdown)
    parts = split(message)
    for part in parts:
        assert units(rendered(part.text, markdown=part.markdown)) <= TEXT
    if not markdown:
        assert "".join("".join(part.text.split()) for part in parts) == "".join(message.text.split())


@given(SIGNS)
def test_plain_text_is_shown_as_it_is_written(text: str) -> None:
    shown = discord_plain(text)
    assert re.sub(r"\\([\\*_~`|<\[\]#>+-])", r"\1", shown) == text
    bare = re.sub(r"\\.", "x", shown)
    assert not re.search(r"[*_~`|<]", bare)
    assert not re.search(r"^\s*(#{1,3} |>)", bare, re.MULTILINE)


def test_markdown_is_discords_own() -> None:
    text = (
        "# Título\n\n**uno** *dos* ~~tres~~ `c_d`\n\n- a_b\n- [web](https://e.org/a_b)\n\n> cita\n> más\n\n"
        "[correo](mailto:a@b.cl) https://e.org/x_y\n\n```\nx`y\n```"
    )
    assert discord_markdown(text) == (
        "**Título**\n\n**uno** *dos* ~~tres~~ `c_d`\n\n• a\\_b\n• [web](<https://e.org/a_b>)\n\n"
        "> cita\n> más\n\ncorreo (a@b.cl) https://e.org/x_y\n\n```\nx`y\n```"
    )


def test_nobody_is_named_by_what_a_member_wrote() -> None:
    assert discord_plain("<@1> <@&2> <#3> <t:4> <:x:5>") == "\\<@1> \\<@&2> \\<#3> \\<t:4> \\<:x:5>"
    assert discord_markdown("<@1> \\*") == "\\<@1> \\*"


def test_rows_are_packed_as_discord_takes_them() -> None:
    wide = tuple(tuple(Button(f"{r}{c}", f"{r}{c}") for c in range(2)) for r in range(9))
    rows = packed(wide)
    assert [len(row) for row in rows] == [5, 5, 5, 3]
    assert [b.label for row in rows for b in row] == [b.label for row in wide for b in row]
    assert packed((*BUTTONS, ())) == [[Button("Sí", "yes")]]
