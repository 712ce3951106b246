// The chat on any page, by one tag:
//   <script src="https://chat.example/widget.js" data-lang="es" data-side="right" data-label="Ayuda" async></script>
// It makes a button and, when that is pressed, a frame with the chat. It reads and changes nothing else.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.__voceroWidget) return;
  window.__voceroWidget = true;

  const origin = new URL(script.src).origin;
  const { lang = "", side = "right", label = "", color = "", openLabel, closeLabel } = script.dataset;
  const speech = (lang || document.documentElement.lang || navigator.language || "es").slice(0, 2).toLowerCase();
  const TEXTS = {
    es: { open: "Abrir el chat", close: "Cerrar el chat", unread: "sin leer" },
    en: { open: "Open the chat", close: "Close the chat", unread: "unread" },
    pt: { open: "Abrir o chat", close: "Fechar o chat", unread: "não lidas" },
  };
  const words = { ...(TEXTS[speech] ?? TEXTS.es) };
  if (openLabel) words.open = openLabel;
  if (closeLabel) words.close = closeLabel;

  const CSS = `
    :host { all: initial; position: fixed; z-index: 2147483000; bottom: 20px; ${side === "left" ? "left" : "right"}: 20px; }
    * { box-sizing: border-box; }
    .launch {
      display: flex; align-items: center; justify-content: center; gap: 10px; position: relative;
      min-width: 60px; height: 60px; padding: 0 18px; border: 0; border-radius: 30px; cursor: pointer;
      background: ${/^#[0-9a-f]{6}$/i.test(color) ? color : "#2c5f66"}; color: #fff;
      font: 600 16px/1 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
      box-shadow: 0 2px 6px rgb(0 0 0 / 18%), 0 10px 30px rgb(0 0 0 / 18%); transition: transform .15s;
      margin-${side === "left" ? "right" : "left"}: auto;
    }
    .launch:hover { transform: translateY(-1px); }
    .launch:focus-visible { outline: 3px solid #fff; outline-offset: -6px; box-shadow: 0 0 0 3px #111; }
    .launch svg { width: 26px; height: 26px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
    .count {
      position: absolute; top: -4px; right: -4px; min-width: 24px; height: 24px; padding: 0 6px; border-radius: 12px;
      background: #a3262a; color: #fff; font-size: 13px; line-height: 24px; text-align: center;
    }
    .panel {
      position: fixed; bottom: 94px; ${side === "left" ? "left" : "right"}: 20px;
      width: min(400px, calc(100vw - 40px)); height: min(640px, calc(100vh - 120px));
      border-radius: 20px; overflow: hidden; background: #f7f6f3;
      box-shadow: 0 4px 12px rgb(0 0 0 / 14%), 0 20px 60px rgb(0 0 0 / 24%);
    }
    .panel iframe { display: block; width: 100%; height: 100%; border: 0; color-scheme: light dark; }
    [hidden] { display: none !important; }
    @media (max-width: 520px) {
      .panel { inset: 0; width: 100%; height: 100%; border-radius: 0; }
      .panel:not([hidden]) ~ .launch { display: none; }
    }
    @media (prefers-color-scheme: dark) { .panel { background: #15181b; } }
    @media (prefers-reduced-motion: reduce) { .launch { transition: none; } }
    @media print { :host { display: none; } }
  `;

  function start() {
    const host = document.createElement("vocero-chat");
    const root = host.attachShadow({ mode: "open" });
    // A constructed sheet also works where the page forbids inline styles.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];

    const panel = document.createElement("div");
    panel.className = "panel";
    panel.id = "panel";
    panel.hidden = true;
    const launch = document.createElement("button");
    launch.type = "button";
    launch.className = "launch";
    launch.setAttribute("aria-expanded", "false");
    launch.setAttribute("aria-controls", "panel");
    launch.setAttribute("aria-label", words.open);
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const BUBBLE = "M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-6l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z";
    const CROSS = "M6 6l12 12M18 6L6 18";
    path.setAttribute("d", BUBBLE);
    icon.append(path);
    launch.append(icon);
    if (label) launch.append(label);
    const count = document.createElement("span");
    count.className = "count";
    count.hidden = true;
    launch.append(count);
    root.append(panel, launch);
    document.body.append(host);

    let frame = null;

    function open() {
      if (!frame) {
        frame = document.createElement("iframe");
        frame.title = words.open;
        frame.src = `${origin}/chat?embed=1${lang ? `&lang=${encodeURIComponent(lang)}` : ""}`;
        frame.addEventListener("load", focus);
        panel.append(frame);
      }
      panel.hidden = false;
      state(true);
      unread(0);
      focus();
    }

    function focus() {
      if (panel.hidden) return;
      frame.focus();
      frame.contentWindow.postMessage({ vocero: { focus: true } }, origin);
    }

    function close() {
      panel.hidden = true;
      state(false);
      launch.focus();
    }

    function state(isOpen) {
      launch.setAttribute("aria-expanded", String(isOpen));
      launch.setAttribute("aria-label", isOpen ? words.close : words.open);
      path.setAttribute("d", isOpen ? CROSS : BUBBLE);
    }

    function unread(n) {
      if (n && !panel.hidden) return;
      count.hidden = !n;
      count.textContent = n > 9 ? "9+" : String(n);
      if (panel.hidden) launch.setAttribute("aria-label", n ? `${words.open}, ${n} ${words.unread}` : words.open);
    }

    launch.addEventListener("click", () => (panel.hidden ? open() : close()));
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !panel.hidden) close();
    });
    addEventListener("message", (event) => {
      if (!frame || event.source !== frame.contentWindow || event.origin !== origin) return;
      if (event.data?.vocero?.close) close();
      if (Number.isInteger(event.data?.vocero?.unread)) unread(event.data.vocero.unread);
    });
  }

  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
