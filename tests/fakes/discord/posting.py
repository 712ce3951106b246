"""Making messages: what the bot asks to send, checked; and what people write."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.discord import content as checks
from tests.fakes.discord.cdn import Attachment
from tests.fakes.discord.errors import Form, refused
from tests.fakes.discord.exchange import Ask
from tests.fakes.discord.gateway import Intent
from tests.fakes.discord.ledger import Asked, Pings, Sent
from tests.fakes.discord.model import (
    CATEGORY,
    COMPONENTS_V2,
    DEFAULT,
    DM,
    EPHEMERAL,
    FORUM,
    REPLY,
    SILENT,
    SUPPRESS_EMBEDS,
    Channel,
    Message,
    User,
)
from tests.fakes.discord.rights import Right

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

NONCE = 25
"""Most characters of a nonce: https://discord.com/developers/docs/resources/message#create-message"""


ANSWERS = int(Right.EMBED_LINKS | Right.ATTACH_FILES | Right.READ_MESSAGE_HISTORY)
MENTIONS = int(Right.MENTION_EVERYONE)


@dataclass(slots=True)
class Draft:
    """A checked message, not yet posted."""

    content: str
    embeds: list[dict[str, Any]]
    components: list[dict[str, Any]]
    files: list[Attachment]
    kept: set[int] | None
    """Attachments that an edit keeps; None keeps all."""
    flags: int
    pings: Pings
    reply_to: Message | None
    nonce: str
    given: frozenset[str]
    """Which of the fields the request had."""


def draft(
    fake: FakeDiscord,
    channel: Channel,
    ask: Ask,
    *,
    body: dict[str, Any] | None = None,
    editing: Message | None = None,
    interaction: bool = False,
    deferred: bool = False,
) -> Draft:
    """Check a request to send or edit; raises 50035 with all that is wrong, 50006, 50013, 160002, 40005."""
    body = ask.body if body is None else body
    form = Form()
    rights = fake.world.rights(channel)
    if interaction:  # interaction answers need no rights but to mention everybody
        rights |= ANSWERS
    text = checks.check_content(form, body)
    embeds = checks.check_embeds(form, body.get("embeds"))
    flags = int(body.get("flags") or 0)
    if flags & COMPONENTS_V2:
        raise NotImplementedError("this server does not know Components V2")
    if flags & ~(SUPPRESS_EMBEDS | SILENT | (EPHEMERAL if interaction else 0)):
        form.wrong("flags", "FLAGS_INVALID", f"flags {flags} cannot be set")
    components = checks.check_components(form, body.get("components"))
    allowed = body.get("allowed_mentions")
    checks.check_allowed(form, allowed)
    reply_to = _reply_to(form, fake, channel, body.get("message_reference"))
    nonce = str(body.get("nonce") or "")
    if len(nonce) > NONCE:
        form.wrong("nonce", "NONCE_TYPE_TOO_LONG", f"Must be {NONCE} or fewer in length.")
    files = _files(form, fake, channel, ask, body)
    form.done()
    if reply_to and not rights & Right.READ_MESSAGE_HISTORY:
        raise refused(160002)
    if (embeds and not rights & Right.EMBED_LINKS) or (files and not rights & Right.ATTACH_FILES):
        raise refused(50013)
    kept = None
    if editing and "attachments" in body:
        kept = {int(one["id"]) for one in body["attachments"] or () if int(one["id"]) >= 1 << 22}
    made = Draft(
        *(text, embeds, components, files, kept, flags),
        _pings(fake, channel, text, allowed, reply_to, rights),
        *(reply_to, nonce, frozenset(body)),
    )
    if not deferred and _empty(made, editing):
        raise refused(50006)
    return made


def _empty(made: Draft, editing: Message | None) -> bool:
    content, embeds, components = made.content, made.embeds, made.components
    files = made.files
    if editing:
        content = content if "content" in made.given else editing.content
        embeds = embeds if "embeds" in made.given else editing.embeds
        components = components if "components" in made.given else editing.components
        kept = [file for file in editing.attachments if made.kept is None or file.id in made.kept]
        files = [*kept, *files]
    return not (content or embeds or components or files)


