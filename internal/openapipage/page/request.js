// A request made of what the reader entered, and the same request as a line for curl.

import {entries, isObject, own} from "./spec.js";

const escape = (value) => encodeURIComponent(value);
const plain = (value) => typeof value === "string" ? value : JSON.stringify(value) ?? "";

// kindOf returns how a parameter is entered: "array", "object" or "".
export function kindOf(spec, schema) {
  const found = spec.get(schema);
  const types = [own(found, "type")].flat();
  return types.includes("array") ? "array" : types.includes("object") || own(found, "properties") ? "object" : "";
}

// entered returns the value of a parameter of a kind: a list of lines, an object, or the text.
export function entered(kind, text) {
  if (kind === "array") return text.split("\n").filter((line) => line !== "");
  if (kind !== "object") return text;
  const value = JSON.parse(text);
  if (!isObject(value)) throw new SyntaxError("a JSON object is needed");
  return value;
}

const pairs = (value) => entries(value).map(([k, v]) => [k, plain(v)]);

// joined returns a value in the style "simple": parts between separators.
function joined(value, explode, separator, quote) {
  if (Array.isArray(value)) return value.map((v) => quote(v)).join(separator);
  if (!isObject(value)) return quote(plain(value));
  return pairs(value).map(([k, v]) => quote(k) + (explode ? "=" : separator) + quote(v)).join(separator);
}

// inPath returns a value as a part of a path.
export function inPath(p, value) {
  const style = own(p.parameter, "style") ?? "simple", explode = own(p.parameter, "explode") === true;
  if (style === "label") return "." + joined(value, explode, explode ? "." : ",", escape);
  if (style !== "matrix") return joined(value, explode, ",", escape);
  const one = (name, v) => `;${escape(name)}=${v}`;
  if (explode && Array.isArray(value)) return value.map((v) => one(p.name, escape(v))).join("");
  if (explode && isObject(value)) return pairs(value).map(([k, v]) => one(k, escape(v))).join("");
  return one(p.name, joined(value, false, ",", escape));
}

// inQuery returns a value as parts of a query.
export function inQuery(p, value) {
  const style = own(p.parameter, "style") ?? "form", explode = own(p.parameter, "explode") ?? style === "form";
  if (p.in === "querystring") return [value.replace(/^\?/, "").replaceAll("#", "%23")];
  const one = (name, v) => `${escape(name)}=${v}`;
  if (style === "deepObject" && isObject(value)) return pairs(value).map(([k, v]) => one(`${p.name}[${k}]`, escape(v)));
  if (explode && Array.isArray(value)) return value.map((v) => one(p.name, escape(v)));
  if (explode && isObject(value)) return pairs(value).map(([k, v]) => one(k, escape(v)));
  const separator = {spaceDelimited: "%20", pipeDelimited: "%7C"}[style] ?? ",";
  return [one(p.name, joined(value, false, separator, escape))];
}

export const inHeader = (p, value) => joined(value, own(p.parameter, "explode") === true, ",", (v) => v);

// pathOf puts values into a template. A value must not change which path it is: "..", which
// a browser resolves even if it is escaped, is a fault.
export function pathOf(template, values, faults) {
  return template.replace(/\{([^{}]*)\}/g, (whole, name) => {
    const value = values.get(name.replace(/^[+*]|\*$|\.\.\.$/g, "")) ?? "";
    if (value === "") faults.set(`path:${name}`, "A path needs a value here.");
    else if (/^(\.|%2e){1,2}$/i.test(value)) faults.set(`path:${name}`, "A browser does not send this as a part of a path.");
    return value;
  });
}

// urlOf returns the URL of a request, which must be of the server.
export function urlOf(server, path, query) {
  const base = URL.parse(server), url = URL.parse(server + path + (query.length ? "?" + query.join("&") : ""));
  if (!base || !url || !path.startsWith("/") || url.origin !== base.origin || url.username || url.hash) {
    throw new TypeError("The document does not give an address that can be called.");
  }
  return url.href;
}

// Curl

const quoted = (value) => `'${String(value).replaceAll("\0", "").replaceAll("'", `'\\''`)}'`;

// curlOf returns the line for a shell. Credentials are variables in it, so that a copy does
// not have them.
export function curlOf(request) {
  const line = ["curl"];
  if (request.streams) line.push("-N");
  if (request.method === "HEAD") line.push("-I");
  else if (request.method !== "GET") line.push("-X", /^[A-Z]+$/.test(request.method) ? request.method : quoted(request.method));
  line.push(quoted(request.url));
  for (const [name, value] of request.headers) line.push("-H", quoted(value === "" ? `${name};` : `${name}: ${value}`));
  line.push(...request.secrets);
  if (typeof request.body === "string") line.push("--data-raw", quoted(request.body));
  else if (request.body instanceof FormData) line.push(...[...request.body].flatMap(formPart));
  else if (request.body) line.push("--data-binary", quoted("@" + request.body.name));
  return line.join(" ");
}

const formPart = ([name, value]) => typeof value === "string" ? ["--form-string", quoted(`${name}=${value}`)] : ["-F", quoted(`${name}=@${value.name}`)];
