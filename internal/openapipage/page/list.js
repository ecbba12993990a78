// The list of operations, by tag, with a filter. It shows a part at a time: there may be
// thousands.

import {cut, make, setText, text} from "./dom.js";
import {list, own} from "./spec.js";
import {methodBadge} from "./operation.js";

const part = 200;

export class OperationList {
  constructor(spec, all) {
    const order = list(own(spec.root, "tags")).map((tag) => text(own(tag, "name"), 100));
    this.all = inOrder(all, [...new Set(order)]);
    this.box = document.getElementById("list");
    this.found = document.getElementById("found");
    this.filter = document.getElementById("filter");
    this.filter.addEventListener("input", () => this.show());
    this.current = "";
    this.show();
  }

  show(most = part) {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 10);
    const matching = words.length ? this.all.filter((o) => words.every((word) => o.search.includes(word))) : this.all;
    setText(this.found, words.length ? `${matching.length} of ${this.all.length} operations` : `${this.all.length} operations`);
    const groups = groupsOf(matching.slice(0, most));
    this.box.replaceChildren(...groups.map(({name, items}) => group(name, items, groups.length > 1)));
    if (matching.length > most) this.box.append(this.more(matching, most));
    this.select(this.current);
  }

  more(matching, most) {
    const button = make("button", {type: "button", class: "more"}, `Show ${Math.min(part, matching.length - most)} more`);
    button.addEventListener("click", () => {
      this.show(most + part);
      this.box.querySelectorAll("a")[most]?.focus();
    });
    return button;
  }

  // select marks the operation that is shown.
  select(key) {
    this.current = key;
    for (const a of this.box.querySelectorAll("a")) {
      const isCurrent = a.hash === hashOf(key);
      if (isCurrent !== a.hasAttribute("aria-current")) a.toggleAttribute("aria-current");
      if (isCurrent) a.setAttribute("aria-current", "page");
    }
  }
}

export const hashOf = (key) => "#" + encodeURIComponent(key.toWellFormed());

const tagOf = (o) => o.webhook ? "Webhooks" : o.tags[0] ?? "";

// inOrder sorts operations by their first tag, tags in the order of the document.
function inOrder(all, tags) {
  const rank = new Map(tags.map((tag, i) => [tag, i]));
  for (const o of all) if (!rank.has(tagOf(o))) rank.set(tagOf(o), rank.size);
  return [...all].sort((a, b) => rank.get(tagOf(a)) - rank.get(tagOf(b)));
}

function groupsOf(all) {
  const groups = [];
  for (const o of all) {
    if (groups.at(-1)?.name !== tagOf(o)) groups.push({name: tagOf(o), items: []});
    groups.at(-1).items.push(o);
  }
  return groups;
}

function group(name, items, isNamed) {
  return make("div", {}, isNamed ? make("h2", {}, name || "Other operations") : null, make("ul", {}, items.map(row)));
}

function row(o) {
  return make("li", {}, make("a", {href: hashOf(o.key)}, methodBadge(o.method),
    make("span", {class: "where"}, make("span", {class: o.deprecated ? "path old" : "path"}, cut(o.path, 150)), o.summary ? make("span", {class: "summary"}, cut(o.summary, 120)) : null,
      o.deprecated ? make("span", {class: "deprecated"}, "deprecated") : null)));
}
