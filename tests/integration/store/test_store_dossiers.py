"""What staff sees of what a member said without words: commands and pressed buttons."""

import pytest

from bot.domain import Button, Outgoing
from bot.store.dossiers import dossier, list_cases
from bot.store.engine import Store
from tests.integration.store.test_store_transcript import Chat


@pytest.fixture
async def chat(store: Store) -> Chat:
    return await Chat(store, "s-ana").begin()


async def test_commands_keep_their_name_and_presses_what_stood_on_the_button(
    store: Store, chat: Chat
) -> None:
    await chat.is_told(Outgoing("¿Cuál?", rows=((Button("Envíos", "e:1"), Button("Pagos", "e:2")),)))
    await chat.says("", kind="button", command="e:2")
    await chat.says("", kind="button", command="e:9")
    await chat.says("por favor", kind="command", command="human")
    case = await chat.opens_a_case()

    found = await store.read(lambda c: dossier(c, case))

    assert found is not None
    assert [(line.text, line.command, line.tapped) for line in found.lines] == [
        ("¿Cuál?", "", ""),
        ("Pagos", "", "e:2"),
        ("", "", "e:9"),
        ("por favor", "human", ""),
    ]


async def test_the_list_tells_the_last_words_or_the_last_command(store: Store, chat: Chat) -> None:
    async def last() -> tuple[str, str]:
        [summary] = await store.read(list_cases)
        return summary.last_command, summary.last_text

    await chat.opens_a_case()
    assert await last() == ("", "")
    await chat.says("hola")
    assert await last() == ("", "hola")
    await chat.says("", kind="command", command="privacy")
    await chat.says("", kind="button", command="e:2")
    assert await last() == ("privacy", "")
    await chat.says("gracias")
    assert await last() == ("", "gracias")
