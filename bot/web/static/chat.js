// The chat page: ties the line, the log and the writing box together.

import { Connection } from "./connection.js";
import { Log, make } from "./log.js";
import { Memory } from "./memory.js";
import { Words } from "./words.js";

const TYPING_LASTS = 12_000;
const LARGEST = 16_200; // bytes; the server closes the line on a frame above 16 KB
const OFFLINE_SHOWS_AFTER = 700;

const $ = (id) => document.getElementById(id);
const boot = JSON.parse($("boot").textContent);
const memory = new Memory();
const words = new Words(boot.texts, boot.asked ? boot.lang : pick(memory.lang()) ?? boot.lang);
const connection = new Connection({ memory, lang: words.lang });
const log = new Log({ words, brand: boot.brand, root: $("log"), tapped: memory.labels(), onTap: tap, onRetry: retry, onFile: download });
const text = $("text");
let atEnd = true;
let typingTimer = null;
let unread = 0;

function pick(lang) {
  return lang in boot.texts ? lang : null;
}

// ---- language

function speak(lang) {
  words.lang = lang;
  words.paint();
  $("about").textContent = boot.about[lang] ?? "";
  document.title = words.t("title", { brand: boot.brand });
  const menu = $("menu");
  menu.replaceChildren(...(boot.menu[lang] ?? []).map((button) => log.choice(button)));
  count();
}

const choice = $("language");
for (const [code, name] of Object.entries(boot.names)) {
  const option = make("option", "", name);
  option.value = code;
  option.lang = code;
  choice.append(option);
}
choice.value = words.lang;
$("tongue").hidden = choice.options.length < 2;
choice.addEventListener("change", () => {
  memory.langIs(choice.value);
  connection.speak(choice.value);
  speak(choice.value);
});

// ---- writing

function fit() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

function count() {
  const left = boot.limit - [...text.value].length;
  $("left").textContent = left < 200 ? words.t("left", { n: left }) : "";
  $("left").dataset.over = String(left < 0);
}

text.addEventListener("input", () => {
  fit();
  count();
});
text.addEventListener("keydown", (event) => {
  // While an input method composes, Enter chooses a word.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
    event.preventDefault();
    $("composer").requestSubmit();
  }
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const said = text.value.trim();
  if (!said) return text.focus();
  if ([...said].length > boot.limit || new Blob([JSON.stringify(said)]).size > LARGEST) return announce(words.t("error.too_long", { max: boot.limit }));
  send({ id: newId(), text: said });
  text.value = "";
  fit();
  count();
  text.focus();
});

function tap(button, node) {
  if (node.waiting) return; // pressed twice in a hurry
  node.waiting = true;
  node.setAttribute("aria-disabled", "true"); // disabled itself would lose the focus
  const entry = { id: newId(), payload: button.payload, label: button.label };
  memory.tapped(entry.id, entry.label);
  send(entry);
  const free = ({ detail }) => {
    if (detail.id !== entry.id || detail.final === false) return;
    node.waiting = false;
    node.removeAttribute("aria-disabled");
    connection.removeEventListener("settled", free);
    connection.removeEventListener("trouble", free);
  };
  connection.addEventListener("settled", free);
  connection.addEventListener("trouble", free);
}

function send(entry) {
  log.optimistic(entry);
  if (!connection.ready) log.mark(entry.id, "waiting", { entry });
  atEnd = true;
  follow();
  connection.say(entry);
}

function retry(entry) {
  log.mark(entry.id, connection.ready ? "sending" : "waiting", { entry });
  text.focus(); // the button is gone, and the focus must not fall to the page
  connection.retry(entry);
}

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID needs https
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// ---- reading

const scroll = $("scroll");
scroll.addEventListener("scroll", () => {
  atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
  if (atEnd) $("newer").hidden = true;
});
$("newer").addEventListener("click", () => {
  atEnd = true;
  follow();
  text.focus();
});
new ResizeObserver(() => follow()).observe(scroll);
log.onGrow = follow;

function follow() {
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
}

