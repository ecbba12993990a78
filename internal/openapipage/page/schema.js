// Schemas as elements. What is inside one is made when the reader unfolds it, so a circular
// schema ends nowhere and costs nothing.

import {compact, cut, lazy, make, more, prose, text} from "./dom.js";
import {entries, isObject, list, own} from "./spec.js";

const maxTypeDepth = 6;

// typeOf returns the type of a schema in a few words, such as "array of Room".
export function typeOf(spec, schema, depth = 0) {
  const {value, name, broken} = spec.resolve(schema);
  if (broken) return `${broken} (not found)`;
  if (name) return name;
  if (value === true || value === undefined) return "any";
  if (value === false) return "nothing";
  if (!isObject(value)) return "malformed";
  if (depth === maxTypeDepth) return "…";
  return typeOfObject(spec, value, depth + 1);
}

function typeOfObject(spec, schema, depth) {
  if (own(schema, "const") !== undefined) return compact(schema.const, 60);
  for (const [keyword, word] of [["oneOf", " | "], ["anyOf", " | "], ["allOf", " & "]]) {
    const parts = list(own(schema, keyword));
    if (!parts.length) continue;
    const names = parts.slice(0, 4).map((part) => typeOf(spec, part, depth));
    return cut(names.join(word) + (parts.length > 4 ? word + "…" : ""), 200);
  }
  const types = [own(schema, "type")].flat().filter((t) => typeof t === "string").slice(0, 7);
  if (!types.length) types.push(guessed(schema));
  return types.map((t) => oneType(spec, schema, cut(t, 30), depth)).join(" | ");
}

function guessed(schema) {
  if (own(schema, "properties") || own(schema, "additionalProperties")) return "object";
  if (own(schema, "items")) return "array";
  return list(own(schema, "enum")).length ? "enum" : "any";
}

function oneType(spec, schema, type, depth) {
  const format = text(own(schema, "format") || own(schema, "contentEncoding") || own(schema, "contentMediaType"), 60);
  if (type === "array" && own(schema, "items") !== undefined) return `array of ${typeOf(spec, schema.items, depth)}`;
  const values = own(schema, "additionalProperties");
  if (type === "object" && isObject(values) && !own(schema, "properties")) return `map of ${typeOf(spec, values, depth)}`;
  return format && type !== "null" ? `${type} (${format})` : type;
}

const range = (low, high, unit) => {
  const units = (high ?? low) === 1 ? unit : unit + "s";
  if (low !== undefined && high !== undefined) return low === high ? `${low} ${units}` : `${low} to ${high} ${units}`;
  if (low !== undefined) return `at least ${low} ${units}`;
  return high !== undefined ? `at most ${high} ${units}` : "";
};

// rulesOf returns the constraints of a schema, each as a short text.
export function rulesOf(schema) {
  const number = (key) => typeof own(schema, key) === "number" ? schema[key] : undefined;
  const rules = [range(number("minLength"), number("maxLength"), "character"),
    range(number("minItems"), number("maxItems"), "item"), range(number("minProperties"), number("maxProperties"), "member")];
  for (const [key, sign] of [["minimum", "≥"], ["exclusiveMinimum", ">"], ["maximum", "≤"], ["exclusiveMaximum", "<"]]) {
    if (number(key) !== undefined) rules.push(`${sign} ${number(key)}`);
  }
  if (number("multipleOf") !== undefined) rules.push(`multiple of ${number("multipleOf")}`);
  if (own(schema, "uniqueItems") === true) rules.push("no item twice");
  if (own(schema, "pattern")) rules.push(`matches ${text(schema.pattern, 200)}`);
  if (own(schema, "additionalProperties") === false) rules.push("no other members");
  return rules.filter(Boolean);
}

function facts(schema) {
  const rows = rulesOf(schema).map((rule) => make("li", {class: "rule"}, rule));
  const values = list(own(schema, "enum"));
  if (values.length) rows.push(make("li", {}, "one of ", ...values.slice(0, 30).flatMap((v) => [make("code", {}, compact(v, 80)), " "]), values.length > 30 ? "…" : ""));
  const shown = [["default", own(schema, "default")], ["example", own(schema, "example") ?? list(own(schema, "examples"))[0]]];
  for (const [word, value] of shown) if (value !== undefined) rows.push(make("li", {}, `${word} `, make("code", {}, compact(value))));
  return rows.length ? make("ul", {class: "facts"}, rows) : null;
}

