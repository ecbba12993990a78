// An example of a schema, as the start of a body: a value that the schema names, else one of
// its type and rules.

import {entries, isObject, list, own} from "./spec.js";

const maxDepth = 8, maxValues = 500;

const byFormat = {
  date: "2030-01-31", time: "12:00:00Z", "date-time": "2030-01-31T12:00:00Z", duration: "PT1H", email: "name@example.com",
  hostname: "example.com", ipv4: "192.0.2.1", ipv6: "2001:db8::1", uri: "https://example.com/", regex: "^a", byte: "YWJj",
  uuid: "3fa85f64-5717-4562-b3fc-2c963f66afa6", cidr: "192.0.2.0/24",
};

// exampleOf returns an example for a request: members that only responses have are left out.
export function exampleOf(spec, schema) {
  return new Maker(spec).value(schema, 0, []);
}

class Maker {
  constructor(spec) {
    this.spec = spec;
    this.left = maxValues;
  }

  // value returns undefined where a schema contains itself, or when there is enough.
  value(schema, depth, seen) {
    const {value: found, ref} = this.spec.resolve(schema);
    if (!isObject(found)) return null;
    if (depth > maxDepth || this.left-- <= 0 || ref && seen.includes(ref)) return undefined;
    const named = namedExample(found);
    return named === undefined ? this.make(found, depth + 1, ref ? [...seen, ref] : seen) : named;
  }

  make(schema, depth, seen) {
    const choice = list(own(schema, "oneOf"))[0] ?? list(own(schema, "anyOf"))[0];
    const all = [...list(own(schema, "allOf")).slice(0, 20), ...(choice === undefined ? [] : [choice])];
    if (all.length) return this.combined(schema, all, depth, seen);
    const type = [own(schema, "type")].flat().find((t) => t !== "null") ?? (own(schema, "properties") ? "object" : own(schema, "items") ? "array" : "");
    switch (type) {
      case "object": return this.object(schema, depth, seen);
      case "array": return this.array(schema, depth, seen);
      case "string": return textOf(schema);
      case "integer": return numberOf(schema, 1);
      case "number": return numberOf(schema, 0);
      case "boolean": return true;
    }
    return null;
  }

  combined(schema, all, depth, seen) {
    const values = all.map((part) => this.value(part, depth, seen));
    if (own(schema, "properties")) values.unshift(this.object(schema, depth, seen));
    const objects = values.filter(isObject);
    return objects.length ? Object.assign(Object.create(null), ...objects) : values[0];
  }

  object(schema, depth, seen) {
    const result = Object.create(null);
    for (const [name, value] of entries(own(schema, "properties")).slice(0, 100)) {
      const member = this.spec.get(value);
      if (own(member, "readOnly") === true || own(member, "deprecated") === true) continue;
      const example = this.value(value, depth, seen);
      if (example !== undefined) result[name] = example;
    }
    const rest = own(schema, "additionalProperties");
    if (isObject(rest) && !own(schema, "properties")) result.name = this.value(rest, depth, seen) ?? null;
    return result;
  }

  array(schema, depth, seen) {
    const first = list(own(schema, "prefixItems")).slice(0, 10).map((part) => this.value(part, depth, seen) ?? null);
    const least = Math.min(Math.max(own(schema, "minItems") ?? 1, 1), 10);
    while (first.length < least && own(schema, "items") !== undefined && own(schema, "maxItems") !== 0) {
      const item = this.value(schema.items, depth, seen);
      if (item === undefined) break;
      first.push(item);
    }
    return first;
  }
}

function namedExample(schema) {
  const named = [list(own(schema, "examples"))[0], own(schema, "example"), own(schema, "const"), own(schema, "default"), list(own(schema, "enum"))[0]];
  return named.find((value) => value !== undefined);
}

function textOf(schema) {
  const format = own(schema, "format");
  if (typeof format === "string" && Object.hasOwn(byFormat, format)) return byFormat[format];
  if (own(schema, "pattern")) return "";
  const least = Math.min(Number(own(schema, "minLength")) || 0, 1000), most = Number(own(schema, "maxLength") ?? 1000);
  return "text".padEnd(least, "t").slice(0, most);
}

function numberOf(schema, step) {
  const number = (key) => typeof own(schema, key) === "number" ? schema[key] : undefined;
  const unit = number("multipleOf") || step || 0.5;
  const low = number("minimum") ?? (number("exclusiveMinimum") === undefined ? undefined : number("exclusiveMinimum") + unit);
  const high = number("maximum") ?? (number("exclusiveMaximum") === undefined ? undefined : number("exclusiveMaximum") - unit);
  const start = low ?? Math.min(unit, high ?? unit);
  return number("multipleOf") ? Math.ceil(start / unit) * unit : start;
}
