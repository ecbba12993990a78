// The description of one operation.

import {needs} from "./auth.js";
import {bodyText} from "./answer.js";
import {cut, lazy, link, make, more, prose, text} from "./dom.js";
import {member, schemaView} from "./schema.js";
import {contentOf, entries, isObject, own, parametersOf, schemaOf} from "./spec.js";
import {isStream} from "./stream.js";
import {canTry, Try} from "./try.js";

const maxResponses = 100, maxErrors = 300;

// operationView returns the element of an operation; enter, which fills in credentials of
// other views; and leave, which ends what it runs.
export function operationView(spec, o, credentials) {
  const trial = canTry(o) ? new Try(spec, o, credentials) : null;
  const {errors, others} = splitResponses(spec, o);
  const about = make("div", {class: "about-operation"}, top(spec, o, trial), request(spec, o),
    section("Responses", others.map((r) => response(spec, r))), errorSection(errors));
  return {element: make("article", {class: "operation"}, about, trial?.element), enter: () => trial?.enter(), leave: () => trial?.leave()};
}

export const methodBadge = (method) => make("span", {class: `method ${/^[A-Za-z]+$/.test(method) ? method.toLowerCase() : ""}`}, cut(method, 12));

function top(spec, o, trial) {
  const security = needs(spec, o);
  const docs = own(o.operation, "externalDocs");
  return make("div", {}, make("a", {class: "back", href: "#"}, "All operations"),
    make("h2", {tabindex: "-1"}, methodBadge(o.method), " ", make("code", {}, breakable(cut(o.path, 500)))),
    make("p", {class: "lead"}, o.summary && `${o.summary} `, o.deprecated ? make("span", {class: "deprecated"}, "deprecated") : null),
    prose(own(o.operation, "description")),
    make("dl", {class: "headers"}, pair("Operation", text(own(o.operation, "operationId"))), pair("Tags", o.tags.join(", ")), pair("Authentication", security)),
    isObject(docs) ? make("p", {}, link(own(docs, "url"), own(docs, "description"))) : null,
    trial ? make("p", {class: "jump"}, jump(trial.element)) : null);
}

function jump(to) {
  const button = make("button", {type: "button"}, "Try it");
  button.addEventListener("click", () => {
    to.scrollIntoView();
    to.querySelector("input, select, textarea, button")?.focus({preventScroll: true});
  });
  return button;
}

// breakable lets a long path break behind its slashes.
const breakable = (path) => path.split(/(?<=\/)/).flatMap((part, i) => i ? [make("wbr"), part] : [part]);

const pair = (name, value) => value ? [make("dt", {}, name), make("dd", {}, value)] : [];

function section(title, content) {
  const all = content.filter(Boolean);
  return all.length ? make("section", {}, make("h3", {}, title), all) : null;
}

function request(spec, o) {
  const parameters = parametersOf(spec, o), body = spec.get(own(o.operation, "requestBody"));
  const rows = make("div", {class: "members"});
  more(rows, parameters, (p) => member(spec, p.name, own(p.parameter, "schema") ?? own(contentOf(spec, p.parameter)[0]?.type, "schema"), {required: p.required, holder: p.parameter, where: p.in}), 100);
  const types = contentOf(spec, body);
  return [section("Parameters", parameters.length ? [rows] : []),
    section(own(body, "required") === true || !types.length ? "Body" : "Body, optional", [prose(own(body, "description")), ...types.map((c) => mediaView(spec, c))])];
}

function mediaView(spec, {media, type}) {
  const {schema, isItem} = schemaOf(type);
  const examples = entries(own(type, "examples")).slice(0, 50);
  if (own(type, "example") !== undefined) examples.unshift(["example", {value: type.example}]);
  return make("div", {class: "media"}, make("p", {class: "type-of-media"}, make("code", {}, media), isStream(media) ? make("span", {class: "muted"}, " stream") : null),
    schemaView(spec, schema, isItem), examples.map(([name, e]) => example(spec.get(e), name)));
}

function example(e, name) {
  const value = own(e, "value") ?? own(e, "dataValue") ?? own(e, "serializedValue");
  const label = `Example ${cut(name, 100)}${own(e, "summary") ? ": " + text(e.summary) : ""}`;
  return lazy(label, () => [prose(own(e, "description")), value === undefined ? link(own(e, "externalValue"), "") : bodyText(pretty(value))].filter(Boolean));
}

const pretty = (value) => typeof value === "string" ? value : JSON.stringify(value, null, 2);

// splitResponses takes the declared errors, which are examples of problems, out of the
// responses.
function splitResponses(spec, o) {
  const errors = [], others = [];
  for (const [status, value] of entries(own(o.operation, "responses")).slice(0, maxResponses)) {
    const found = spec.get(value), problems = /^([45]|default)/.test(status) ? problemsOf(spec, found) : [];
    errors.push(...problems.map((p) => ({status, ...p})));
    if (!problems.length || entries(own(found, "headers")).length) others.push({status, found, isError: problems.length > 0});
  }
  return {errors: errors.slice(0, maxErrors), others};
}

function problemsOf(spec, found) {
  return contentOf(spec, found).flatMap(({type}) => entries(own(type, "examples")).map(([name, e]) => {
    const example = spec.get(e), value = own(example, "value") ?? own(example, "dataValue");
    return {name, value, about: text(own(example, "description"), 2000) || text(own(example, "summary"))};
  })).filter(({value}) => isObject(value) && (own(value, "code") ?? own(value, "detail") ?? own(value, "title")) !== undefined);
}

function errorSection(errors) {
  return section("Errors", [errors.length ? more(make("div", {class: "errors"}), errors, errorRow, 50) : null]);
}

function errorRow({status, name, value, about}) {
  const identity = [text(own(value, "domain")), text(own(value, "reason"))].filter(Boolean).join("/") || cut(name, 100);
  const shown = text(own(value, "status")) || cut(status, 10);
  return lazy(make("span", {class: "error"}, make("span", {class: "status bad"}, shown), make("code", {}, identity),
    make("span", {class: "muted"}, text(own(value, "code"))), make("span", {class: "detail"}, text(own(value, "detail")) || text(own(value, "title")))),
  () => [about ? make("p", {}, about) : null, bodyText(cut(pretty(value), 20000))].filter(Boolean));
}

function response(spec, {status, found, isError}) {
  const headers = entries(own(found, "headers")).slice(0, 100), types = isError ? [] : contentOf(spec, found);
  const kind = /^2/.test(status) ? "good" : /^[45]/.test(status) ? "bad" : "";
  const title = text(own(found, "summary")) || text(own(found, "description"), 200);
  const long = own(found, "summary") || text(own(found, "description"), 300).length > 200 ? prose(own(found, "description")) : null;
  return lazy(make("span", {class: "error"}, make("span", {class: `status ${kind}`}, cut(status, 10)), make("span", {class: "detail"}, title)), () => [
    long, headers.length ? make("h4", {}, "Headers") : null,
    headers.length ? make("div", {class: "members"}, headers.map(([name, value]) => headerRow(spec, name, spec.get(value)))) : null,
    ...types.map((c) => mediaView(spec, c)), headers.length || types.length ? null : make("p", {class: "muted"}, "No body."),
  ].filter(Boolean), {open: kind === "good", kind: "response"});
}

function headerRow(spec, name, header) {
  return member(spec, name, own(header, "schema") ?? own(contentOf(spec, header)[0]?.type, "schema"), {required: own(header, "required") === true, holder: header});
}
