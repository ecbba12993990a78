// The editor of a request's body.

import {cut, make, newID, text} from "./dom.js";
import {exampleOf} from "./example.js";
import {placeOf} from "./place.js";
import {contentOf, entries, isObject, own, schemaOf} from "./spec.js";
import {typeOf} from "./schema.js";
import {isStream} from "./stream.js";

const isForm = (media) => media === "application/x-www-form-urlencoded" || media === "multipart/form-data";
const isJSON = (media) => /[/+]json$/.test(media);
const isFile = (schema) => own(schema, "format") === "binary" || own(schema, "contentMediaType") !== undefined && own(schema, "contentEncoding") === undefined;

// bodyOf returns the editor of an operation's body, null if it has none.
export function bodyOf(spec, o, changed) {
  const body = spec.get(own(o.operation, "requestBody"));
  const types = contentOf(spec, body);
  return types.length && !["GET", "HEAD"].includes(o.method) ? new Body(spec, body, types, changed) : null;
}

class Body {
  constructor(spec, body, types, changed) {
    Object.assign(this, {spec, types, changed});
    this.type = types[0];
    this.box = make("div");
    this.faults = make("ul", {class: "violations", id: newID("faults")});
    this.element = make("fieldset", {}, make("legend", {}, "Body"), this.media(), own(body, "required") === true ? null : this.optional(), this.box, this.faults);
    this.show();
  }

  media() {
    if (this.types.length === 1) return null;
    const id = newID("media"), select = make("select", {id}, this.types.map(({media}) => make("option", {}, media)));
    select.addEventListener("change", () => {
      this.type = this.types[select.selectedIndex];
      this.show();
      this.changed();
    });
    return make("div", {class: "field"}, make("label", {for: id}, "Media type"), select);
  }

  optional() {
    const id = newID("send"), box = make("input", {id, type: "checkbox", checked: true});
    this.sent = box;
    box.addEventListener("change", () => {
      this.box.hidden = !box.checked;
      this.changed();
    });
    return make("div", {class: "check"}, box, make("label", {for: id}, "Send a body"));
  }

  show() {
    const {schema} = schemaOf(this.type.type), {media} = this.type;
    this.clear();
    this.fields = this.editor = this.file = null;
    if (isForm(media)) this.showFields(schema);
    else if (isJSON(media) || isStream(media) || /^text\/|xml$|yaml$/.test(media)) this.showEditor(schema);
    else this.box.replaceChildren(this.fileField());
  }

  showFields(schema) {
    const needed = own(this.spec.get(schema), "required");
    this.fields = entries(own(this.spec.get(schema), "properties")).slice(0, 200).map(([name, value]) => this.field(name, value, [needed].flat().includes(name)));
    this.box.replaceChildren(...this.fields.map((f) => f.element));
  }

  field(name, schema, required) {
    const found = this.spec.get(schema), id = newID("member"), fault = make("p", {class: "fault", id: `${id}-fault`});
    const file = isFile(found) || isFile(this.spec.get(own(found, "items")));
    const input = file ? make("input", {id, type: "file", multiple: own(found, "type") === "array"})
      : make(own(found, "type") === "array" ? "textarea" : "input", {id, autocomplete: "off", spellcheck: "false"});
    if (!file) input.value = prefilled(exampleOf(this.spec, schema));
    input.addEventListener("input", this.changed);
    const label = make("label", {for: id}, make("code", {}, cut(name, 200)), " ", make("span", {class: "type"}, typeOf(this.spec, schema)), required ? make("span", {class: "required"}, " required") : null);
    return {name, input, file, fault, isList: own(found, "type") === "array", element: make("div", {class: "field"}, label, input, fault)};
  }

  showEditor(schema) {
    const id = newID("editor"), examples = this.examples(schema);
    this.editor = make("textarea", {id, class: "editor", autocomplete: "off", spellcheck: "false", "aria-describedby": this.faults.id});
    this.editor.addEventListener("input", () => { this.lint(); this.changed(); });
    const label = make("label", {for: id}, this.type.media, isStream(this.type.media) ? ", each item on a line of its own" : "");
    const choose = make("select", {"aria-label": "Example"}, examples.map(([name]) => make("option", {}, name)));
    choose.addEventListener("change", () => { this.fillEditor(examples[choose.selectedIndex][1]); this.changed(); });
    this.note = make("p", {class: "note", role: "status"});
    this.box.replaceChildren(make("div", {class: "row"}, label, examples.length > 1 ? choose : null), this.editor, this.note);
    this.fillEditor(examples[0][1]);
  }

