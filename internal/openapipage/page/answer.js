// What came back for a request.

import {cut, lazy, link, make, setText, text} from "./dom.js";
import {isObject, list, own} from "./spec.js";
import {isStream, Items, readItems} from "./stream.js";

const maxBody = 8 << 20, maxShown = 200000, maxHeaders = 100, maxViolations = 100;

export const mediaOf = (headers) => (headers.get("Content-Type") ?? "").split(";")[0].trim().toLowerCase();
const duration = (ms) => ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(2)} s`;
const size = (bytes) => bytes < 1024 ? `${bytes} bytes` : bytes < 1 << 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;

// An Answer is the panel of one request after the other. found is called with each problem.
export class Answer {
  constructor(found) {
    this.found = found;
    this.status = make("p", {class: "state", role: "status"});
    this.body = make("div");
    this.element = make("section", {class: "answer", "aria-label": "Response", hidden: true}, make("h4", {}, "Response"), this.status, this.body);
  }

  start() {
    this.started = performance.now();
    this.element.hidden = false;
    this.say("waiting", "Sent. Waiting for the response.", "");
    this.body.replaceChildren();
  }

  say(word, sentence, kind) {
    const badge = make("span", {class: kind ? `badge ${kind}` : "badge"}, word);
    this.status.replaceChildren(badge, " ", sentence);
  }

  // read shows a response until its end.
  async read(response) {
    const media = mediaOf(response.headers), kind = response.ok ? "good" : "bad";
    const badge = `${response.status} ${cut(response.statusText, 60)}`.trim();
    const headers = [...response.headers].slice(0, maxHeaders);
    const list = make("dl", {class: "headers"}, headers.map(([name, value]) => [make("dt", {}, name), make("dd", {}, cut(value, 1000))]));
    const shown = lazy(`${headers.length} headers`, () => list);
    if (response.ok && response.body && isStream(media)) {
      await this.stream(response, media, badge, shown);
      return;
    }
    this.say(badge, "Reading the body.", kind);
    const {blob, isCut} = await readBody(response);
    this.say(badge, `in ${duration(performance.now() - this.started)}, ${isCut ? "more than " : ""}${size(blob.size)}`, kind);
    await this.whole(blob, media, isCut, shown);
  }

  async whole(blob, media, isCut, headers) {
    const isText = /^text\/|[/+](json|xml|yaml)$|urlencoded|javascript/.test(media);
    const content = isText ? await blob.text() : "";
    const value = /[/+]json$/.test(media) ? parsed(content) : undefined;
    const isProblem = media === "application/problem+json" && isObject(value);
    this.body.replaceChildren(...[
      isProblem ? this.problem(value) : null,
      isCut ? make("p", {class: "warn"}, `The page reads ${size(maxBody)} of a body. The rest was not read.`) : null,
      isText && blob.size ? bodyText(value === undefined ? content : JSON.stringify(value, null, 2)) : null,
      !isText && blob.size ? make("p", {}, `${media || "A body without a type"}, ${size(blob.size)}.`) : null,
      blob.size ? saved(blob) : make("p", {class: "muted"}, "The response has no body."), headers,
    ].filter(Boolean));
  }

  async stream(response, media, badge, headers) {
    let end = "", faults = [];
    const items = new Items(this.started, () => this.say(badge, `${items.count} items, ${end || "more may come"}`, "good"));
    this.body.replaceChildren(items.element, headers);
    items.flush();
    const take = (item) => {
      const value = item.name === "error" ? parsed(item.data) : undefined;
      if (item.name === "end") end = "the stream has ended";
      else if (isObject(value) && (own(value, "code") ?? own(value, "title")) !== undefined) faults.push(value);
      else items.add(item);
    };
    try {
      await readItems(response, media, take);
      end ||= faults.length ? "failed" : media === "text/event-stream" ? "the connection has ended" : "the stream has ended";
    } catch (e) {
      end = e.name === "AbortError" ? "stopped" : "broken";
      if (e.name !== "AbortError") this.body.prepend(make("p", {class: "bad"}, text(e.message)));
    }
    items.flush();
    const after = `after ${duration(performance.now() - this.started)}`;
    this.say(faults.length ? "failed" : badge, `${items.count} items, ${end} ${after}`, faults.length || end === "broken" ? "bad" : "good");
    this.body.prepend(...faults.slice(0, 1).map((f) => this.problem(f)));
  }

  fail(error) {
    if (error.name === "AbortError") this.say("stopped", "The request was stopped.", "");
    else this.say("failed", `${text(error.message)} The browser sent no request, got no response, or may not show it: another host must allow it (CORS).`, "bad");
  }

  // problem returns a problem (RFC 9457) as an element.
  problem(p) {
    const go = this.found(p);
    const facts = [["code", own(p, "code")], ["error", [text(own(p, "domain")), text(own(p, "reason"))].filter(Boolean).join("/")],
      ["retry after", own(p, "retryAfter")], ["instance", own(p, "instance")]];
    return make("div", {class: "problem"},
      make("p", {}, make("strong", {}, text(own(p, "detail")) || text(own(p, "title")) || "An error without a text.")),
      make("dl", {class: "headers"}, facts.filter(([, v]) => text(v)).map(([k, v]) => [make("dt", {}, k), make("dd", {}, text(v))])),
      violations(p, go), make("ul", {}, list(own(p, "help")).slice(0, 20).map((h) => make("li", {}, link(own(h, "url"), own(h, "description"))))));
  }
}

// placeText returns which value a violation is about.
export const placeText = (v) => text(own(v, "parameter")) || text(own(v, "pointer")) || "the request";

function violations(p, go) {
  const all = list(own(p, "errors"));
  if (!all.length) return null;
  return make("ul", {class: "violations"}, all.slice(0, maxViolations).map((v) => {
    const target = go(v), place = make("code", {}, placeText(v));
    const at = target ? make("button", {type: "button", class: "small"}, place) : place;
    if (target) at.addEventListener("click", target);
    return make("li", {}, at, " ", text(own(v, "detail")));
  }), all.length > maxViolations ? make("li", {}, `and ${all.length - maxViolations} more`) : null);
}

function parsed(content) {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

// bodyText returns a text, of which a long one is cut.
export function bodyText(content) {
  return make("pre", {tabindex: "0", role: "region", "aria-label": "Body"}, make("code", {}, cut(content, maxShown)));
}

// readBody reads a body up to a bound.
async function readBody(response) {
  const parts = [];
  let length = 0, isCut = false;
  const reader = response.body?.getReader();
  while (reader && !isCut) {
    const {done, value} = await reader.read();
    if (done) break;
    isCut = length + value.length > maxBody;
    parts.push(isCut ? value.subarray(0, maxBody - length) : value);
    length += value.length;
  }
  if (isCut) await reader.cancel();
  return {blob: new Blob(parts), isCut};
}

// saved returns a button that saves a body as a file. Its type keeps the browser from showing it.
function saved(blob) {
  const button = make("button", {type: "button", class: "small"}, "Save the body");
  button.addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([blob], {type: "application/octet-stream"}));
    make("a", {href: url, download: "response"}).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  });
  return button;
}