def _reply_to(
    form: Form, fake: FakeDiscord, channel: Channel, reference: dict[str, Any] | None
) -> Message | None:
    if not reference:
        return None
    if reference.get("type", 0) != 0:
        raise NotImplementedError("this server does not know forwarded messages")
    found = channel.messages.get(int(reference["message_id"]))
    if found is None or found.deleted or found.ephemeral_to:
        if reference.get("fail_if_not_exists", True):
            form.wrong("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return None
    if found.is_system:
        form.wrong(
            "message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", "Cannot reply to a system message"
        )
    return found


def _files(
    form: Form, fake: FakeDiscord, channel: Channel, ask: Ask, body: dict[str, Any]
) -> list[Attachment]:
    names = {str(one.get("id")): one for one in body.get("attachments") or () if isinstance(one, dict)}
    if len(ask.files) > checks.FILES:
        form.wrong("files", "BASE_TYPE_MAX_LENGTH", f"Must be {checks.FILES} or fewer in length.")
        return []
    if sum(len(upload.content) for upload in ask.files.values()) > fake.max_upload:
        raise refused(40005)
    found = []
    for field, upload in ask.files.items():
        number = field.removeprefix("files[").removesuffix("]")
        about = names.get(number, {})
        name = about.get("filename") or upload.filename
        found.append(
            fake.world.store(channel, upload.content, name, description=about.get("description") or "")
        )
    return found


def _pings(
    fake: FakeDiscord,
    channel: Channel,
    text: str,
    allowed: dict[str, Any] | None,
    reply_to: Message | None,
    rights: int,
) -> Pings:
    everyone = bool(rights & MENTIONS)
    roles = set()
    if channel.guild:
        roles = {role.id for role in channel.guild.roles.values() if role.mentionable or everyone}
    replied = reply_to.author.id if reply_to and not reply_to.webhook_id else 0
    found = checks.pings(text, allowed, replied=replied, everyone=everyone, roles=roles)
    known = tuple(one for one in found.users if one in fake.world.users)
    return Pings(known, found.roles, found.everyone)


def may_send(fake: FakeDiscord, channel: Channel) -> None:
    """Raise what Discord answers where the bot cannot write."""
    if channel.type in (FORUM, CATEGORY):
        raise refused(50008)
    if channel.type == DM:
        person = channel.recipient
        assert person
        if not fake.world.share_guild(person):
            raise refused(50278)
        if not person.dms_open or person.id in fake.world.blocked_bot:
            raise refused(50007)
        return
    rights = fake.world.rights(channel)
    if not rights & (Right.SEND_MESSAGES_IN_THREADS if channel.is_thread else Right.SEND_MESSAGES):
        raise refused(50013)
    if channel.locked and not rights & Right.MANAGE_THREADS:
        raise refused(50083 if channel.archived else 160005)


def post(
    fake: FakeDiscord,
    channel: Channel,
    made: Draft,
    ask: Ask,
    *,
    only_for: User | None = None,
    interaction: Asked | None = None,
    type: int | None = None,
    id: int | None = None,
    starts: bool = False,
    entered: bool = True,
) -> Message:
    """Keep the bot's message, tell the gateway, and (if `entered`) write it into the ledger."""
    message = Message(
        channel,
        id or fake.ids.next(),
        fake.bot,
        made.content,
        type if type is not None else (REPLY if made.reply_to else DEFAULT),
        embeds=made.embeds,
        components=_numbered(made.components),
        attachments=made.files,
        flags=made.flags,
        reply_to=made.reply_to,
        webhook_id=fake.application_id if interaction else 0,
        application_id=fake.application_id if interaction else 0,
        ephemeral_to=only_for,
        asked_by=_metadata(interaction) if interaction else None,
    )
    if starts:
        channel.starter = message
    mention(fake, message, made.pings)
    publish(fake, message, nonce=made.nonce)
    if entered:
        enter(fake, ask, message, made, interaction)
    return message


def enter(
    fake: FakeDiscord,
    ask: Ask,
    message: Message,
    made: Draft,
    interaction: Asked | None,
    *,
    edit: bool = False,
) -> Sent:
    """Write a message of the bot into the ledger."""
    only_for = message.ephemeral_to
    sent = Sent(
        ask.call,
        message,
        message.channel.id,
        message.content,
        message.text,
        embeds=list(message.embeds),
        components=list(message.components),
        files={file.filename: file.content for file in made.files},
        pings=Pings() if only_for else made.pings,
        reply_to=message.reply_to.id if message.reply_to else 0,
        only_for=only_for.id if only_for else 0,
        interaction=interaction,
        nonce=made.nonce,
    )
    (fake.ledger.edits if edit else fake.ledger.sent).append(sent)
    fake.ledger.arrived += not edit
    fake.ledger.changed()
    return sent


def apply(fake: FakeDiscord, message: Message, made: Draft) -> None:
    """Change a message as an edit says, and tell the gateway."""
    if "content" in made.given:
        message.content = made.content
        mention(fake, message, made.pings)
    if "embeds" in made.given:
        message.embeds = made.embeds
    if "components" in made.given:
        message.components = _numbered(made.components)
    if "flags" in made.given:
        message.flags = message.flags & ~SUPPRESS_EMBEDS | made.flags & SUPPRESS_EMBEDS
    if made.kept is not None:
        message.attachments = [file for file in message.attachments if file.id in made.kept]
    message.attachments = message.attachments + made.files
    message.edited = time.time()
    changed(fake, message)


def publish(fake: FakeDiscord, message: Message, *, nonce: str = "") -> None:
    """Put a message into its channel and tell the gateway."""
    channel = message.channel
    if channel.is_thread and not message.ephemeral_to:
        if channel.archived:
            channel.archived = False
            channel.archived_at = time.time()
            fake.tell_thread("THREAD_UPDATE", channel)
        if not message.is_system:
            joining = [] if message.webhook_id else [message.author, *message.mentions]
            for user in joining:
                fake.join_thread(channel, user)
    channel.add(message)
    fake.gateway.dispatch_message(
        "MESSAGE_CREATE", message, extras(message) | ({"nonce": nonce} if nonce else {})
    )
    fake.ledger.changed()


def changed(fake: FakeDiscord, message: Message) -> None:
    """Tell the gateway that a message is another."""
    fake.gateway.dispatch_message("MESSAGE_UPDATE", message, extras(message))


def delete(fake: FakeDiscord, message: Message) -> None:
    """Take a message away and tell the gateway."""
    channel = message.channel
    channel.remove(message)
    for file in message.attachments:
        fake.cdn.files.pop(file.path, None)
    data = {"id": str(message.id), "channel_id": str(channel.id)}
    if channel.guild:
        data["guild_id"] = str(channel.guild.id)
    intent = Intent.GUILD_MESSAGES if channel.guild else Intent.DIRECT_MESSAGES
    fake.gateway.dispatch("MESSAGE_DELETE", data, channel=channel, intent=intent)
    fake.ledger.changed()


def extras(message: Message) -> dict[str, Any]:
    """What the gateway says beside the message: guild and membership of the author."""
    guild = message.channel.guild
    if guild is None:
        return {"channel_type": DM}
    out: dict[str, Any] = {"guild_id": str(guild.id), "channel_type": message.channel.type}
    member = None if message.webhook_id else guild.members.get(message.author.id)
    if member:
        out["member"] = member.json(with_user=False)
    if message.mentions:
        out["mentions"] = [
            user.json()
            | ({"member": guild.members[user.id].json(with_user=False)} if user.id in guild.members else {})
            for user in message.mentions
        ]
    return out


def mention(fake: FakeDiscord, message: Message, pings: Pings) -> None:
    """Write into a message whom it notifies."""
    message.mentions = [fake.world.users[one] for one in pings.users if one in fake.world.users]
    message.mention_roles = list(pings.roles)
    message.mention_everyone = pings.everyone


def _numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Components as they are given back: each with an id within the message."""
    number = 0
    found = []
    for row in rows:
        number += 1
        first = number
        keys = []
        for key in row["components"]:
            number += 1
            keys.append({"id": number} | key)
        found.append({"id": first} | row | {"components": keys})
    return found


def _metadata(asked: Asked) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": str(asked.id),
        "type": asked.type,
        "user": asked.user.json(),
        "authorizing_integration_owners": {},
    }
    if asked.type == 3 and asked.message:
        out["interacted_message_id"] = str(asked.message.id)
    return out
