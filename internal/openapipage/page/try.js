// The form that sends a request to an operation.

import {Answer} from "./answer.js";
import {schemesOf} from "./auth.js";
import {bodyOf, mark, unmark} from "./body.js";
import {compact, copyButton, cut, make, newID, setText, text} from "./dom.js";
import {curlOf, entered, inHeader, inPath, inQuery, kindOf, pathOf, urlOf} from "./request.js";
import {rulesOf, typeOf} from "./schema.js";
import {contentOf, entries, list, own, parametersOf, serversOf} from "./spec.js";
import {isStream} from "./stream.js";

const unsendable = ["TRACE", "CONNECT", "TRACK"];

export class Try {
  constructor(spec, o, credentials) {
    Object.assign(this, {spec, o, credentials, running: null});
    this.changed = () => this.showCurl();
    this.fields = parametersOf(spec, o).filter((p) => p.in !== "cookie").map((p) => this.field(p));
    this.body = bodyOf(spec, o, this.changed);
    this.accepts = [...new Set(successes(spec, o).flatMap((r) => contentOf(spec, r).map((c) => c.media)))];
    this.answer = new Answer((problem) => this.mark(problem));
    this.element = this.build();
  }

  build() {
    this.send = make("button", {type: "submit", class: "primary"}, "Send");
    this.stop = make("button", {type: "button", hidden: true}, "Stop");
    this.stop.addEventListener("click", () => this.leave());
    this.fault = make("p", {class: "fault", role: "alert"});
    this.curl = make("code");
    const form = make("form", {class: "try", autocomplete: "off", "aria-label": "Try it"}, make("h3", {}, "Try it"), this.serverField(),
      this.credentials.fields(schemesOf(this.spec, this.o), this.changed), this.parameters(), this.body?.element, this.acceptField(), this.fault,
      make("div", {class: "row"}, this.send, this.stop), this.answer.element, this.curlBox());
    form.noValidate = true; // what is wrong is for the server to say
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    return form;
  }

  serverField() {
    this.servers = serversOf(this.spec, this.o);
    const others = this.servers.filter((s) => URL.parse(s)?.origin !== location.origin);
    const note = others.length ? make("p", {class: "note"}, "Another host must allow requests of this page (CORS).") : null;
    if (this.servers.length < 2) return others.length ? make("p", {class: "note"}, "Server: ", make("code", {}, this.servers[0]), ". ", note?.textContent) : null;
    this.server = this.select("Server", this.servers);
    return make("div", {}, this.server.element, note);
  }

  acceptField() {
    if (this.accepts.length < 2) return null;
    this.accept = this.select("Accept", this.accepts);
    return this.accept.element;
  }

  select(label, values) {
    const id = newID("select"), input = make("select", {id}, values.map((v) => make("option", {value: v}, v)));
    input.addEventListener("change", this.changed);
    return {input, element: make("div", {class: "field"}, make("label", {for: id}, label), input)};
  }

  parameters() {
    const cookies = parametersOf(this.spec, this.o).filter((p) => p.in === "cookie").map((p) => p.name);
    if (!this.fields.length && !cookies.length) return null;
    return make("fieldset", {}, make("legend", {}, "Parameters"), this.fields.map((f) => f.element),
      cookies.length ? make("p", {class: "note"}, `Cookies are sent by the browser, if it has them: ${cut(cookies.join(", "), 300)}.`) : null);
  }

  field(p) {
    const id = newID("parameter"), content = contentOf(this.spec, p.parameter)[0];
    const schema = content ? own(content.type, "schema") : own(p.parameter, "schema"), found = this.spec.get(schema);
    const kind = content ? "" : kindOf(this.spec, schema), values = choices(found);
    const input = values ? make("select", {id}, (p.required ? values : ["", ...values]).map((v) => make("option", {value: v}, v)))
      : kind || content ? make("textarea", {id, rows: "2", spellcheck: "false"}) : make("input", {id, type: "text", autocomplete: "off", spellcheck: "false"});
    const first = firstOf(this.spec, p, found);
    if (first !== undefined) input.value = Array.isArray(first) ? first.map(plain).join("\n") : plain(first);
    input.addEventListener("input", this.changed);
    const hint = [kind === "array" ? "one value on each line" : kind === "object" ? "a JSON object" : "", ...rulesOf(found)].filter(Boolean).join(", ");
    const fault = make("p", {class: "fault", id: `${id}-fault`}), note = hint ? make("p", {class: "note", id: `${id}-note`}, cut(hint, 200)) : null;
    if (note) input.setAttribute("aria-describedby", note.id);
    const label = make("label", {for: id}, make("code", {class: own(p.parameter, "deprecated") === true ? "old" : null}, cut(p.name, 200)), " ",
      make("span", {class: "type"}, typeOf(this.spec, schema)), " ", make("span", {class: "muted"}, p.in), p.required ? make("span", {class: "required"}, " required") : null);
    return {...p, kind, input, fault, element: make("div", {class: "field"}, label, input, note, fault)};
  }

  curlBox() {
    const pre = make("pre", {tabindex: "0", role: "region", "aria-label": "The request for curl"}, this.curl);
    return make("div", {class: "curl"}, make("div", {class: "row"}, make("h4", {}, "curl"), copyButton(() => this.curl.textContent, this.curl)), pre);
  }

