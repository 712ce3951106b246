// The conversation on the screen.

import { isLink, linked, outward, safeFragment } from "./safe.js";

export class Log {
  constructor({ words, brand, root, tapped, onTap, onRetry, onFile }) {
    Object.assign(this, { words, brand, root, tapped, onTap, onRetry, onFile });
    this.byId = new Map(); // server id -> node
    this.byClient = new Map(); // client id -> node
    this.labels = new Map(); // payload -> label, for taps that come back as their payload
  }

  clear() {
    this.root.replaceChildren();
    this.byId.clear();
    this.byClient.clear();
  }

  // A message of the server; false when it is here already.
  add(item) {
    if (item.id && this.byId.has(item.id)) return false;
    if (item.client_id && this.byClient.has(item.client_id)) {
      const node = this.byClient.get(item.client_id);
      this.byId.set(item.id, node);
      this.mark(item.client_id, "sent");
      return false;
    }
    const node = item.author === "member" ? this.mine(item) : this.theirs(item);
    if (item.id) this.byId.set(item.id, node);
    this.place(node);
    return true;
  }

  // The member's own message, before the server has it.
  optimistic(entry) {
    const node = this.mine({ text: entry.label || entry.text, client_id: entry.id, at: new Date().toISOString() });
    this.place(node);
    this.mark(entry.id, "sending", { entry });
  }

  mark(id, state, { entry, code, values } = {}) {
    const node = this.byClient.get(id);
    if (!node) return;
    node.classList.toggle("failed", state === "failed");
    node.classList.toggle("sending", state === "sending" || state === "waiting");
    const word = node.querySelector(".word");
    word.textContent = this.words.t(state);
    word.dataset.t = state;
    node.querySelectorAll(".why, .meta button").forEach((old) => old.remove());
    if (entry) node.entry = entry;
    if (code) {
      const why = make("span", "why", this.words.t(`error.${code}`, values));
      Object.assign(why.dataset, { t: `error.${code}`, values: JSON.stringify(values ?? {}) });
      node.querySelector(".meta").append(why);
    }
    if (state === "failed" && code !== "too_long") {
      const again = make("button", "", this.words.t("retry"));
      again.type = "button";
      again.dataset.t = "retry";
      again.addEventListener("click", () => this.onRetry(node.entry));
      node.querySelector(".meta").append(again);
    }
  }

  mine(item) {
    const node = make("article", "message mine");
    node.append(unseen(this.words, "you"));
    const said = this.labels.get(item.text) ?? item.text;
    node.append(make("div", "bubble", said || this.tapped[item.client_id] || this.words.t("tapped")));
    node.append(this.meta(item.at, "sent"));
    if (item.client_id) this.byClient.set(item.client_id, node);
    return node;
  }

  theirs(item) {
    const { words } = this;
    const node = make("article", `message ${item.author}`);
    const staff = item.author === "staff";
    const key = staff ? (item.staff ? "staff" : "staff_nameless") : "bot";
    const author = make("p", "author", words.t(key, { name: item.staff, brand: this.brand }));
    Object.assign(author.dataset, { t: key, values: JSON.stringify({ name: item.staff, brand: this.brand }) });
    node.append(author);
    node.author = `${item.author}:${item.staff}`;
    const bubble = make("div", item.html ? "bubble" : "bubble asis");
    if (item.image) bubble.append(this.picture(item));
    else if (item.alt) bubble.append(make("p", "soft", `${words.t("image")}: ${item.alt}`));
    if (item.html) bubble.append(safeFragment(item.html, words.t("new_tab")));
    else if (item.text) bubble.append(make("div", "", linked(item.text, words.t("new_tab"))));
    for (const file of item.files ?? []) bubble.append(this.file(file));
    node.append(bubble);
    if (item.rows?.length) node.append(this.rows(item.rows));
    node.append(this.meta(item.at));
    return node;
  }

  rows(rows) {
    const group = make("div", "rows");
    for (const row of rows) {
      const line = make("div");
      for (const button of row) line.append(this.choice(button));
      group.append(line);
    }
    return group;
  }

  choice(button) {
    if (button.url) {
      if (!isLink(button.url)) return make("span", "soft", button.label);
      const link = make("a", "choice", button.label);
      outward(link, button.url, this.words.t("new_tab"));
      return link;
    }
    this.labels.set(button.payload, button.label);
    const node = make("button", "choice", button.label);
    node.type = "button";
    node.addEventListener("click", () => this.onTap(button, node));
    return node;
  }

  picture(item) {
    const image = make("img", "picture");
    image.alt = item.alt || this.words.t("image");
    image.decoding = "async";
    image.addEventListener("error", () =>
      image.replaceWith(make("p", "soft", this.words.t("image_failed", { alt: image.alt }))),
    );
    image.addEventListener("load", () => this.onGrow?.());
    image.src = item.image;
    return image;
  }

  file(file) {
    const name = file.name || this.words.t("file_nameless");
    const button = make("button", "choice", this.words.t("file", { name }));
    button.type = "button";
    button.addEventListener("click", () => this.onFile(file, button));
    return make("p", "", button);
  }

  meta(at, state) {
    const meta = make("p", "meta");
    const time = make("time", "", new Date(at).toLocaleTimeString(this.words.lang, { hour: "2-digit", minute: "2-digit" }));
    time.dateTime = at;
    meta.append(time);
    if (state) {
      const word = make("span", "word", this.words.t(state));
      word.dataset.t = state;
      meta.append(word);
    }
    return meta;
  }

  place(node) {
    const before = this.root.lastElementChild;
    const mine = node.classList.contains("mine");
    const same = before && before.classList.contains("mine") === mine && before.author === node.author;
    node.classList.toggle("first", !same);
    if (same) node.querySelector(".author")?.classList.add("unseen");
    if (mine) this.root.querySelector(".mine.last")?.classList.remove("last");
    if (mine) node.classList.add("last");
    this.root.append(node);
  }
}

export function make(tag, className = "", content = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (content) node.append(content);
  return node;
}

function unseen(words, key) {
  const node = make("span", "unseen", words.t(key));
  node.dataset.t = key;
  return node;
}
