// What the browser remembers: the session for all tabs, unsent messages for this one. Without storage, nothing.

const SESSION = "vocero.session";
const PENDING = "vocero.pending";
const LANG = "vocero.lang";
const LABELS = "vocero.labels";
const MOST_LABELS = 100;

export class Memory {
  constructor() {
    this.lasting = storage(() => localStorage);
    this.passing = storage(() => sessionStorage);
  }

  session() {
    const kept = read(this.lasting, SESSION);
    return kept?.session && kept?.secret ? { session: kept.session, secret: kept.secret } : null;
  }

  // `said` tells other tabs that the server knows the session by now.
  keep(session, said) {
    write(this.lasting, SESSION, { ...session, said });
  }

  pending() {
    const kept = read(this.passing, PENDING);
    return Array.isArray(kept) ? kept : [];
  }

  pendingIs(entries) {
    write(this.passing, PENDING, entries);
  }

  // What stood on a pressed button, by the message's id: the server may know only its payload.
  labels() {
    return read(this.lasting, LABELS) ?? {};
  }

  tapped(id, label) {
    const kept = Object.entries({ ...this.labels(), [id]: label }).slice(-MOST_LABELS);
    write(this.lasting, LABELS, Object.fromEntries(kept));
  }

  lang() {
    return read(this.lasting, LANG);
  }

  langIs(lang) {
    write(this.lasting, LANG, lang);
  }

  onElsewhere(told) {
    addEventListener("storage", (event) => {
      if (event.key === SESSION && read(this.lasting, SESSION)?.said) told(this.session());
    });
  }
}

function storage(get) {
  try {
    return get();
  } catch {
    return null; // the browser forbids it in this frame
  }
}

function read(store, key) {
  try {
    return JSON.parse(store?.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(store, key, value) {
  try {
    store?.setItem(key, JSON.stringify(value));
  } catch {
    // full or forbidden: the conversation goes on, only a reload would forget it
  }
}
