"""People use commands, press buttons, choose and fill in forms: each becomes an INTERACTION_CREATE."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from tests.fakes.discord.content import BUTTON, LINK, SELECTS, TEXT_INPUT
from tests.fakes.discord.gateway import Intent
from tests.fakes.discord.ledger import Asked
from tests.fakes.discord.model import Channel, Message, User
from tests.fakes.discord.rights import Right

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

COMMAND, COMPONENT, AUTOCOMPLETE, FORM = 2, 3, 4, 5
"""Types of interactions."""


def ask(
    fake: FakeDiscord,
    user: User,
    channel: Channel,
    type: int,
    data: dict[str, Any],
    message: Message | None = None,
) -> Asked:
    """Make an interaction and tell the bot."""
    now = asyncio.get_running_loop().time()
    asked = Asked(fake.ids.next(), secrets.token_urlsafe(96), type, user, channel, data, now, message)
    asked.expires = now + fake.token_lifetime
    fake.interactions[asked.token] = asked
    fake.ledger.asked.append(asked)
    guild = channel.guild
    body: dict[str, Any] = {
        "id": str(asked.id),
        "application_id": str(fake.application_id),
        "type": type,
        "token": asked.token,
        "version": 1,
        "data": data,
        "channel_id": str(channel.id),
        "channel": channel.json() | {"permissions": str(fake.world.rights(channel, user))},
        "app_permissions": str(fake.world.rights(channel)),
        "locale": user.locale,
        "entitlements": [],
        "attachment_size_limit": fake.max_upload,
        "authorizing_integration_owners": {"0": str(guild.id) if guild else "0"},
        "context": 0 if guild else 1,
    }
    if guild:
        rights = str(fake.world.rights(channel, user))
        body["guild_id"] = str(guild.id)
        body["guild_locale"] = guild.locale
        body["guild"] = {"id": str(guild.id), "locale": guild.locale, "features": ["COMMUNITY"]}
        body["member"] = guild.members[user.id].json() | {"permissions": rights}
    else:
        body["user"] = user.json()
    if message:
        body["message"] = message.json(viewer=fake.bot.id)
    fake.gateway.dispatch("INTERACTION_CREATE", body, guild=guild, intent=Intent(0))
    fake.ledger.changed()
    return asked


# Commands


def command(
    fake: FakeDiscord, user: User, channel: Channel, words: str, given: dict[str, Any], *, focused: str = ""
) -> Asked:
    """`words` is the command as the person sees it, in their language, with its subcommand behind."""
    path = words.removeprefix("/").split()
    found = _available(fake, user, channel, path[0])
    holder, chain = found, []
    for word in path[1:]:
        holder = next(one for one in holder["options"] if word in _names(one, user) and one["type"] in (1, 2))
        chain.append(holder)
    resolved: dict[str, Any] = {}
    options = _options(fake, user, channel, holder, given, resolved, focused)
    for one in reversed(chain):
        options = [{"name": one["name"], "type": one["type"], "options": options}]
    data: dict[str, Any] = {"id": found["id"], "name": found["name"], "type": 1, "options": options}
    if resolved:
        data["resolved"] = resolved
    if "guild_id" in found:
        data["guild_id"] = found["guild_id"]
    return ask(fake, user, channel, AUTOCOMPLETE if focused else COMMAND, data)


def _available(fake: FakeDiscord, user: User, channel: Channel, name: str) -> dict[str, Any]:
    guild = channel.guild
    there = [*fake.commands.get(guild.id, [])] if guild else []
    there += [
        one for one in fake.commands.get(0, []) if one["name"] not in {other["name"] for other in there}
    ]
    allowed = []
    for one in there:
        contexts = (
            one["contexts"] if one["contexts"] is not None else ([0, 1] if one["dm_permission"] else [0])
        )
        if (0 if guild else 1) in contexts:
            allowed.append(one)
    rights = fake.world.rights(channel, user)
    assert not guild or rights & Right.USE_APPLICATION_COMMANDS, f"{user.name} may not use commands here"
    for one in allowed:
        needed = one["default_member_permissions"]
        may = needed is None or not guild or (int(needed) and not int(needed) & ~rights)
        if may and one["type"] == 1 and name in _names(one, user):
            return one
    seen = sorted(_names(one, user)[0] for one in allowed)
    raise AssertionError(f"{user.name} sees no command {name!r}; there are {seen}")


def _names(one: dict[str, Any], user: User) -> list[str]:
    """What a person may type for it: the name in their language before the plain one."""
    local = (one.get("name_localizations") or {}).get(user.locale)
    return [local, one["name"]] if local else [one["name"]]


def _options(
    fake: FakeDiscord,
    user: User,
    channel: Channel,
    holder: dict[str, Any],
    given: dict[str, Any],
    resolved: dict[str, Any],
    focused: str,
) -> list[dict[str, Any]]:
    found = []
    left = dict(given)
    for option in holder.get("options") or ():
        name = next((name for name in _names(option, user) if name in left), None)
        if name is None:
            assert not option.get("required") or focused, f"the option {option['name']!r} is required"
            continue
        value = _value(fake, channel, option, left.pop(name), resolved)
        one = {"name": option["name"], "type": option["type"], "value": value}
        if focused == name:
            assert option.get("autocomplete"), f"{name!r} completes nothing"
            one["focused"] = True
        found.append(one)
    assert not left, f"there are no options {sorted(left)}"
    return found


def _value(
    fake: FakeDiscord, channel: Channel, option: dict[str, Any], value: Any, resolved: dict[str, Any]
) -> Any:
    kind = option["type"]
    if choices := option.get("choices"):
        for choice in choices:
            if value in (choice["name"], choice["value"]):
                return choice["value"]
        raise AssertionError(f"no choice {value!r} of {[choice['name'] for choice in choices]}")
    if kind == 3:
        low, high = option.get("min_length", 0), option.get("max_length", 6000)
        assert low <= len(value) <= high, f"Discord's client wants {low} to {high} characters"
        return value
    if kind == 6:
        user = fake.world.users[value.id]
        resolved.setdefault("users", {})[str(user.id)] = user.json()
        if channel.guild and user.id in channel.guild.members:
            member = channel.guild.members[user.id].json(with_user=False)
            resolved.setdefault("members", {})[str(user.id)] = member | {"permissions": "0"}
        return str(user.id)
    if kind == 7:
        resolved.setdefault("channels", {})[str(value.id)] = fake.world.channels[value.id].json() | {
            "permissions": "0"
        }
        return str(value.id)
    if kind == 11:
        name, content = value
        file = fake.world.store(channel, content, name)
        file.ephemeral = True
        resolved.setdefault("attachments", {})[str(file.id)] = file.json()
        return str(file.id)
    return value


# Components


def press(fake: FakeDiscord, user: User, channel: Channel, label: str, message: Message) -> Asked:
    """The button with this label (or custom_id) of a message."""
    for key in message.keys:
        if key["type"] == BUTTON and label in (key.get("label"), key.get("custom_id")):
            assert not key.get("disabled"), f"the button {label!r} is greyed out"
            assert key["style"] != LINK, f"the button {label!r} opens {key['url']}: no bot hears of it"
            data = {"custom_id": key["custom_id"], "component_type": BUTTON, "id": key["id"]}
            return ask(fake, user, channel, COMPONENT, data, message)
    raise AssertionError(f"no button {label!r}; there are {message.labels}")


def pick(fake: FakeDiscord, user: User, channel: Channel, labels: list[str], message: Message) -> Asked:
    """Options of a select menu, by label or value."""
    for key in message.keys:
        if key["type"] not in SELECTS or key.get("disabled"):
            continue
        by = {name: o["value"] for o in key.get("options", ()) for name in (o["value"], o["label"])}
        if all(label in by for label in labels):
            low, high = key.get("min_values", 1), key.get("max_values", 1)
            assert low <= len(labels) <= high, f"{low} to {high} can be chosen"
            data = {
                "custom_id": key["custom_id"],
                "component_type": key["type"],
                "id": key["id"],
                "values": [by[label] for label in labels],
            }
            return ask(fake, user, channel, COMPONENT, data, message)
    raise AssertionError(f"no menu with {labels}; there are {message.keys}")


def fill(fake: FakeDiscord, asked: Asked, values: dict[str, str]) -> Asked:
    """Send the form that an interaction was answered with; fields by custom_id or label."""
    assert asked.form, "the bot showed no form"
    rows: list[dict[str, Any]] = []
    left = dict(values)
    for row in asked.form["components"]:
        label = row.get("label", "")
        keys = [row["component"]] if "component" in row else row.get("components", [])
        for key in keys:
            names = (key["custom_id"], key.get("label") or label)
            name = next((name for name in names if name in left), None)
            value = left.pop(name) if name else key.get("value") or ""
            low, high = key.get("min_length") or 0, key.get("max_length") or 4000
            assert value or not key.get("required", True), f"{names} must be filled in"
            assert not value or low <= len(value) <= high, f"{names}: {low} to {high} characters"
            one = {"type": TEXT_INPUT, "id": len(rows) + 1, "custom_id": key["custom_id"], "value": value}
            if key["type"] in SELECTS:
                one = {
                    "type": key["type"],
                    "id": len(rows) + 1,
                    "custom_id": key["custom_id"],
                    "values": [value],
                }
            if "component" in row:
                rows.append({"type": 18, "id": len(rows) + 1, "component": one})
            else:
                rows.append({"type": 1, "id": len(rows) + 1, "components": [one]})
    assert not left, f"there are no fields {sorted(left)}"
    data = {"custom_id": asked.form["custom_id"], "components": rows}
    return ask(fake, asked.user, asked.channel, FORM, data, asked.message)
