// Credentials. They are kept in the memory of the page alone: a reload forgets them.

import {make, newID, prose, text} from "./dom.js";
import {own, schemeOf, securityOf} from "./spec.js";

const isBearer = (scheme) => ["oauth2", "openIdConnect"].includes(own(scheme, "type")) || nameOf(scheme) === "bearer";
const nameOf = (scheme) => own(scheme, "type") === "http" ? text(own(scheme, "scheme")).toLowerCase() : "";

export class Credentials {
  constructor(spec) {
    this.spec = spec;
    this.values = new Map(); // the fields of each scheme, by its name
    this.inputs = new WeakMap(); // which field an input has
  }

  value(name, field) { return this.values.get(name)?.get(field) ?? ""; }

  set(name, field, value) {
    if (!this.values.has(name)) this.values.set(name, new Map());
    this.values.get(name).set(field, value);
  }

  // fields returns the inputs of the schemes, null if there are none.
  fields(names, changed = () => {}) {
    if (!names.length) return null;
    return make("fieldset", {class: "auth"}, make("legend", {}, "Authentication"), names.map((name) => this.scheme(name, changed)),
      make("p", {class: "note"}, "The page keeps this in memory until it is reloaded, and stores it nowhere."));
  }

  scheme(name, changed) {
    const scheme = schemeOf(this.spec, name), type = text(own(scheme, "type"));
    const input = (field, label, secret = true) => this.input(name, field, label, secret, changed);
    const about = prose(own(scheme, "description"), 2000);
    if (isBearer(scheme)) return [input("token", `${name}: bearer token`), about];
    if (nameOf(scheme) === "basic") return [input("user", `${name}: user`, false), input("password", `${name}: password`), about];
    if (type === "apiKey" && ["header", "query"].includes(own(scheme, "in"))) return [input("key", `${name}: ${text(scheme.in)} ${text(own(scheme, "name"))}`), about];
    return [make("p", {}, make("strong", {}, name), ": ", limits(scheme, type)), about];
  }

  input(name, field, label, secret, changed) {
    const id = newID("credential");
    const input = make("input", {id, type: secret ? "password" : "text", autocomplete: "off", spellcheck: "false"});
    input.value = this.value(name, field);
    this.inputs.set(input, [name, field]);
    input.addEventListener("input", () => {
      this.set(name, field, input.value);
      changed();
    });
    return make("div", {class: "field"}, make("label", {for: id}, label), input);
  }

  // refresh fills the inputs in an element with what was entered elsewhere.
  refresh(element) {
    for (const input of element.querySelectorAll(".auth input")) input.value = this.value(...this.inputs.get(input));
  }

  // apply adds the credentials of the first alternative that is filled in.
  apply(o, request) {
    const filled = securityOf(this.spec, o).find((names) => names.length && names.every((name) => this.isFilled(name)));
    for (const name of filled ?? []) this.add(name, schemeOf(this.spec, name), request);
  }

  isFilled(name) {
    const scheme = schemeOf(this.spec, name);
    if (isBearer(scheme)) return this.value(name, "token") !== "";
    if (nameOf(scheme) === "basic") return this.value(name, "user") !== "";
    return own(scheme, "type") === "mutualTLS" || own(scheme, "in") === "cookie" || this.value(name, "key") !== "";
  }

  add(name, scheme, request) {
    if (isBearer(scheme)) {
      request.private.push(["Authorization", `Bearer ${this.value(name, "token")}`]);
      request.secrets.push("-H", `"Authorization: Bearer $TOKEN"`);
    } else if (nameOf(scheme) === "basic") {
      const bytes = new TextEncoder().encode(`${this.value(name, "user")}:${this.value(name, "password")}`);
      request.private.push(["Authorization", `Basic ${bytes.toBase64?.() ?? btoa(String.fromCharCode(...bytes))}`]);
      request.secrets.push("-u", `"$USERNAME:$PASSWORD"`);
    } else if (own(scheme, "type") === "apiKey") {
      this.addKey(this.value(name, "key"), text(own(scheme, "name")), own(scheme, "in"), request);
    }
  }

  addKey(key, name, where, request) {
    if (where === "header") {
      request.private.push([name, key]);
      request.secrets.push("-H", /^[\w-]+$/.test(name) ? `"${name}: $API_KEY"` : `'the key'`);
    } else if (where === "query") {
      request.privateQuery.push(`${encodeURIComponent(name)}=${encodeURIComponent(key)}`);
      request.secrets.push("--url-query", /^[\w.-]+$/.test(name) ? `"${name}=$API_KEY"` : `'the key'`);
    }
  }
}

function limits(scheme, type) {
  if (own(scheme, "in") === "cookie") return `the browser sends the cookie ${text(own(scheme, "name"))} itself, if it has it. A page cannot set it for one request.`;
  if (type === "mutualTLS") return "the browser proves itself with a certificate of its own.";
  return `this page does not know the scheme ${nameOf(scheme) || type || "without a type"}.`;
}

// schemesOf returns the names of all schemes that an operation mentions.
export const schemesOf = (spec, o) => [...new Set(securityOf(spec, o).flat())];

// needs returns what an operation asks for, in words.
export function needs(spec, o) {
  const alternatives = securityOf(spec, o);
  if (!alternatives.length) return "";
  const words = alternatives.map((names) => names.join(" and "));
  return words.includes("") ? `optional: ${words.filter(Boolean).join(", or ")}` : words.join(", or ");
}
