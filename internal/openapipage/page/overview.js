// The start of the page: what the document says of the whole API.

import {link, make, prose, text} from "./dom.js";
import {entries, isObject, list, own} from "./spec.js";

export function overview(spec, all, credentials) {
  const info = own(spec.root, "info"), schemes = entries(own(own(spec.root, "components"), "securitySchemes")).slice(0, 50).map(([name]) => text(name));
  return make("article", {class: "overview"}, make("h2", {tabindex: "-1"}, "Overview"),
    make("p", {class: "lead"}, text(own(info, "summary"))), prose(own(info, "description")),
    make("dl", {class: "headers"}, facts(spec, info, all)), tags(spec), credentials.fields(schemes),
    make("p", {class: "note"}, "Choose an operation to see what it takes and returns, and to call it."));
}

function facts(spec, info, all) {
  const license = own(info, "license"), contact = own(info, "contact"), docs = own(spec.root, "externalDocs");
  const old = all.filter((o) => o.deprecated).length;
  const rows = [
    ["Format", `OpenAPI ${text(own(spec.root, "openapi"), 20)}`],
    ["Operations", `${all.length}${old ? `, of which ${old} deprecated` : ""}`],
    ["Terms", own(info, "termsOfService") && link(info.termsOfService, "")],
    ["Contact", isObject(contact) && link(own(contact, "url") ?? `mailto:${text(own(contact, "email"))}`, own(contact, "name") ?? own(contact, "email"))],
    ["License", isObject(license) && link(own(license, "url"), own(license, "name"))],
    ["More", isObject(docs) && link(own(docs, "url"), own(docs, "description"))],
    ...list(own(spec.root, "servers")).slice(0, 50).map((s) => ["Server", [make("code", {}, text(own(s, "url"))), " ", text(own(s, "description")) || text(own(s, "name"))]]),
  ];
  return rows.filter(([, value]) => value).map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
}

function tags(spec) {
  const described = list(own(spec.root, "tags")).filter((t) => own(t, "description") ?? own(t, "summary")).slice(0, 100);
  return described.map((t) => make("section", {}, make("h3", {}, text(own(t, "name"))), prose(own(t, "description") ?? own(t, "summary"))));
}
