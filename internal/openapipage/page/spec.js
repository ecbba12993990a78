// How the document is read. It is not trusted: only own members count, so that names such as
// "constructor" mean nothing; references may be wrong or circular; everything has a bound.

import {text} from "./dom.js";

const maxHops = 32, maxOperations = 20000;
const methods = ["get", "query", "post", "put", "patch", "delete", "head", "options", "trace"];

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
export const own = (object, key) => isObject(object) && Object.hasOwn(object, key) ? object[key] : undefined;
export const entries = (object) => isObject(object) ? Object.entries(object) : [];
export const list = (value) => Array.isArray(value) ? value : [];

// at returns what a JSON pointer names (RFC 6901), undefined if there is nothing.
function at(root, pointer) {
  let value = root;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(value)) value = /^\d+$/.test(name) ? value[Number(name)] : undefined;
    else value = own(value, name);
  }
  return value;
}

function decoded(fragment) {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}

// A Spec is a document and where it came from.
export class Spec {
  constructor(root, url) {
    this.root = root;
    this.url = url;
    this.self = text(own(root, "$self"), 2000);
  }

  // find returns the target of a reference within the document.
  find(ref) {
    const [base, fragment = ""] = ref.split("#", 2);
    if (base !== "" && base !== this.self || fragment !== "" && !fragment.startsWith("/")) return undefined;
    return at(this.root, decoded(fragment));
  }

  // resolve follows the references of an object. Members beside a reference replace those of
  // its target. name is the last part of the first reference, broken one that leads nowhere.
  resolve(value) {
    let name = "", broken = "", first = "";
    for (let hops = 0; isObject(value) && typeof own(value, "$ref") === "string"; hops++) {
      const ref = value.$ref, target = this.find(ref);
      first ||= ref;
      name ||= text(decoded(ref.split("/").pop()).replaceAll("~1", "/").replaceAll("~0", "~"), 100);
      if (hops === maxHops || target === undefined) {
        broken = text(ref);
        value = without(value);
        break;
      }
      value = isObject(target) ? join(target, without(value)) : target;
    }
    return {value, name, broken, ref: first};
  }

  get(value) {
    const {value: found} = this.resolve(value);
    return isObject(found) ? found : Object.create(null);
  }
}

// join returns the members of both objects. Without a prototype, "__proto__" is a member like
// any other.
function join(a, b) {
  return Object.assign(Object.create(null), a, b);
}

function without(object) {
  const rest = join(object, {});
  delete rest.$ref;
  return rest;
}

// operations returns what the document describes, in its order, at most maxOperations.
export function operations(spec) {
  const all = [], keys = new Set();
  for (const [member, webhook] of [["paths", false], ["webhooks", true]]) {
    for (const [path, value] of entries(own(spec.root, member))) {
      const item = spec.get(value);
      for (const [method, operation] of ofItem(item)) {
        if (all.length === maxOperations || !isObject(operation)) continue;
        all.push(describe(spec, {method, path, item, operation, webhook}, keys));
      }
    }
  }
  return all;
}

function ofItem(item) {
  const fixed = methods.map((name) => [name.toUpperCase(), own(item, name)]);
  return [...fixed, ...entries(own(item, "additionalOperations"))].filter(([, operation]) => operation !== undefined);
}

function describe(spec, o, keys) {
  const {method, path, operation} = o;
  const base = text(own(operation, "operationId")) || `${method} ${text(path)}`;
  let key = base;
  for (let n = 2; keys.has(key); n++) key = `${base} ${n}`;
  keys.add(key);
  const tags = list(own(operation, "tags")).slice(0, 20).map((tag) => text(tag, 100)).filter(Boolean);
  const summary = text(own(operation, "summary"));
  return {
    ...o, key, tags, summary, deprecated: own(operation, "deprecated") === true,
    search: [method, path, key, summary, ...tags].join(" ").toLowerCase(),
  };
}

// parametersOf returns the parameters of an operation. Its own replace those of its path.
export function parametersOf(spec, o) {
  const found = new Map();
  for (const value of [...list(own(o.item, "parameters")), ...list(own(o.operation, "parameters"))].slice(0, 500)) {
    const parameter = spec.get(value);
    const name = text(own(parameter, "name")), where = text(own(parameter, "in"));
    if (name && where) found.set(`${where}:${name}`, {name, in: where, parameter, required: own(parameter, "required") === true});
  }
  return [...found.values()];
}

// contentOf returns the media types of a body, a response or a parameter.
export function contentOf(spec, holder) {
  return entries(own(holder, "content")).slice(0, 20).map(([media, value]) => ({media: text(media), type: spec.get(value)}));
}

// schemaOf returns the schema of a media type, and whether it is that of one item of a stream.
export function schemaOf(type) {
  const item = own(type, "itemSchema");
  return item === undefined ? {schema: own(type, "schema"), isItem: false} : {schema: item, isItem: true};
}

// serversOf returns the URLs of the servers of an operation, with the defaults of their
// variables. Without servers it is "/".
export function serversOf(spec, o) {
  const declared = [own(o.operation, "servers"), own(o.item, "servers"), own(spec.root, "servers")].find((s) => list(s).length > 0);
  const urls = list(declared).slice(0, 50).map((server) => serverURL(spec, server)).filter(Boolean);
  return urls.length || list(declared).length ? [...new Set(urls)] : [serverURL(spec, {url: "/"})];
}

function serverURL(spec, server) {
  const variables = own(server, "variables");
  const filled = text(own(server, "url"), 2000).replace(/\{([^{}]*)\}/g, (_, name) => text(own(own(variables, name), "default")));
  const url = URL.parse(filled === "/" ? rootOf(spec) : filled, spec.url);
  if (!url || !["http:", "https:"].includes(url.protocol) || url.username || url.password) return "";
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

// rootOf returns what the server "/" means: the folder of the document, because a service serves
// its own, unless the paths begin with that folder themselves. See decision 204.
function rootOf(spec) {
  const folder = new URL(".", spec.url).pathname, paths = entries(own(spec.root, "paths"));
  return paths.length && paths.every(([path]) => text(path).startsWith(folder)) ? "/" : folder;
}

// securityOf returns the alternatives of an operation: lists of the names of schemes. An
// empty list asks for nothing.
export function securityOf(spec, o) {
  const declared = own(o.operation, "security") ?? own(spec.root, "security");
  return list(declared).slice(0, 20).map((need) => entries(need).slice(0, 10).map(([name]) => text(name)));
}

export function schemeOf(spec, name) {
  return spec.get(own(own(own(spec.root, "components"), "securitySchemes"), name));
}
