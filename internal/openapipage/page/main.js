// The page: it loads the document, and shows the operation that the address names.

import {Credentials} from "./auth.js";
import {make, setText, text} from "./dom.js";
import {hashOf, OperationList} from "./list.js";
import {operationView} from "./operation.js";
import {overview} from "./overview.js";
import {isObject, operations, own, Spec} from "./spec.js";

const maxDocument = 64 << 20, maxViews = 10;
const byId = (id) => document.getElementById(id);

// load returns the document.
async function load() {
  const url = byId("document").href;
  const response = await fetch(url, {headers: {Accept: "application/json"}});
  if (!response.ok) throw new Error(`The server answered with the status ${response.status}.`);
  const root = JSON.parse(await readText(response));
  if (!isObject(root) || !/^3\.[1-9]/.test(text(own(root, "openapi")))) throw new Error("It is not of OpenAPI 3.1 or 3.2.");
  return new Spec(root, response.url || url);
}

async function readText(response) {
  const decoder = new TextDecoder(), reader = response.body.getReader(), parts = [];
  for (let length = 0; ;) {
    const {done, value} = await reader.read();
    if (done) return parts.join("") + decoder.decode();
    length += value.length;
    if (length > maxDocument) throw new Error("It is larger than 64 MiB.");
    parts.push(decoder.decode(value, {stream: true}));
  }
}

// A Site shows one view at a time. It keeps the newest views with what was entered there.
class Site {
  constructor(spec) {
    this.spec = spec;
    const all = operations(spec);
    this.credentials = new Credentials(spec);
    this.byHash = new Map(all.map((o) => [hashOf(o.key), o]));
    this.views = new Map();
    this.list = new OperationList(spec, all);
    this.overview = () => ({element: overview(spec, all, this.credentials), enter() {}, leave() {}});
    this.title = text(own(own(spec.root, "info"), "title")) || "API";
    setText(byId("title"), this.title);
    const version = text(own(own(spec.root, "info"), "version"), 40);
    setText(byId("version"), version);
    byId("version").hidden = !version;
    byId("nav").hidden = false;
    setText(byId("status"), "");
  }

  // show shows what the address names. A reader who came by a link gets the focus there.
  show(hasMoved) {
    const o = this.byHash.get(location.hash);
    this.view?.leave();
    this.view = o ? this.viewOf(o) : this.overview();
    byId("main").replaceChildren(this.view.element);
    this.view.enter();
    document.body.classList.toggle("detail", Boolean(o));
    document.title = o ? `${o.method} ${text(o.path, 80)} – ${this.title}` : this.title;
    this.list.select(o ? o.key : "");
    if (!hasMoved) return;
    scrollTo(0, 0);
    byId("main").querySelector("h2").focus({preventScroll: true});
  }

  viewOf(o) {
    const view = this.views.get(o.key) ?? operationView(this.spec, o, this.credentials);
    this.views.delete(o.key);
    this.views.set(o.key, view);
    if (this.views.size > maxViews) this.views.delete(this.views.keys().next().value);
    return view;
  }
}

async function start() {
  try {
    const site = new Site(await load());
    addEventListener("hashchange", () => site.show(true));
    site.show(false);
  } catch (e) {
    setText(byId("status"), "");
    const again = make("button", {type: "button"}, "Try again");
    again.addEventListener("click", start);
    byId("main").replaceChildren(make("h2", {}, "The document cannot be shown"), make("p", {class: "bad"}, text(e.message)), again);
  }
}

byId("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address names the operation
  byId("main").focus();
});
start();