  // examples returns the starts of a body that there are, with their names.
  examples(schema) {
    const {type} = this.type, named = entries(own(type, "examples")).slice(0, 50).map(([name, e]) => {
      const example = this.spec.get(e);
      return [cut(name, 100), own(example, "value") ?? own(example, "dataValue") ?? own(example, "serializedValue")];
    }).filter(([, value]) => value !== undefined);
    if (own(type, "example") !== undefined) named.unshift(["example", type.example]);
    return named.length ? named : [["of the schema", exampleOf(this.spec, schema)]];
  }

  fillEditor(value) {
    const {media} = this.type;
    if (isStream(media)) this.editor.value = [value].flat().map((item) => JSON.stringify(item ?? null) + "\n").join("");
    else if (isJSON(media)) this.editor.value = JSON.stringify(value ?? null, null, 2);
    else this.editor.value = prefilled(value);
    this.editor.rows = Math.min(Math.max(this.editor.value.split("\n").length, 4), 24);
    this.lint();
  }

  // lint notes a text that is not JSON. It can be sent all the same.
  lint() {
    let fault = "";
    const texts = isStream(this.type.media) ? this.editor.value.split("\n").filter((l) => l.trim()) : isJSON(this.type.media) ? [this.editor.value] : [];
    for (const [i, t] of texts.entries()) {
      try {
        JSON.parse(t);
      } catch (e) {
        fault ||= `Not valid JSON${texts.length > 1 ? `, item ${i + 1}` : ""}: ${text(e.message)}`;
      }
    }
    if (this.note.textContent !== fault) this.note.textContent = fault;
  }

  fileField() {
    const id = newID("file");
    this.file = make("input", {id, type: "file"});
    this.file.addEventListener("input", this.changed);
    return make("div", {class: "field"}, make("label", {for: id}, `${this.type.media}, of a file`), this.file);
  }

  // content returns the media type and the body to send. That of a multipart form names its
  // boundary, which the browser knows.
  content() {
    if (this.sent && !this.sent.checked) return {media: "", body: null};
    const {media} = this.type;
    if (this.editor) return {media, body: this.editor.value};
    if (this.file) return {media, body: this.file.files[0] ?? new File([], "empty")};
    const form = new FormData();
    for (const f of this.fields) this.append(form, f);
    if (media === "multipart/form-data") return {media: "", body: form};
    return {media, body: new URLSearchParams([...form].filter(([, v]) => typeof v === "string")).toString()};
  }

  append(form, {name, input, file, isList}) {
    if (file) for (const f of input.files) form.append(name, f);
    else if (isList) for (const line of input.value.split("\n").filter(Boolean)) form.append(name, line);
    else if (input.value !== "") form.append(name, input.value);
  }

  clear() {
    this.faults.replaceChildren();
    this.editor?.removeAttribute("aria-invalid");
    for (const f of this.fields ?? []) unmark(f);
  }

  // mark shows a fault of the value that a pointer names, and returns what goes there.
  mark(pointer, detail) {
    const name = pointer.split("/")[1]?.replaceAll("~1", "/").replaceAll("~0", "~");
    const field = this.fields?.find((f) => f.name === name);
    if (field) return mark(field, detail);
    if (!this.editor) return null;
    this.editor.setAttribute("aria-invalid", "true");
    const go = () => this.select(pointer);
    const line = isStream(this.type.media) ? null : placeOf(this.editor.value, pointer)?.line;
    const button = make("button", {type: "button", class: "small"}, line ? `line ${line}` : "body", " ", make("code", {}, pointer));
    button.addEventListener("click", go);
    this.faults.append(make("li", {}, button, " ", detail));
    return go;
  }

  select(pointer) {
    this.editor.focus();
    const place = placeOf(this.editor.value, pointer);
    if (!place) return;
    this.editor.setSelectionRange(place.start, place.end);
    const height = this.editor.scrollHeight / Math.max(this.editor.value.split("\n").length, 1);
    this.editor.scrollTop = Math.max((place.line - 4) * height, 0);
  }
}

// prefilled returns a value as the text of a field.
const prefilled = (value) => value === null || value === undefined ? "" : Array.isArray(value) ? value.map(prefilled).join("\n") : isObject(value) ? JSON.stringify(value) : String(value);

// mark shows a fault beside a field, and returns what goes there.
export function mark({input, fault}, detail) {
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", fault.id);
  fault.textContent = fault.textContent ? `${fault.textContent} ${detail}` : detail;
  return () => input.focus();
}

export function unmark({input, fault}) {
  input.removeAttribute("aria-invalid");
  fault.textContent = "";
}