const flags = (schema, required) => [
  required && make("span", {class: "required"}, "required"),
  own(schema, "deprecated") === true && make("span", {class: "deprecated"}, "deprecated"),
  own(schema, "readOnly") === true && make("span", {class: "muted"}, "only in responses"),
  own(schema, "writeOnly") === true && make("span", {class: "muted"}, "only in requests"),
].filter(Boolean);

// member returns the row of a parameter, a header or a member: its name, type, rules and
// description. holder has the description and the marks where they are not the schema's.
export function member(spec, name, schema, {required = false, holder = null, where = ""} = {}) {
  const found = spec.get(schema);
  const about = holder || found;
  const isOld = own(about, "deprecated") === true;
  return make("div", {class: "member"},
    make("div", {class: "head"},
      make("code", {class: isOld ? "name old" : "name"}, cut(name, 200)), make("span", {class: "type"}, typeOf(spec, schema)),
      where && make("span", {class: "muted"}, where), ...flags(about, required)),
    prose(own(about, "description") ?? own(found, "description"), 5000), facts(withExample(found, holder)),
    inside(spec, schema));
}

// withExample returns a schema with the example of what holds it.
function withExample(schema, holder) {
  const example = own(holder, "example") ?? own(entries(own(holder, "examples"))[0]?.[1], "value");
  return example === undefined ? schema : Object.assign(Object.create(null), schema, {example});
}

// inside returns what unfolds to the content of a schema, null if it has none.
function inside(spec, schema) {
  const target = container(spec, schema);
  if (!target) return null;
  return lazy(target.name ? `Members of ${target.name}` : target.label, () => contents(spec, target.schema), {kind: "inside"});
}

// container looks through arrays and maps for a schema that has content.
function container(spec, schema, depth = 0) {
  const {value, name} = spec.resolve(schema);
  if (!isObject(value) || depth === maxTypeDepth) return null;
  if (parts(value).length || entries(own(value, "properties")).length) return {schema: value, name, label: "Members"};
  const next = own(value, "items") ?? own(value, "additionalProperties");
  if (next === undefined) return null;
  const found = container(spec, next, depth + 1);
  return found || (facts(spec.get(next)) ? {schema: next, name: "", label: "Each value"} : null);
}

// parts returns the schemas that a schema combines, with a label for each.
function parts(schema) {
  const labels = [["allOf", "and"], ["oneOf", "either"], ["anyOf", "any of"], ["prefixItems", "item"]];
  const found = labels.flatMap(([keyword, label]) => list(own(schema, keyword)).map((part) => ({label, part})));
  for (const [keyword, label] of [["not", "not"], ["if", "if"], ["then", "then"], ["else", "else"]]) {
    if (own(schema, keyword) !== undefined) found.push({label, part: schema[keyword]});
  }
  for (const [pattern, part] of entries(own(schema, "patternProperties"))) found.push({label: `members that match ${cut(pattern, 100)}`, part});
  return found;
}

// contents returns the members and the parts of a schema.
function contents(spec, schema) {
  const found = spec.get(schema), needed = new Set(list(own(found, "required")));
  const box = make("div", {class: "members"});
  if (!parts(found).length && !entries(own(found, "properties")).length) {
    box.append(...[facts(found)].filter(Boolean));
    return box;
  }
  more(box, [
    ...entries(own(found, "properties")).map(([name, value]) => () => member(spec, name, value, {required: needed.has(name)})),
    ...parts(found).map(({label, part}) => () => member(spec, label, part)),
  ], (row) => row(), 100);
  const rest = own(found, "additionalProperties");
  if (isObject(rest)) box.append(member(spec, "any other name", rest));
  return box;
}

// schemaView returns a schema as a whole: its type, its rules and its members.
export function schemaView(spec, schema, isItem = false) {
  if (schema === undefined) return make("p", {class: "muted"}, "Any content.");
  const found = spec.get(schema);
  const box = make("div", {class: "schema"}, make("div", {class: "head"},
    isItem ? make("span", {class: "muted"}, "a stream of ") : null, make("span", {class: "type"}, typeOf(spec, schema)), ...flags(found, false)),
  prose(own(found, "description"), 5000), facts(found));
  const target = container(spec, schema);
  if (!target) return box;
  box.append(lazy(target.name ? `Members of ${target.name}` : target.label, () => contents(spec, target.schema), {open: true, kind: "inside"}));
  return box;
}