function quiet() {
  clearTimeout(typingTimer);
  $("typing").hidden = true;
}

function announce(what) {
  $("announce").textContent = "";
  requestAnimationFrame(() => ($("announce").textContent = what));
}

connection.addEventListener("welcome", ({ detail }) => {
  if (detail.forgotten) log.clear();
  $("log").setAttribute("aria-busy", "true"); // history is not news
  for (const item of detail.items) log.add(item);
  for (const entry of connection.queue) {
    if (!log.byClient.has(entry.id)) log.optimistic(entry);
    log.mark(entry.id, "sending", { entry });
  }
  $("log").removeAttribute("aria-busy");
  quiet();
  follow();
});
connection.addEventListener("message", ({ detail }) => {
  quiet();
  if (!log.add(detail)) return;
  if (atEnd) follow();
  else $("newer").hidden = false;
  noteUnread();
});
connection.addEventListener("typing", () => {
  clearTimeout(typingTimer);
  if ($("typing").hidden) announce(words.t("typing"));
  $("typing").hidden = false;
  typingTimer = setTimeout(quiet, TYPING_LASTS);
  follow();
});
connection.addEventListener("settled", ({ detail }) => log.mark(detail.id, detail.state));
connection.addEventListener("trouble", ({ detail }) => {
  const values = { max: boot.limit };
  log.mark(detail.id, detail.final ? "failed" : "sending", { code: detail.code, values });
  announce(`${detail.final ? words.t("failed") + ". " : ""}${words.t(`error.${detail.code}`, values)}`);
  follow();
});

// ---- the state of the line

let stateTimer = null;
let wasOffline = false;

connection.addEventListener("state", ({ detail }) => {
  clearTimeout(stateTimer);
  if (detail.state === "offline") {
    for (const entry of connection.queue) log.mark(entry.id, "waiting", { entry });
    stateTimer = setTimeout(() => {
      wasOffline = true;
      show("offline", words.t("offline"));
    }, wasOffline ? 0 : OFFLINE_SHOWS_AFTER); // a blink is not worth a word
  } else if (detail.state === "online") {
    if (!wasOffline) return show("online", "");
    wasOffline = false;
    show("back", words.t("online"));
    stateTimer = setTimeout(() => show("online", ""), 2500);
  } else if (detail.state === "connecting") {
    show("connecting", "");
    stateTimer = setTimeout(() => show("slow", words.t("connecting")), 1500);
  } else if (wasOffline) {
    show("offline", words.t("offline"));
  }
});

function show(state, what) {
  $("state").dataset.state = state;
  $("state").firstElementChild.textContent = what;
}

// ---- files

async function download(file, button) {
  const { session, secret } = connection.session ?? {};
  try {
    const answer = await fetch(`/chat/files/${file.id}`, { headers: { Authorization: `Session ${session}:${secret}` } });
    if (!answer.ok) throw new Error(String(answer.status));
    const url = URL.createObjectURL(await answer.blob());
    const link = make("a");
    link.href = url;
    link.download = file.name || words.t("file_nameless");
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch {
    announce(words.t("file_failed"));
    button.after(make("span", "why soft", ` ${words.t("file_failed")}`));
  }
}

// ---- inside the widget

function toHost(message) {
  // Nothing secret goes this way, and the host's origin is not known here.
  if (boot.embedded && parent !== window) parent.postMessage({ vocero: message }, "*");
}

function noteUnread() {
  if (!document.hidden && document.hasFocus()) return;
  unread += 1;
  toHost({ unread });
}

if (boot.embedded) {
  $("close").hidden = false;
  $("close").addEventListener("click", () => toHost({ close: true }));
  addEventListener("keydown", (event) => event.key === "Escape" && toHost({ close: true }));
  addEventListener("message", (event) => {
    if (event.source === parent && event.data?.vocero?.focus) text.focus();
  });
}
addEventListener("focus", () => {
  unread = 0;
  toHost({ unread });
});

speak(words.lang);
fit();
if (!boot.embedded && matchMedia("(hover: hover)").matches) text.focus();
connection.open();
