// Keeps the staff page fresh without touching what is being typed, and keeps typed texts over a reload.

const live = document.getElementById("live");
const list = document.getElementById("list");
const detail = document.getElementById("detail");
const title = document.title;

// ---- how long ago

function ages(root = document) {
  const { now, minutes, hours, days } = live.dataset;
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.title ||= time.textContent;
    const passed = (Date.now() - new Date(time.dateTime)) / 60_000;
    const [text, n] =
      passed < 1 ? [now, 0] : passed < 60 ? [minutes, passed] : passed < 1440 ? [hours, passed / 60] : [days, passed / 1440];
    if (passed < 10_080) time.textContent = text.replace("{n}", Math.floor(n));
  }
}

// ---- changes

let failures = 0;

async function watch() {
  const query = new URLSearchParams({ closed: list.dataset.closed, list: list.dataset.tag });
  if (detail) {
    query.set("case", detail.dataset.case);
    query.set("detail", detail.dataset.tag);
  }
  try {
    const answer = await fetch(`/staff/live?${query}`, { headers: { Accept: "application/json" } });
    if (answer.status === 401) return location.reload(); // the page says what to do; typed text is kept
    if (!answer.ok) throw new Error(String(answer.status));
    const changes = await answer.json();
    for (const [place, part] of [[list, changes.list], [detail, changes.detail]]) {
      if (place && part) replace(place, part);
    }
    if (failures) say(live.dataset.back, true);
    else if (changes.list) {
      document.title = document.hidden ? `• ${title}` : title;
      say(live.dataset.new, true);
    }
    failures = 0;
    setTimeout(watch, 50);
  } catch {
    failures += 1;
    if (failures > 1) say(live.dataset.lost, false);
    setTimeout(watch, Math.min(20_000, 500 * 2 ** failures));
  }
}

function say(text, quiet) {
  live.classList.toggle("quiet", quiet);
  if (live.textContent !== text) live.textContent = text;
}

function replace(place, part) {
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  const foot = document.documentElement.scrollHeight - scrollY - innerHeight;
  const parsed = new DOMParser().parseFromString(part.html, "text/html");
  place.replaceChildren(...parsed.body.childNodes);
  place.dataset.tag = part.tag;
  ages(place);
  guard(place);
  if (focused) (document.getElementById(focused) ?? document.getElementById("talk"))?.focus({ preventScroll: true });
  // Whoever was at the writing box stays there when the conversation above it grows.
  if (place === detail && foot < 400) scrollTo(0, document.documentElement.scrollHeight - innerHeight - foot);
}

// ---- forms

function guard(root = document) {
  for (const form of root.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) return event.preventDefault();
      form.dataset.sent = "1";
    });
  }
}

for (const form of document.querySelectorAll("form[data-keep]")) {
  const text = form.querySelector("textarea");
  const key = `vocero.staff.${form.action}`;
  const did = document.getElementById("flash")?.dataset.did;
  const done = new URLSearchParams(location.search).get("done");
  if (did === form.dataset.keep && (done === did || done === "kept")) forget(key);
  text.value ||= recall(key);
  if (text.value) text.closest("details")?.setAttribute("open", "");
  text.addEventListener("input", () => keep(key, text.value));
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}

function keep(key, value) {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // forbidden or full: only a reload would lose the text
  }
}

function recall(key) {
  try {
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function forget(key) {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // nothing was kept
  }
}

// The outcome has been read once; a reload must not claim it again.
if (location.search.includes("done=")) history.replaceState(null, "", location.pathname);
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});
document.addEventListener("visibilitychange", () => document.hidden || (document.title = title));

ages();
guard();
setInterval(ages, 30_000);
watch();
