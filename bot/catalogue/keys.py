"""The names of all catalogue texts, each with the placeholders that its wordings take."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from bot.domain import Reason

STAFF_PREFIXES: Final = (
    "staff_",
    "reason_",
    "state_",
    "owner_",
    "outcome_",
    "platform_",
    "lang_",
    "problem_",
)
"""How the keys begin that only staff and admins read; these exist in es and en, all others also in pt."""

LONGEST_BUTTON: Final = 30
"""Characters of a button's label: what a phone shows without cutting, two buttons a row."""
LONGEST_COMMAND: Final = 60
"""Characters of a command's description: one line of the menu; Telegram's own limit is 256."""


class Key(StrEnum):
    """A catalogue text; `takes` names its placeholders.

    Reason, state, owner, outcome and platform keys end in the value of the enum of `bot.domain` that they
    name: `Key(f"reason_{reason}")`.
    """

    takes: tuple[str, ...]

    def __new__(cls, value: str, takes: str = "") -> Self:
        key = str.__new__(cls, value)
        key._value_ = value
        key.takes = tuple(takes.split())
        return key

    @property
    def for_staff(self) -> bool:
        """Whether only staff and admins read it."""
        return self.value.startswith(STAFF_PREFIXES)

    @property
    def longest(self) -> int | None:
        """The most characters that a wording may have, or None where there is no limit."""
        if self.value.startswith(("button_", "staff_button_")):
            return LONGEST_BUTTON
        if self.value.startswith(("command_", "staff_command_")):
            return LONGEST_COMMAND
        return None

    # What members read: meeting and parting.
    WELCOME = "welcome", "name assistant brand"
    """Answers /start; buttons with frequent questions and a person follow."""
    INTRO = "intro", "assistant brand"
    """One line after the first answer of a first visit."""
    GREETING = "greeting", "name"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    ARE_YOU_A_BOT = "are_you_a_bot", "assistant brand"
    WHO_ARE_YOU = "who_are_you", "assistant brand about"
    """`about` is one or more whole sentences."""
    HELP = "help"
    """Above the menu of frequent questions."""

    # Understanding.
    ACKNOWLEDGE_ANGER = "acknowledge_anger"
    """A first line before an answer or a hand-off."""
    CLARIFY = "clarify"
    """Above buttons with what the member may have meant."""
    NOT_UNDERSTOOD = "not_understood"
    WORDLESS_VOICE = "wordless_voice"
    WORDLESS_PHOTO = "wordless_photo"
    WORDLESS_FILE = "wordless_file"
    WORDLESS = "wordless"
    """Sticker, location and whatever else came without words."""
    REPEAT_NOTHING = "repeat_nothing"
    OFFER_PERSON = "offer_person"
    """After an answer, above the button that asks for a person."""
    LATE_APOLOGY = "late_apology"
    """Before an answer that comes late."""
    STALE_BUTTON = "stale_button"
    TRY_AGAIN = "try_again"
    """What the member did could not be stored."""
    TOO_LONG = "too_long", "limit"
    """`limit` is a number of characters, as text."""
    TOO_FAST = "too_fast"

    # A person takes over. One hand-off text, and after it one of the three about hours.
    HANDOFF_ASKED = "handoff_asked", "case"
    HANDOFF_COMPLAINT = "handoff_complaint", "case"
    HANDOFF_NOT_UNDERSTOOD = "handoff_not_understood", "case"
    HANDOFF_ENTRY = "handoff_entry", "case"
    HANDOFF_FACT_EXPIRED = "handoff_fact_expired", "case"
    HANDOFF_FILE = "handoff_file", "case"
    HANDOFF_HELD = "handoff_held", "case"
    WHEN_OPEN = "when_open", "until"
    """`until` comes from `dates.until`, zone included."""
    WHEN_CLOSED = "when_closed", "opens"
    """`opens` comes from `dates.opens`, zone included."""
    WHEN_UNKNOWN = "when_unknown"
    STILL_IN_LINE = "still_in_line", "case"
    HANDOFF_MINOR = "handoff_minor", "case"
    CASE_CLOSED = "case_closed", "case"
    GIVEN_BACK = "given_back", "assistant"

    # What members think of it.
    ASK_USEFUL = "ask_useful"
    """Below an answer, above the buttons yes and no."""
    USEFUL = "useful"
    NOT_USEFUL = "not_useful"
    """Above buttons with other titles and a person."""
    NOT_USEFUL_ALONE = "not_useful_alone"
    """Above the button that asks for a person."""
    SUGGEST = "suggest"
    """Asks for the suggestion."""
    SUGGESTED = "suggested"

    # Members' data and rights.
    AUTOMATIC = "automatic", "assistant"
    """On a first visit, where neither an intro nor a welcome has said who answers."""
    PRIVACY_NOTICE = "privacy_notice", "keep more"
    """After the first thing that the bot says to somebody in private; `more` is an address or a command."""
    PRIVACY = "privacy", "brand controller contact messages files cases listened policy"
    """The spans come from `dates.span`."""
    PRIVACY_WEB = "privacy_web", "brand controller contact messages files cases listened policy"
    """The same on our own page, which knows neither name nor account."""
    IN_PRIVATE = "in_private"
    EXPORT_BEGUN = "export_begun"
    EXPORT_SOON = "export_soon"
    EXPORT_READY = "export_ready"
    EXPORT_TOO_LARGE = "export_too_large"
    FORGET_ASK = "forget_ask"
    FORGET_KEPT = "forget_kept"
    FORGET_BEGUN = "forget_begun"
    FORGET_RECEIPT = "forget_receipt", "number erased left left_public backups contact"
    """`erased` counts what is gone; `left` and `left_public` what is not, '' for nothing."""
    FORGET_RECEIPT_WEB = "forget_receipt_web", "number erased left_public backups contact"
    """The same on our own page, where nothing is left to be deleted, nor this text after a reload."""
    MINOR_END = "minor_end", "age"

    # In public places, where others read along.
    PUBLIC_HELP = "public_help"
    """To whoever called the bot there without asking anything."""
    PUBLIC_PRIVATELY = "public_privately"
    """Above the button into a private chat, which carries the question over."""
    PUBLIC_PERSON = "public_person"
    """The same, where a person is wanted."""
    PUBLIC_LISTENING = "public_listening", "assistant brand"
    """Says to a whole place that what is said there is kept for a time from now on."""
    PUBLIC_NOT_LISTENING = "public_not_listening"
    """Says that it is not kept any more."""
    INSTALL_FOR_ADMINS = "install_for_admins"
    """To whoever asks for /install and does not run the place."""

    # Buttons and command menus of members.
    BUTTON_PRIVATE = "button_private"
    BUTTON_REMOVE = "button_remove"
    BUTTON_PERSON = "button_person"
    BUTTON_MENU = "button_menu"
    BUTTON_MORE = "button_more"
    BUTTON_USEFUL = "button_useful"
    BUTTON_USELESS = "button_useless"
    BUTTON_MY_DATA = "button_my_data"
    BUTTON_FORGET = "button_forget"
    BUTTON_FORGET_YES = "button_forget_yes"
    BUTTON_FORGET_NO = "button_forget_no"
    BUTTON_IN_PRIVATE = "button_in_private"
    COMMAND_START = "command_start"
    COMMAND_HELP = "command_help"
    COMMAND_HUMAN = "command_human"
    COMMAND_SUGGESTION = "command_suggestion"
    COMMAND_PRIVACY = "command_privacy"
    COMMAND_MY_DATA = "command_my_data"
    COMMAND_FORGET_ME = "command_forget_me"
    COMMAND_FAQ = "command_faq"
    COMMAND_INSTALL = "command_install"
    COMMAND_FAQ_QUESTION = "command_faq_question"
    """What the command takes: a title to be chosen, or a question in one's own words."""
    COMMAND_FAQ_SHARE = "command_faq_share"
    """Whether everybody in the channel may read the answer."""

    # What Discord shows around an answer.
    PRIVATE_OPENED = "private_opened", "link"
    """Where the conversation goes on; `link` is one that can be tapped."""
    PRIVATE_THREAD = "private_thread"
    """What a private thread is called, before the member's name."""
    FORM_SUGGESTION_TITLE = "form_suggestion_title"
    FORM_SUGGESTION_LABEL = "form_suggestion_label"

    # What staff reads: mirrors and alerts. A line whose values are all empty is left out.
    STAFF_NOTICE = "staff_notice", "case reason team member platform lang asked tried link"
    STAFF_ADDITION = "staff_addition", "case member text"
    STAFF_ALERT = "staff_alert", "case member waiting"
    """`waiting` comes from `dates.duration`."""
    STAFF_DRAFT_KEPT = "staff_draft_kept", "case owner"
    """`owner` is a colleague's name."""
    STAFF_HELD = "staff_held", "case text platform"
    STAFF_REPLIED = "staff_replied", "case staff text"
    STAFF_TAKEN = "staff_taken", "case staff"
    STAFF_GIVEN_BACK = "staff_given_back", "case"
    STAFF_CLOSED = "staff_closed", "case"
    STAFF_BLOCKED = "staff_blocked", "case staff"
    STAFF_UNBLOCKED = "staff_unblocked", "case staff"
    STAFF_ERASED = "staff_erased", "case number"
    STAFF_NOTED = "staff_noted", "case"
    STAFF_UNKNOWN = "staff_unknown"
    STAFF_STALE = "staff_stale"
    STAFF_EMPTY = "staff_empty"
    STAFF_HELP = "staff_help"
    STAFF_CASES_NONE = "staff_cases_none"
    STAFF_CASE_LINE = "staff_case_line", "case member reason waiting"
    STAFF_FILE = "staff_file", "case name"
    STAFF_FILE_REFUSED = "staff_file_refused", "case name"
    STAFF_PUBLISHED = "staff_published", "version changes"
    STAFF_REJECTED = "staff_rejected", "problems"
    STAFF_FILE_UNSENT = "staff_file_unsent", "case name limit"
    STAFF_FILE_NOT_KEPT = "staff_file_not_kept", "case owner"
    STAFF_MOVED = "staff_moved", "chat"
    STAFF_AGAIN = "staff_again", "text"
    STAFF_DISK_ENOUGH = "staff_disk_enough", "free"
    STAFF_DISK_LOW = "staff_disk_low", "free"
    STAFF_DISK_CRITICAL = "staff_disk_critical", "free"
    STAFF_CHANNEL_UP = "staff_channel_up", "platform name"
    STAFF_CHANNEL_AWAY = "staff_channel_away", "platform"
    STAFF_CHANNEL_REFUSED = "staff_channel_refused", "platform"
    STAFF_NO_MESSAGE_CONTENT = "staff_no_message_content"
    STAFF_UNREACHABLE = "staff_unreachable", "case platform text"
    """A message cannot be delivered: direct messages are closed, or the bot is blocked."""
    STAFF_HEARD = "staff_heard"
    """Answers a command of staff whose effect shows elsewhere."""
    STAFF_BUTTON_TAKE = "staff_button_take"
    STAFF_BUTTON_GIVE_BACK = "staff_button_give_back"
    STAFF_BUTTON_CLOSE = "staff_button_close"
    STAFF_BUTTON_SEND_AGAIN = "staff_button_send_again"
    STAFF_BUTTON_ARRIVED = "staff_button_arrived"
    STAFF_BUTTON_SEND_ANYWAY = "staff_button_send_anyway"
    STAFF_BUTTON_TAKE_OVER = "staff_button_take_over"
    STAFF_BUTTON_DISCARD = "staff_button_discard"
    STAFF_COMMAND_HELP = "staff_command_help"
    STAFF_COMMAND_CASES = "staff_command_cases"
    STAFF_COMMAND_TAKE = "staff_command_take"
    STAFF_COMMAND_GIVE_BACK = "staff_command_give_back"
    STAFF_COMMAND_CLOSE = "staff_command_close"
    STAFF_COMMAND_NOTE = "staff_command_note"
    STAFF_COMMAND_TEXT = "staff_command_text"
    """What a command of staff takes."""
    STAFF_COMMAND_BLOCK = "staff_command_block"
    STAFF_COMMAND_UNBLOCK = "staff_command_unblock"

    # /install, read by whoever runs a public place.
    STAFF_INSTALL = "staff_install", "id thread mode"
    """`id` and `thread` are the platform's numbers; `mode` is a word of config/community.yml."""
    STAFF_INSTALL_COMPLETE = "staff_install_complete"
    STAFF_INSTALL_MISSING = "staff_install_missing"
    """Above a line for each missing right."""
    STAFF_INSTALL_UNKNOWN = "staff_install_unknown"
    """The platform did not say which rights there are."""
    STAFF_INSTALL_LINES = "staff_install_lines"
    """Above the lines to be pasted into config/community.yml."""
    STAFF_RIGHT_SEND = "staff_right_send"
    STAFF_RIGHT_PICTURES = "staff_right_pictures"
    STAFF_RIGHT_HEAR = "staff_right_hear"
    STAFF_RIGHT_VIEW = "staff_right_view"
    STAFF_RIGHT_HISTORY = "staff_right_history"
    STAFF_RIGHT_THREAD_SEND = "staff_right_thread_send"
    STAFF_RIGHT_THREADS = "staff_right_threads"
    STAFF_RIGHT_PRIVATE_THREADS = "staff_right_private_threads"
    STAFF_RIGHT_CONTENT = "staff_right_content"

    # Names of the words in bot.domain, lower case, to stand within a line.
    REASON_ASKED_FOR_PERSON = "reason_asked_for_person"
    REASON_COMPLAINT = "reason_complaint"
    REASON_NOT_UNDERSTOOD = "reason_not_understood"
    REASON_ENTRY_SAYS_SO = "reason_entry_says_so"
    REASON_FACT_EXPIRED = "reason_fact_expired"
    REASON_FILE_RECEIVED = "reason_file_received"
    REASON_HELD_SEND = "reason_held_send"
    REASON_MINOR = "reason_minor"
    STATE_NEW = "state_new"
    STATE_ASSIGNED = "state_assigned"
    STATE_WAITING = "state_waiting"
    STATE_SNOOZED = "state_snoozed"
    STATE_RESOLVED = "state_resolved"
    STATE_REOPENED = "state_reopened"
    OWNER_BOT = "owner_bot"
    OWNER_QUEUE = "owner_queue"
    OWNER_HUMAN = "owner_human"
    OWNER_PAUSED = "owner_paused"
    OUTCOME_ANSWERED = "outcome_answered"
    OUTCOME_CLARIFIED = "outcome_clarified"
    OUTCOME_SMALL_TALK = "outcome_small_talk"
    OUTCOME_HANDED_OFF = "outcome_handed_off"
    OUTCOME_RELAYED = "outcome_relayed"
    OUTCOME_JOINED = "outcome_joined"
    OUTCOME_IGNORED = "outcome_ignored"
    OUTCOME_BLOCKED = "outcome_blocked"
    PLATFORM_TELEGRAM = "platform_telegram"
    PLATFORM_DISCORD = "platform_discord"
    PLATFORM_WEB = "platform_web"
    PLATFORM_TERMINAL = "platform_terminal"
    LANG_ES = "lang_es"
    LANG_EN = "lang_en"
    LANG_PT = "lang_pt"

    # What is wrong with an override in config/texts.yml.
    PROBLEM_UNKNOWN_KEY = "problem_unknown_key", "key suggestion"
    PROBLEM_UNKNOWN_LANGUAGE = "problem_unknown_language", "key lang"
    PROBLEM_EMPTY = "problem_empty", "key"
    PROBLEM_UNKNOWN_PLACEHOLDER = "problem_unknown_placeholder", "key placeholder known"
    PROBLEM_BRACES = "problem_braces", "key"
    PROBLEM_TOO_LONG = "problem_too_long", "key limit"


HANDOFFS: Final[Mapping[Reason, Key]] = MappingProxyType(
    {
        Reason.ASKED: Key.HANDOFF_ASKED,
        Reason.COMPLAINT: Key.HANDOFF_COMPLAINT,
        Reason.NOT_UNDERSTOOD: Key.HANDOFF_NOT_UNDERSTOOD,
        Reason.ENTRY: Key.HANDOFF_ENTRY,
        Reason.FACT_EXPIRED: Key.HANDOFF_FACT_EXPIRED,
        Reason.FILE: Key.HANDOFF_FILE,
        Reason.HELD: Key.HANDOFF_HELD,
        Reason.MINOR: Key.HANDOFF_MINOR,
    }
)
"""What a member is told when handed to a person, by reason."""
