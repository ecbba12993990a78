// How elements are made. Texts of the document and of responses are not trusted: they go in
// as text nodes, never as HTML, and are cut.

const known = ["class", "id", "for", "type", "href", "rel", "role", "tabindex", "hidden", "name", "value", "open", "download",
  "rows", "scope", "autocomplete", "spellcheck", "placeholder", "disabled", "multiple", "lang", "selected", "checked"];

// make returns an element. The names of attributes are the page's own. Children that are
// null or "" are left out.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (!known.includes(name) && !name.startsWith("aria-")) throw new TypeError(`the attribute ${name}`);
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

let ids = 0;

// newID returns an id for an element. Names of the document never become ids.
export const newID = (prefix) => `${prefix}-${++ids}`;

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// cut returns the start of a text.
export function cut(text, most) {
  return text.length > most ? text.slice(0, most) + "…" : text;
}

// text returns a value of the document as a text: "" for what is not a scalar.
export function text(value, most = 300) {
  if (typeof value === "string") return cut(value, most);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

// compact returns a value as one short line of JSON.
export const compact = (value, most = 120) => cut(JSON.stringify(value) ?? "", most);

// prose returns a description: its paragraphs, with code between backticks.
export function prose(value, most = 20000) {
  const paragraphs = text(value, most).trim().split(/\n\s*\n/).filter(Boolean);
  return paragraphs.length ? make("div", {class: "prose"}, paragraphs.map((p) => make("p", {}, spans(p)))) : null;
}

function spans(paragraph) {
  return paragraph.split(/`([^`\n]+)`/).map((part, i) => i % 2 ? make("code", {}, part) : part);
}

// link returns a link to a page, or its text alone if the URL is not one of the web.
export function link(url, label) {
  const to = webURL(text(url, 2000));
  const shown = text(label) || text(url);
  return to ? make("a", {href: to, rel: "noopener noreferrer"}, shown) : shown;
}

function webURL(url) {
  const parsed = url ? URL.parse(url, document.baseURI) : null;
  return parsed && ["http:", "https:", "mailto:"].includes(parsed.protocol) ? parsed.href : "";
}

// lazy returns an element that unfolds. Its content is made when it is first opened.
export function lazy(summary, content, {open = false, kind = ""} = {}) {
  const details = make("details", {class: kind || null}, make("summary", {}, summary));
  let made = false;
  const fill = () => {
    if (made || !details.open) return;
    made = true;
    details.append(...[content()].flat());
  };
  details.addEventListener("toggle", fill);
  if (open) {
    details.open = true;
    fill();
  }
  return details;
}

// more appends the elements that make returns for the items to a parent, a part at a time:
// a button asks for the next part.
export function more(parent, items, element, part = 200) {
  const rest = items.slice(part);
  parent.append(...items.slice(0, part).map(element));
  if (!rest.length) return parent;
  const button = make("button", {type: "button", class: "more"}, `Show ${Math.min(part, rest.length)} more of ${rest.length}`);
  const item = parent.tagName === "UL" ? make("li", {}, button) : button;
  button.addEventListener("click", () => {
    const last = item.previousElementSibling;
    item.remove();
    more(parent, rest, element, part);
    focusInside(last?.nextElementSibling);
  });
  parent.append(item);
  return parent;
}

function focusInside(element) {
  if (!element) return;
  const at = element.matches("a, button, summary") ? element : element.querySelector("a, button, summary");
  at?.focus();
}

// copyButton returns a button that copies what value returns. Without the clipboard, which
// pages over plain HTTP lack, it selects the text of the element source.
export function copyButton(value, source) {
  const button = make("button", {type: "button", class: "small"}, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(value());
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return button;
}
