// Streams: server-sent events and lines of JSON, read while they come. An EventSource could
// send neither headers nor a POST.

import {cut, make} from "./dom.js";

const maxLine = 1 << 20, maxShown = 500, maxItem = 4000, pause = 60;

// isStream reports whether a media type is one of items.
export const isStream = (media) => /^(text\/event-stream|application\/(x-ndjson|ndjson|jsonl|x-jsonlines|json-seq))$/.test(media);

// A Lines cuts a text that comes in parts into lines.
export class Lines {
  rest = "";

  push(text) {
    this.rest += text;
    const open = this.rest.endsWith("\r"); // perhaps half of the end of a line
    const lines = (open ? this.rest.slice(0, -1) : this.rest).split(/\r\n|\n|\r/);
    this.rest = lines.pop() + (open ? "\r" : "");
    if (this.rest.length > maxLine) throw new RangeError("An item is longer than 1 MiB.");
    return lines;
  }

  end() { return this.push(this.rest.endsWith("\r") ? "\n" : "").concat(this.rest ? [this.rest] : []); }
}

// An Events makes events of lines, as the HTML standard has them.
export class Events {
  fresh = {name: "", data: [], size: 0};
  id = "";

  line(line) {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.fresh.name = value;
    if (field === "id" && !value.includes("\0")) this.id = value;
    if (field === "data") {
      this.fresh.data.push(value);
      this.fresh.size += value.length;
      if (this.fresh.size > maxLine) throw new RangeError("An item is longer than 1 MiB.");
    }
    return null;
  }

  dispatch() {
    const {name, data} = this.fresh;
    this.fresh = {name: "", data: [], size: 0};
    return data.length || name ? {name, id: this.id, data: data.join("\n")} : null;
  }
}

// readItems calls take for each item of a response, until it ends.
export async function readItems(response, media, take) {
  const lines = new Lines(), events = media === "text/event-stream" ? new Events() : null;
  const pass = (line) => {
    const item = events ? events.line(line) : line.trim() && {name: "", id: "", data: line.replace(/^\x1e/, "")};
    if (item) take(item);
  };
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const {done, value} = await reader.read();
    if (done) break;
    lines.push(value).forEach(pass);
  }
  if (!events) lines.end().forEach(pass); // an event without its blank line is not whole
}

// Items shows the newest items of a stream, a batch at a time, so that a fast stream does not
// hold up the page.
export class Items {
  constructor(started, changed) {
    Object.assign(this, {started, changed, count: 0, waiting: [], timer: 0});
    this.list = make("ol", {class: "items"});
    this.element = make("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Items of the stream"}, this.list);
  }

  add(item) {
    this.count++;
    this.waiting.push({...item, number: this.count, after: performance.now() - this.started});
    if (this.waiting.length > maxShown) this.waiting.shift();
    this.timer ||= setTimeout(() => this.flush(), pause);
  }

  flush() {
    clearTimeout(this.timer);
    this.timer = 0;
    const atEnd = this.element.scrollTop + this.element.clientHeight > this.element.scrollHeight - 20;
    this.list.append(...this.waiting.map(row));
    this.waiting = [];
    while (this.list.childElementCount > maxShown) this.list.firstElementChild.remove();
    if (atEnd) this.element.scrollTop = this.element.scrollHeight;
    this.changed();
  }
}

function row(item) {
  const about = [`${(item.after / 1000).toFixed(2)} s`, item.id && `id ${cut(item.id, 60)}`, item.name && cut(item.name, 60)].filter(Boolean);
  return make("li", {}, make("span", {class: "about"}, `#${item.number} · ${about.join(" · ")}`), make("code", {}, cut(item.data, maxItem)));
}
