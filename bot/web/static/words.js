// The page's words, in the language that the visitor chose.

export class Words {
  constructor(texts, lang) {
    this.texts = texts;
    this.lang = lang;
  }

  t(key, values = {}) {
    const text = this.texts[this.lang][key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  }

  // Puts the words into everything that names its key.
  paint(root = document) {
    document.documentElement.lang = this.lang;
    for (const [attribute, put] of [
      ["data-t", (node, text) => (node.textContent = text)],
      ["data-t-label", (node, text) => node.setAttribute("aria-label", text)],
      ["data-t-placeholder", (node, text) => node.setAttribute("placeholder", text)],
    ]) {
      for (const node of root.querySelectorAll(`[${attribute}]`)) {
        put(node, this.t(node.getAttribute(attribute), JSON.parse(node.dataset.values ?? "{}")));
      }
    }
  }
}
