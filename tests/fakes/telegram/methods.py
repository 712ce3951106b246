"""What each method does, and what it refuses."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from telegram.constants import ChatAction, ReactionEmoji
from tests.fakes.telegram.chats import Chat, Message
from tests.fakes.telegram.content import CAPTION, TEXT, formatted, markup
from tests.fakes.telegram.entities import Entity, units
from tests.fakes.telegram.errors import ApiError, bad_request
from tests.fakes.telegram.ledger import Call, Sent
from tests.fakes.telegram.params import Upload, check

if TYPE_CHECKING:
    from tests.fakes.telegram.server import FakeTelegram, StoredFile

PHOTO = 10 * 2**20
FILE = 50 * 2**20
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"GIF8")
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
PERMISSIONS = (
    "can_send_messages can_send_audios can_send_documents can_send_photos can_send_videos "
    "can_send_video_notes can_send_voice_notes can_send_polls can_send_other_messages "
    "can_add_web_page_previews can_change_info can_invite_users can_pin_messages can_manage_topics"
)
"""https://core.telegram.org/bots/api#chatpermissions"""
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


class Methods:
    """The methods by name; results are ready for JSON."""

    def __init__(self, fake: FakeTelegram) -> None:
        self._fake = fake

    async def call(self, method: str, given: dict[str, Any], call: Call) -> Any:
        """Check the parameters, then carry out."""
        values = check(method, given)
        if method == "getUpdates":
            return await self._get_updates(values)
        return getattr(self, "_" + re.sub(r"([A-Z])", lambda m: "_" + m[1].lower(), method))(values, call)

    async def _get_updates(self, values: dict[str, Any]) -> bytes:
        if self._fake.webhook.url:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        return await self._fake.updates.get(
            values.get("offset", 0),
            values.get("limit", 100),
            values.get("timeout", 0),
            values.get("allowed_updates"),
        )

    def _get_me(self, values: dict[str, Any], call: Call) -> Any:
        return self._fake.bot.json() | {
            "can_join_groups": self._fake.joins_groups,
            "can_read_all_group_messages": self._fake.hears_groups,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def _log_out(self, values: dict[str, Any], call: Call) -> Any:
        return True

    def _set_webhook(self, values: dict[str, Any], call: Call) -> Any:
        fake, given = self._fake, values.get
        fake.webhook.set(given("url", ""), given("secret_token", ""), given("max_connections", 40))
        if values.get("drop_pending_updates"):
            fake.updates.drop()
        fake.updates.allow(values.get("allowed_updates"))
        if fake.webhook.url:
            fake.updates.stop(ApiError(409, "Conflict: terminated by setWebhook request"))
        fake.webhook.wake()
        return True

    def _delete_webhook(self, values: dict[str, Any], call: Call) -> Any:
        self._fake.webhook.delete()
        if values.get("drop_pending_updates"):
            self._fake.updates.drop()
        return True

    def _get_webhook_info(self, values: dict[str, Any], call: Call) -> Any:
        return self._fake.webhook.info()

    # Sending

    def _send_message(self, values: dict[str, Any], call: Call) -> Any:
        chat = self._fake.chats.open(values["chat_id"])
        plain, entities = formatted(values, "text", TEXT)
        return self._post(chat, values, call, values["text"], plain, {"text": plain}, entities)

    def _send_photo(self, values: dict[str, Any], call: Call) -> Any:
        chat = self._fake.chats.open(values["chat_id"])
        plain, entities = formatted(values, "caption", CAPTION)
        photo = values["photo"]
        if isinstance(photo, Upload):
            if len(photo.content) > PHOTO:
                raise bad_request("file is too big")
            if not photo.content.startswith(PICTURES):
                raise bad_request("IMAGE_PROCESS_FAILED")
        file = self._file(photo)
        size = {
            "file_id": file.id,
            "file_unique_id": f"u{file.id}",
            "width": 640,
            "height": 480,
            "file_size": file.size,
        }
        content: dict[str, Any] = {"caption": plain, "media": {"photo": [size]}}
        return self._post(chat, values, call, values.get("caption", ""), plain, content, entities, file)

    def _send_document(self, values: dict[str, Any], call: Call) -> Any:
        chat = self._fake.chats.open(values["chat_id"])
        plain, entities = formatted(values, "caption", CAPTION)
        upload = values["document"]
        if isinstance(upload, Upload) and len(upload.content) > FILE:
            raise ApiError(413, "Request Entity Too Large")
        if isinstance(upload, Upload) and not upload.content:
            raise bad_request("file must be non-empty")
        file = self._file(upload)
        document = {
            "file_id": file.id,
            "file_unique_id": f"u{file.id}",
            "file_name": file.path.split("_", 2)[2],
            "file_size": file.size,
        }
        content: dict[str, Any] = {"caption": plain, "media": {"document": document}}
        return self._post(chat, values, call, values.get("caption", ""), plain, content, entities, file)

    def _send_voice(self, values: dict[str, Any], call: Call) -> Any:
        chat = self._fake.chats.open(values["chat_id"])
        plain, entities = formatted(values, "caption", CAPTION)
        if isinstance(values["voice"], Upload) and not values["voice"].content.startswith(b"OggS"):
            raise bad_request("wrong file type: a voice message is OGG with OPUS")
        file = self._file(values["voice"])
        voice = {"file_id": file.id, "file_unique_id": f"u{file.id}", "duration": 0, "file_size": file.size}
        content: dict[str, Any] = {"caption": plain, "media": {"voice": voice}}
        return self._post(chat, values, call, values.get("caption", ""), plain, content, entities, file)

    def _post(
        self,
        chat: Chat,
        values: dict[str, Any],
        call: Call,
        text: str,
        plain: str,
        content: dict[str, Any],
        entities: list[Entity],
        file: StoredFile | None = None,
    ) -> Any:
        keyboard = markup(values.get("reply_markup"))
        reply = self._reply(chat, values.get("reply_parameters"))
        thread = values.get("message_thread_id", 0)
        if thread and thread not in chat.topics:
            raise bad_request("message thread not found")
        if thread and chat.topics[thread].get("closed"):
            raise bad_request("TOPIC_CLOSED")
        if (
            chat.type != "private"
            and self._fake.bot.id not in chat.admins
            and not chat.permissions.get("can_send_messages", True)
        ):
            raise bad_request("not enough rights to send text messages to the chat")
        self._fake.flood.spend(chat.id)
        message = Message(
            chat,
            next(chat.ids),
            self._fake.bot,
            int(time.time()),
            entities=entities,
            reply_to=reply,
            thread=thread,
            markup=keyboard,
            **content,
        )
        chat.messages[message.id] = message
        self._fake.ledger.sent.append(
            Sent(
                call,
                message,
                chat.id,
                text,
                plain,
                keyboard,
                file.path.split("_", 2)[2] if file else "",
                file.content if file else b"",
                reply.id if reply else 0,
                values.get("disable_notification", False),
            )
        )
        return message.json()

    def _file(self, given: Upload | str) -> StoredFile:
        if isinstance(given, Upload):
            return self._fake.store(given.content, given.name)
        if given not in self._fake.files:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return self._fake.files[given]

    def _reply(self, chat: Chat, wanted: dict[str, Any] | None) -> Message | None:
        if not wanted:
            return None
        if not isinstance(wanted.get("message_id"), int):
            raise bad_request("can't parse reply parameters: message_id must be a number")
        message = chat.messages.get(wanted["message_id"])
        if message and not message.deleted:
            return message
        if wanted.get("allow_sending_without_reply"):
            return None
        raise bad_request("message to be replied not found")

    def _send_chat_action(self, values: dict[str, Any], call: Call) -> Any:
        chat = self._fake.chats.open(values["chat_id"])
        if values["action"] not in set(ChatAction):
            raise bad_request("wrong parameter action in request")
        self._fake.ledger.actions.append((chat.id, values["action"]))
        return True

    # Changing

    def _own(self, values: dict[str, Any], verb: str) -> Message:
        chat = self._fake.chats.open(values["chat_id"])
        message = self._fake.chats.message(chat, values["message_id"], f"message to {verb} not found")
        if message.sender.id != self._fake.bot.id:
            raise bad_request(f"message can't be {verb}ed")
        return message

    def _edit_message_text(self, values: dict[str, Any], call: Call) -> Any:
        message = self._own(values, "edit")
        if not message.text:
            raise bad_request("there is no text in the message to edit")
        return self._edit(message, values, call, "text", TEXT)

    def _edit_message_caption(self, values: dict[str, Any], call: Call) -> Any:
        message = self._own(values, "edit")
        if not message.media:
            raise bad_request("there is no caption in the message to edit")
        return self._edit(message, values, call, "caption", CAPTION)

    def _edit(self, message: Message, values: dict[str, Any], call: Call, key: str, limit: int) -> Any:
        plain, entities = formatted(values, key, limit)
        keyboard = markup(values.get("reply_markup"))
        if (message.plain, message.entities, message.markup) == (plain, entities, keyboard):
            raise bad_request(NOT_MODIFIED)
        setattr(message, key, plain)
        message.entities, message.markup, message.edited = entities, keyboard, int(time.time())
        self._fake.ledger.edits.append(Sent(call, message, message.chat.id, values[key], plain, keyboard))
        return message.json()

    def _edit_message_reply_markup(self, values: dict[str, Any], call: Call) -> Any:
        message = self._own(values, "edit")
        keyboard = markup(values.get("reply_markup"))
        if (message.markup or None) == (keyboard or None):
            raise bad_request(NOT_MODIFIED)
        message.markup, message.edited = keyboard, int(time.time())
        self._fake.ledger.edits.append(
            Sent(call, message, message.chat.id, message.plain, message.plain, keyboard)
        )
        return message.json()

    def _delete_message(self, values: dict[str, Any], call: Call) -> Any:
        chat = self._fake.chats.open(values["chat_id"])
        message = self._fake.chats.message(chat, values["message_id"], "message to delete not found")
        own = message.sender.id == self._fake.bot.id
        runs = self._fake.bot.id in chat.admins
        if not own and chat.type != "private" and not runs:
            raise bad_request("message can't be deleted")
        if time.time() - message.date > 48 * 3600 and not runs:
            raise bad_request("message can't be deleted for everyone")
        message.deleted = True
        return True

    def _set_message_reaction(self, values: dict[str, Any], call: Call) -> Any:
        chat = self._fake.chats.open(values["chat_id"])
        message = self._fake.chats.message(chat, values["message_id"], "message to react not found")
        wanted = []
        for reaction in values.get("reaction", []):
            if reaction.get("type") != "emoji" or reaction.get("emoji") not in set(ReactionEmoji):
                raise bad_request("REACTION_INVALID")
            wanted.append(reaction["emoji"])
        if len(wanted) > 1:
            raise bad_request("REACTIONS_TOO_MANY")
        message.reactions = wanted
        self._fake.reactions.append((chat.id, message.id, wanted))
        return True

    def _answer_callback_query(self, values: dict[str, Any], call: Call) -> Any:
        for tap in reversed(self._fake.ledger.taps):
            if tap.id == values["callback_query_id"]:
                if tap.expired or time.monotonic() - tap.time > self._fake.tap_lifetime:
                    raise bad_request(TOO_OLD)
                if units(values.get("text", "")) > 200:
                    raise bad_request("MESSAGE_TOO_LONG")
                tap.answers.append(values.get("text", ""))
                return True
        raise bad_request(TOO_OLD)

    # Set-up

    def _set_my_commands(self, values: dict[str, Any], call: Call) -> Any:
        commands = values["commands"]
        if len(commands) > 100:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command.get("command", "")):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(command.get("description", "")) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        self._fake.commands[self._scope(values)] = commands
        return True

    def _delete_my_commands(self, values: dict[str, Any], call: Call) -> Any:
        self._fake.commands.pop(self._scope(values), None)
        return True

    def _get_my_commands(self, values: dict[str, Any], call: Call) -> Any:
        return self._fake.commands.get(self._scope(values), [])

    def _scope(self, values: dict[str, Any]) -> tuple[str, str]:
        scope = values.get("scope") or {"type": "default"}
        kinds = "default all_private_chats all_group_chats all_chat_administrators chat chat_administrators"
        if scope.get("type") not in (*kinds.split(), "chat_member"):
            raise bad_request("can't parse BotCommandScope: Unsupported type specified")
        if "chat_id" in scope:
            self._fake.chats.open(int(scope["chat_id"]))
        language = values.get("language_code", "")
        if language and not re.fullmatch(r"[a-z]{2}", language):
            raise bad_request("invalid language code specified")
        return ":".join(str(scope[key]) for key in ("type", "chat_id", "user_id") if key in scope), language

    def _get_file(self, values: dict[str, Any], call: Call) -> Any:
        file = self._fake.files.get(values["file_id"])
        if file is None:
            raise bad_request("invalid file_id")
        if max(file.size, len(file.content)) > 20 * 2**20:
            raise bad_request("file is too big")
        return {
            "file_id": file.id,
            "file_unique_id": f"u{file.id}",
            "file_size": file.size,
            "file_path": file.path,
        }

    def _get_chat(self, values: dict[str, Any], call: Call) -> Any:
        chat = self._fake.chats.find(values["chat_id"])
        gifts = dict.fromkeys(
            (
                "unlimited_gifts",
                "limited_gifts",
                "unique_gifts",
                "premium_subscription",
                "gifts_from_channels",
            ),
            False,
        )
        out = chat.json() | {"accent_color_id": 1, "max_reaction_count": 11, "accepted_gift_types": gifts}
        if chat.type != "private":
            out["permissions"] = dict.fromkeys(PERMISSIONS.split(), True) | chat.permissions
        return out

    def _get_chat_member(self, values: dict[str, Any], call: Call) -> Any:
        chat = self._fake.chats.open(values["chat_id"])
        return self._standing(chat, values["user_id"])

    def _get_chat_administrators(self, values: dict[str, Any], call: Call) -> Any:
        chat = self._fake.chats.open(values["chat_id"])
        if chat.type == "private":
            raise bad_request("there are no administrators in the private chat")
        return [self._standing(chat, one) for one in sorted(chat.admins)]

    def _standing(self, chat: Chat, person: int) -> dict[str, Any]:
        """A ChatMember: https://core.telegram.org/bots/api#chatmember"""
        user = self._fake.user(chat, person)
        if user is None:
            raise bad_request("PARTICIPANT_ID_INVALID")
        if person not in chat.admins:
            return {"user": user.json(), "status": "member"}
        rights = (
            "can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats "
            "can_restrict_members can_promote_members can_change_info can_invite_users can_post_stories "
            "can_edit_stories can_delete_stories"
        )
        granted = dict.fromkeys(rights.split(), True) | {"is_anonymous": False}
        return {"user": user.json(), "status": "administrator"} | granted

    # Forum topics

    def _create_forum_topic(self, values: dict[str, Any], call: Call) -> Any:
        chat = self._fake.chats.open(values["chat_id"])
        if not chat.is_forum:
            raise bad_request("the chat is not a forum")
        if not 1 <= len(values["name"]) <= 128:
            raise bad_request("TOPIC_TITLE_INVALID")
        thread = next(chat.ids)
        chat.topics[thread] = {"name": values["name"]}
        return {"message_thread_id": thread, "name": values["name"], "icon_color": 7322096}

    def _topic(self, values: dict[str, Any]) -> dict[str, Any]:
        chat = self._fake.chats.open(values["chat_id"])
        if values["message_thread_id"] not in chat.topics:
            raise bad_request("message thread not found")
        return chat.topics[values["message_thread_id"]]

    def _edit_forum_topic(self, values: dict[str, Any], call: Call) -> Any:
        self._topic(values)["name"] = values.get("name", "")
        return True

    def _close_forum_topic(self, values: dict[str, Any], call: Call) -> Any:
        topic = self._topic(values)
        if topic.get("closed"):
            raise bad_request("TOPIC_NOT_MODIFIED")
        topic["closed"] = True
        return True

    def _reopen_forum_topic(self, values: dict[str, Any], call: Call) -> Any:
        topic = self._topic(values)
        if not topic.get("closed"):
            raise bad_request("TOPIC_NOT_MODIFIED")
        topic["closed"] = False
        return True

    def _delete_forum_topic(self, values: dict[str, Any], call: Call) -> Any:
        self._topic(values)
        chat = self._fake.chats.open(values["chat_id"])
        del chat.topics[values["message_thread_id"]]
        for message in chat.messages.values():
            message.deleted = message.deleted or message.thread == values["message_thread_id"]
        return True