  // request returns what would be sent, with the faults of fields by place.
  request() {
    const faults = new Map(), path = new Map(), query = [];
    const r = {method: this.o.method, headers: [], private: [], privateQuery: [], secrets: [], body: null};
    for (const f of this.fields) {
      try {
        this.put(f, path, query, r);
      } catch (e) {
        faults.set(`${f.in}:${f.name}`, text(e.message));
      }
    }
    const accept = this.accept?.input.value ?? this.accepts[0];
    if (accept) r.headers.push(["Accept", accept]);
    r.streams = isStream(accept ?? "");
    const {media, body} = this.body?.content() ?? {};
    if (media) r.headers.push(["Content-Type", media]);
    r.body = body ?? null;
    this.credentials.apply(this.o, r);
    r.server = this.server?.input.value ?? this.servers[0] ?? "";
    r.path = pathOf(this.o.path, path, faults);
    r.query = query;
    return {r, faults};
  }

  put(f, path, query, r) {
    if (f.input.value === "" && !(f.required && f.in === "query")) return;
    const value = entered(f.kind, f.input.value);
    if (f.in === "path") path.set(f.name, inPath(f, value));
    else if (f.in === "header") r.headers.push(checkHeader(f.name, inHeader(f, value)));
    else query.push(...inQuery(f, value));
  }

  showCurl() {
    const {r} = this.request();
    try {
      setText(this.curl, cut(curlOf({...r, url: urlOf(r.server, r.path, r.query)}), 20000));
    } catch (e) {
      setText(this.curl, text(e.message));
    }
  }

  async submit() {
    if (this.running) return;
    this.clear();
    const {r, faults} = this.request();
    for (const f of this.fields) if (faults.has(`${f.in}:${f.name}`)) mark(f, faults.get(`${f.in}:${f.name}`));
    if (faults.size) {
      this.fields.find((f) => f.fault.textContent)?.input.focus();
      this.fault.textContent = `Not sent: ${cut([...faults].map(([place, t]) => `${place}: ${t}`).join(" "), 300)}`;
      return;
    }
    this.running = new AbortController();
    this.toggle(true);
    try {
      const url = urlOf(r.server, r.path, [...r.query, ...r.privateQuery]), headers = new Headers();
      for (const [name, value] of [...r.headers, ...r.private]) headers.append(name, value);
      this.answer.start();
      const options = {method: r.method, headers, body: r.body, signal: this.running.signal, cache: "no-store", credentials: "same-origin"};
      await this.answer.read(await fetch(url, options));
    } catch (e) {
      this.answer.element.hidden = false;
      this.answer.fail(e);
    } finally {
      this.running = null;
      this.toggle(false);
    }
  }

  // toggle swaps the buttons. The focus stays with them.
  toggle(isRunning) {
    const focused = this.element.contains(document.activeElement) && [this.send, this.stop].includes(document.activeElement);
    this.send.disabled = isRunning;
    this.stop.hidden = !isRunning;
    if (focused) (isRunning ? this.stop : this.send).focus();
  }

  enter() {
    this.credentials.refresh(this.element);
    this.showCurl();
  }

  // leave ends what is running.
  leave() { this.running?.abort(); }

  clear() {
    this.fault.textContent = "";
    this.fields.forEach(unmark);
    this.body?.clear();
  }

  // mark shows the violations of a problem at their fields, and returns a func that returns
  // what goes to the field of one, null if there is none.
  mark(problem) {
    const targets = new Map();
    for (const v of list(own(problem, "errors")).slice(0, 100)) targets.set(v, this.markOne(v));
    return (v) => targets.get(v) ?? null;
  }

  markOne(v) {
    const parameter = text(own(v, "parameter")), pointer = own(v, "pointer"), detail = text(own(v, "detail")) || "is not valid";
    const field = this.fields.find((f) => `${f.in}:${f.name}` === parameter || f.in === "header" && `header:${f.name}`.toLowerCase() === parameter.toLowerCase())
      ?? this.fields.find((f) => f.name === parameter);
    if (parameter && field) return mark(field, detail);
    return typeof pointer === "string" && this.body ? this.body.mark(text(pointer, 1000), detail) : null;
  }
}

// canTry reports whether a page can call an operation.
export const canTry = (o) => !o.webhook && !unsendable.includes(o.method.toUpperCase());

const plain = (value) => typeof value === "string" ? value : compact(value, 2000);

// choices returns the values of a parameter that has few of them.
function choices(schema) {
  if (own(schema, "type") === "boolean") return ["true", "false"];
  const values = list(own(schema, "enum"));
  return values.length && values.length <= 200 && values.every((v) => typeof v !== "object") ? values.map(plain) : null;
}

// firstOf returns what a field starts with: an example of the document. An optional one
// starts empty, which leaves it out.
function firstOf(spec, p, schema) {
  if (!p.required) return undefined;
  return own(p.parameter, "example") ?? own(spec.get(entries(own(p.parameter, "examples"))[0]?.[1]), "value") ??
    list(own(schema, "examples"))[0] ?? own(schema, "example") ?? own(schema, "default");
}

// checkHeader returns a header that a page may send. The browser alone decides on others.
function checkHeader(name, value) {
  const probe = new Request(document.baseURI, {headers: [[name, value]]});
  if (!probe.headers.has(name)) throw new TypeError("A browser does not let a page send this header.");
  return [name, value];
}

// successes returns the responses of an operation that are no errors.
function successes(spec, o) {
  return entries(own(o.operation, "responses")).filter(([status]) => /^[23]/.test(status)).map(([, r]) => spec.get(r));
}
