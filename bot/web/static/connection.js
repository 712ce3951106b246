// The line to the server: opens, resumes, comes back after a break, and sends one message at a time in order.
// A message stays in the queue until the server has it for good, so a resend after a break is harmless there.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 20_000;
const ACK_WAIT = 15_000;
const TRIES = 4;

export class Connection extends EventTarget {
  constructor({ memory, lang }) {
    super();
    this.memory = memory;
    this.lang = lang;
    this.last = 0;
    this.queue = memory.pending();
    this.inFlight = null;
    this.waits = 0;
    this.session = memory.session();
    addEventListener("online", () => this.hurry());
    addEventListener("offline", () => this.socket?.close());
    addEventListener("pageshow", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    memory.onElsewhere((session) => this.adopt(session));
  }

  open() {
    clearTimeout(this.again);
    this.ready = false;
    this.idle();
    this.tell("state", { state: this.waits ? "retrying" : "connecting" });
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/chat/ws`);
    this.socket = socket;
    socket.onopen = () =>
      this.frame({
        type: "hello",
        ...(this.session ?? {}),
        after: this.last,
        lang: this.lang,
      });
    socket.onmessage = (event) => this.socket === socket && this.receive(JSON.parse(event.data));
    socket.onclose = () => this.socket === socket && this.lost();
  }

  say(entry) {
    this.queue.push({ ...entry, tries: 0 });
    this.remember();
    this.next();
  }

  speak(lang) {
    this.lang = lang;
    if (this.ready) this.frame({ type: "lang", lang });
  }

  // Sends a message that was given up once more, after those that wait.
  retry(entry) {
    this.say(entry);
    this.hurry();
  }

  // Tries now what would be tried later anyway.
  hurry() {
    if (!this.socket || this.socket.readyState > WebSocket.OPEN) this.open();
  }

  // Another tab has begun a conversation: join it, unless this one has its own.
  adopt(session) {
    if (this.session || !session) return;
    this.session = session;
    this.last = 0;
    this.socket?.close();
  }

  receive(frame) {
    if (frame.type === "welcome") return this.welcomed(frame);
    if (frame.type === "ack") return this.settled(frame.id, "sent");
    if (frame.type === "error") return this.refused(frame);
    if (frame.type === "message") this.seen(frame);
    this.tell(frame.type, frame);
  }

  welcomed(frame) {
    const renewed = Boolean(frame.secret);
    if (renewed) {
      this.fresh = { session: frame.session, secret: frame.secret };
      this.last = 0;
    }
    this.ready = true;
    this.waits = 0;
    for (const item of frame.items) {
      this.seen(item);
      if (item.client_id) this.settled(item.client_id, "sent", false);
    }
    this.tell("welcome", { items: frame.items, forgotten: renewed && Boolean(this.session) });
    if (renewed) this.session = null;
    this.tell("state", { state: "online" });
    this.next();
  }

  seen(item) {
    if (item.author !== "member") this.last = Math.max(this.last, item.id);
  }

  next() {
    if (!this.ready || this.inFlight || this.pause || !this.queue.length) return;
    const entry = this.queue[0];
    this.inFlight = entry.id;
    if (this.fresh) {
      this.session = this.fresh;
      this.fresh = null;
      this.memory.keep(this.session, false);
    }
    const { id, text, payload, label } = entry;
    this.frame(payload ? { type: "tap", id, payload, label } : { type: "say", id, text });
    this.ackTimer = setTimeout(() => this.socket?.close(), ACK_WAIT);
  }

  settled(id, state, go = true) {
    if (!this.queue.some((entry) => entry.id === id)) return;
    this.queue = this.queue.filter((entry) => entry.id !== id);
    this.remember();
    if (state === "sent" && this.session) this.memory.keep(this.session, true);
    this.land(id);
    this.tell("settled", { id, state });
    if (go) this.next();
  }

  refused(frame) {
    const entry = this.queue.find((waiting) => waiting.id === frame.id);
    if (!entry) return;
    this.land(entry.id);
    entry.tries += 1;
    if (frame.retry_after && entry.tries < TRIES && frame.retry_after < 60) {
      this.tell("trouble", { code: frame.code, id: entry.id, final: false });
      this.pause = setTimeout(() => {
        this.pause = null;
        this.next();
      }, frame.retry_after * 1000);
      return;
    }
    this.queue = this.queue.filter((waiting) => waiting !== entry);
    this.remember();
    this.tell("trouble", { code: frame.code, id: entry.id, final: true });
    this.next();
  }

  land(id) {
    if (this.inFlight === id) this.idle();
  }

  // Nothing is on its way any more; what was stays in the queue unless it has arrived.
  idle() {
    this.inFlight = null;
    clearTimeout(this.ackTimer);
  }

  lost() {
    this.ready = false;
    this.socket = null;
    this.idle();
    this.waits += 1;
    this.tell("state", { state: "offline" });
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.waits - 1));
    this.again = setTimeout(() => this.open(), wait * (0.7 + Math.random() * 0.6));
  }

  frame(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  remember() {
    this.memory.pendingIs(this.queue.map(({ id, text, payload, label }) => ({ id, text, payload, label, tries: 0 })));
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
