// Copies the server's HTML tag by tag: what is not on the list becomes its text.

const TAGS = new Set(["P", "BR", "STRONG", "EM", "S", "CODE", "PRE", "BLOCKQUOTE", "UL", "OL", "LI", "HR", "A"]);
const LINK = /^(https?:\/\/|mailto:|tel:)/i;

const ADDRESS = /https?:\/\/[\p{L}\d[][^\s<>"“«]*/giu;

export function isLink(url) {
  return LINK.test(url);
}

export function safeFragment(html, newTab) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const fragment = document.createDocumentFragment();
  copy(parsed.body, fragment, newTab);
  return fragment;
}

function copy(from, to, newTab) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) {
      to.append(from.closest("a, code") ? node.data : linked(node.data, newTab));
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      if (node.localName === "script" || node.localName === "style") continue; // inside SVG too
      to.append(TAGS.has(node.tagName) ? element(node, newTab) : inner(node, newTab));
    }
  }
}

function inner(node, newTab) {
  const fragment = document.createDocumentFragment();
  copy(node, fragment, newTab);
  return fragment;
}

function element(node, newTab) {
  if (node.tagName === "A" && !isLink(node.getAttribute("href") ?? "")) return inner(node, newTab);
  const made = document.createElement(node.tagName);
  if (node.tagName === "A") outward(made, node.getAttribute("href"), newTab);
  if (node.tagName === "OL" && /^\d{1,6}$/.test(node.getAttribute("start") ?? "")) {
    made.setAttribute("start", node.getAttribute("start"));
  }
  copy(node, made, newTab);
  return made;
}

// A text with its addresses as links; what ends a sentence around an address is no part of it.
export function linked(text, newTab) {
  const fragment = document.createDocumentFragment();
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    let address = match[0].replace(/[.,;:!?'’»”…*]+$/, "");
    if (address.endsWith(")") && !address.includes("(")) address = address.slice(0, -1);
    const link = document.createElement("a");
    outward(link, address, newTab);
    link.append(address);
    fragment.append(text.slice(end, match.index), link);
    end = match.index + address.length;
  }
  fragment.append(text.slice(end));
  return fragment;
}

// A link that leaves the page: in its own tab, telling the target nothing of us.
export function outward(link, url, newTab) {
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  link.title = newTab;
}
