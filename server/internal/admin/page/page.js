// The page shows the items of the stream /live. All text goes in by textContent.
"use strict";

const byId = (id) => document.getElementById(id);

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function make(tag, attributes = {}, text = "") {
  const svg = tag === "svg" || tag === "polyline";
  const element = svg ? document.createElementNS(byId("plot-calls").namespaceURI, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}

// Numbers and times

const digits = (n, most = 1) => n.toLocaleString("en", {maximumFractionDigits: most});
const percent = (ratio, most = 2) => digits(ratio * 100, most) + " %";

function duration(seconds) {
  if (!seconds) return "–";
  if (seconds < 1e-3) return digits(seconds * 1e6, 0) + " µs";
  if (seconds < 1) return digits(seconds * 1e3, seconds < 0.01 ? 2 : 0) + " ms";
  if (seconds < 120) return digits(seconds, 1) + " s";
  if (seconds < 3600) return digits(seconds / 60, 0) + " min";
  if (seconds < 172800) return digits(seconds / 3600, 0) + " h";
  return digits(seconds / 86400, 0) + " d";
}

// clock returns the time of a day, and the day unless it is today.
function clock(text) {
  const time = new Date(text), today = time.toDateString() === new Date().toDateString();
  return today ? time.toLocaleTimeString("en-GB") : time.toLocaleString("en-GB");
}
const join = (...parts) => parts.filter(Boolean).join(" ");

// Plots

function points(values, top, width, height) {
  const step = values.length > 1 ? width / (values.length - 1) : width;
  return values.map((v, i) => `${(i * step).toFixed(1)},${(height - 2 - (top ? v / top : 0) * (height - 4)).toFixed(1)}`).join(" ");
}

function plot(svg, lines, width, height) {
  const top = Math.max(0, ...lines.flatMap((line) => line.values));
  lines.forEach((line, i) => {
    const element = svg.children[i] || svg.appendChild(make("polyline", {class: line.kind}));
    element.setAttribute("points", points(line.values, top, width, height));
  });
  return top;
}

// Tables. A column has a title, the text of a row, and perhaps: a value to sort by, a
// class for a row, a link, or a func that draws into the cell.

class Table {
  constructor(section, empty, columns, key, limit = "") {
    this.columns = columns;
    this.key = key;
    this.sorted = null;
    this.rows = new Map();
    const title = byId(section + "-title");
    this.empty = make("p", {class: "empty"}, empty);
    this.scroll = make("div", {class: "scroll"});
    this.scroll.hidden = true;
    this.title = title;
    const table = make("table", {"aria-labelledby": title.id});
    const head = table.createTHead().insertRow();
    this.heads = columns.map((column, i) => this.head(head, column, i));
    this.body = table.createTBody();
    this.scroll.append(table);
    byId(section).append(this.empty, this.scroll);
    if (limit) byId(section).append(make("p", {class: "note"}, limit));
  }

  head(row, column, i) {
    const th = make("th", {scope: "col", "aria-sort": "none"});
    if (column.number) th.className = "number";
    if (column.draw) {
      th.removeAttribute("aria-sort");
      th.textContent = column.title;
    } else {
      const button = make("button", {type: "button"}, column.title);
      button.addEventListener("click", () => this.sortBy(i));
      th.append(button);
    }
    row.append(th);
    return th;
  }

  sortBy(i) {
    const {column, down} = this.sorted || {};
    const first = Boolean(this.columns[i].number);
    this.sorted = {column: i, down: column === i ? !down : first};
    this.heads.forEach((th, n) => {
      if (this.columns[n].draw) return;
      th.setAttribute("aria-sort", n !== i ? "none" : this.sorted.down ? "descending" : "ascending");
    });
    this.show(this.latest || []);
  }

  order(rows) {
    if (!this.sorted) return rows;
    const {column, down} = this.sorted, {text, value} = this.columns[column];
    const by = value || text;
    return [...rows].sort((a, b) => {
      const x = by(a), y = by(b);
      const order = typeof x === "number" ? x - y : x.localeCompare(y);
      return down ? -order : order;
    });
  }

  show(rows) {
    this.latest = rows;
    this.empty.hidden = rows.length > 0;
    this.scroll.hidden = rows.length === 0;
    const kept = new Map();
    this.order(rows).forEach((row, i) => {
      let key = this.key(row);
      while (kept.has(key)) key += "+";
      const tr = this.rows.get(key) || this.row();
      this.columns.forEach((column, n) => this.cell(tr.cells[n], column, row));
      if (this.body.rows[i] !== tr) this.body.insertBefore(tr, this.body.rows[i] || null);
      kept.set(key, tr);
    });
    for (const [key, tr] of this.rows) if (kept.get(key) !== tr) tr.remove();
    this.rows = kept;
    this.reachable();
  }

  row() {
    const tr = document.createElement("tr");
    this.columns.forEach((column, i) => tr.append(i ? make("td") : make("th", {scope: "row"})));
    return tr;
  }

  cell(cell, column, row) {
    if (column.draw) {
      column.draw(cell, row);
      return;
    }
    const link = column.link && column.link(row);
    if (link) {
      const a = cell.firstElementChild || cell.appendChild(make("a", {rel: "noreferrer", target: "_blank"}));
      if (a.getAttribute("href") !== link) a.setAttribute("href", link);
      setText(a, column.text(row));
    } else {
      setText(cell, column.text(row));
    }
    const name = join(column.number && "number", column.kind && column.kind(row));
    if (cell.className !== name) cell.className = name;
  }

  // reachable lets the keyboard scroll a table that is wider than the window.
  reachable() {
    const wide = this.scroll.scrollWidth > this.scroll.clientWidth;
    if (wide === this.scroll.hasAttribute("tabindex")) return;
    for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-labelledby", this.title.id]]) {
      if (wide) this.scroll.setAttribute(name, value);
      else this.scroll.removeAttribute(name);
    }
  }
}

const operation = (e) => join(e.service ? e.service + "." + e.name : e.name);
const called = (row) => join(row.operation, row.transport && `(${row.transport}${row.side === "client" ? ", called" : ""})`);
const part = (sum, of) => of ? sum / of : 0;

function spark(cell, row) {
  const svg = cell.firstChild || cell.appendChild(make("svg", {class: "spark", viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true"}));
  plot(svg, [{kind: "all", values: row.p99Seconds}], 100, 24);
}

const tables = {
  endpoints: new Table("endpoints", "No endpoint yet. Give the server to httpx.Mount or grpcx.Register as their outermost layer.", [
    {title: "Operation", text: operation},
    {title: "Side", text: (e) => e.side === "client" ? "called" : "served"},
    {title: "Route", text: (e) => join(e.transport, e.method, e.path, e.streams !== "unary" && `(${e.streams})`)},
    {title: "Calls/s", number: true, text: (e) => digits(e.rate), value: (e) => e.rate},
    {title: "In flight", number: true, text: (e) => digits(e.inFlight), value: (e) => e.inFlight},
    {title: "Server faults", number: true, text: (e) => percent(part(e.minute.serverFaults, e.minute.calls)), value: (e) => part(e.minute.serverFaults, e.minute.calls), kind: (e) => e.minute.serverFaults ? "bad" : ""},
    {title: "Caller faults", number: true, text: (e) => percent(part(e.minute.callerFaults, e.minute.calls)), value: (e) => part(e.minute.callerFaults, e.minute.calls)},
    {title: "p50", number: true, text: (e) => duration(e.minute.p50Seconds), value: (e) => e.minute.p50Seconds},
    {title: "p90", number: true, text: (e) => duration(e.minute.p90Seconds), value: (e) => e.minute.p90Seconds},
    {title: "p99", number: true, text: (e) => duration(e.minute.p99Seconds), value: (e) => e.minute.p99Seconds},
    {title: "p99, last minute", draw: spark},
    {title: "Since start", number: true, text: (e) => digits(e.calls), value: (e) => e.calls},
  ], (e) => join(e.side, e.transport, operation(e), e.method, e.path)),
  objectives: new Table("objectives", "No objective is watched. Give an observe.SLO to server.Watch.", [
    {title: "Operation", text: called},
    {title: "Promise", text: (o) => join(percent(o.ratio, 4), o.part === "latency" ? "within " + duration(o.limitSeconds) : "available"), value: (o) => o.ratio},
    {title: "Measured", number: true, text: (o) => percent(o.good, 4), value: (o) => o.good, kind: (o) => o.good < o.ratio ? "bad" : "good"},
    {title: "Bad calls", number: true, text: (o) => `${digits(o.bad)} of ${digits(o.calls)}`, value: (o) => o.bad},
    {title: "Burn rate", text: (o) => o.burn.map((b) => `${digits(b.rate, 2)} in ${duration(b.windowSeconds)}`).join(", "), value: (o) => Math.max(0, ...o.burn.map((b) => b.rate))},
    {title: "Alert", text: (o) => o.alert ? "due" : "no", kind: (o) => o.alert ? "bad" : "good"},
  ], (o) => called(o) + o.part),
  breakers: new Table("breakers", "No breaker is watched. Give it to server.Watch.", [
    {title: "Breaker", text: (g) => g.name || "unnamed"},
    {title: "Operation", text: (g) => g.operation || "all"},
    {title: "State", text: (g) => breakerStates[g.value] || String(g.value), kind: (g) => ["good", "warn", "bad"][g.value] || ""},
  ], (g) => join(g.name, "/", g.operation)),
  limits: new Table("limits", "No limit and no budget is watched. Give it to server.Watch.", [
    {title: "Policy", text: (p) => join(p.source, p.name)},
    {title: "Operation", text: (p) => p.operation || "all"},
    {title: "Figures", text: (p) => p.figures.map((g) => `${g.metric.replaceAll("_", " ")} ${digits(g.value, 3)}`).join(", ")},
  ], (p) => join(p.source, p.name, "/", p.operation, "/", p.detail)),
  pools: new Table("pools", "No pool is watched. Give it to server.Watch.", [
    {title: "Pool", text: (p) => p.name || "unnamed"},
    {title: "Instances", number: true, text: (p) => digits(p.instances), value: (p) => p.instances},
    {title: "Serving", number: true, text: (p) => digits(p.serving), value: (p) => p.serving, kind: (p) => p.serving ? "" : "bad"},
    {title: "Ejected", number: true, text: (p) => digits(p.ejected), value: (p) => p.ejected, kind: (p) => p.ejected ? "bad" : ""},
    {title: "Age of the set", number: true, text: (p) => duration(p.ageSeconds), value: (p) => p.ageSeconds},
  ], (p) => p.name),
  instances: new Table("instances", "No pool has an instance.", [
    {title: "Instance", text: (m) => m.address},
    {title: "Pool", text: (m) => m.pool || "unnamed"},
    {title: "State", text: (m) => m.out ? "ejected" : "in", kind: (m) => m.out ? "bad" : "good"},
    {title: "Pending", number: true, text: (m) => digits(m.pending), value: (m) => m.pending},
    {title: "Weight", number: true, text: (m) => digits(m.weight, 3), value: (m) => m.weight},
  ], (m) => m.pool + "/" + m.address, "Of each pool, at most 100 instances are listed, those that are ejected first."),
  checks: new Table("checks", "The server has no health check. server.Check adds one.", [
    {title: "Check", text: (c) => c.name},
    {title: "Status", text: (c) => c.status, kind: (c) => ({pass: "good", warn: "warn"})[c.status] || "bad"},
    {title: "A failure is", text: (c) => c.critical ? "critical" : "a warning"},
    {title: "Since", text: (c) => c.since ? clock(c.since) : "–", value: (c) => c.since || ""},
    {title: "Took", number: true, text: (c) => duration(c.tookSeconds), value: (c) => c.tookSeconds},
    {title: "Error", text: (c) => c.error || "–"},
  ], (c) => c.name),
  calls: new Table("calls", "No call has failed or was slow.", [
    {title: "Ended", text: (c) => clock(c.at), value: (c) => c.at},
    {title: "Operation", text: called},
    {title: "Kind", text: (c) => c.kind, kind: (c) => c.kind === "server fault" ? "bad" : ""},
    {title: "Took", number: true, text: (c) => duration(c.tookSeconds), value: (c) => c.tookSeconds},
    {title: "Code", text: (c) => c.code},
    {title: "Error", text: (c) => c.domain ? c.domain + "/" + c.reason : "–"},
    {title: "Trace", text: (c) => c.traceId || "–", link: (c) => c.traceUrl},
    {title: "Request", text: (c) => c.requestId || "–"},
  ], (c) => c.at + c.operation + c.kind),
  events: new Table("events", "Nothing has happened. Give the method Event of the server to policies and pools.", [
    {title: "Time", text: (e) => clock(e.at), value: (e) => e.at},
    {title: "Source", text: (e) => join(e.source, e.name)},
    {title: "Event", text: (e) => join(e.kind.replaceAll("_", " "), e.count > 1 && `(${e.count} times)`)},
    {title: "Operation", text: (e) => e.operation || "–"},
    {title: "Detail", text: (e) => join(e.detail, e.delaySeconds && duration(e.delaySeconds)) || "–"},
    {title: "Error", text: (e) => e.error || "–"},
  ], (e) => join(e.source, e.name, e.kind, e.operation, e.detail, e.at)),
};

const breakerStates = ["closed", "half-open", "open"];

// policies returns the gauges that are not of breakers, one row for each policy.
function policies(gauges) {
  const rows = new Map();
  for (const g of gauges) {
    if (g.source === "breaker") continue;
    const key = JSON.stringify([g.source, g.name, g.operation, g.detail]);
    if (!rows.has(key)) rows.set(key, {...g, figures: []});
    rows.get(key).figures.push(g);
  }
  return [...rows.values()];
}

function showOverview(s) {
  const {served} = s, {minute} = served;
  setText(byId("rate"), digits(served.rate));
  setText(byId("inflight"), digits(served.inFlight));
  setText(byId("faults"), percent(part(minute.serverFaults, minute.calls)));
  setText(byId("callers"), percent(part(minute.callerFaults, minute.calls)));
  setText(byId("p50"), duration(minute.p50Seconds));
  setText(byId("p99"), duration(minute.p99Seconds));
  byId("overview-empty").hidden = served.calls + served.inFlight > 0;
  const seconds = s.series.slice(0, -1); // the last one is not over
  const calledTop = plot(byId("plot-calls"), [
    {kind: "all", values: seconds.map((p) => p.calls)},
    {kind: "caller", values: seconds.map((p) => p.callerFaults)},
    {kind: "fault", values: seconds.map((p) => p.serverFaults)},
  ], 590, 100);
  setText(byId("plot-calls-top"), digits(calledTop));
  setText(byId("plot-p99-top"), duration(plot(byId("plot-p99"), [{kind: "all", values: served.p99Seconds}], 590, 100)));
}

function showFacts(s) {
  const b = s.build;
  const facts = [
    ["Module", b.module], ["Version", b.version], ["Revision", join(b.revision, b.modified && "(modified)", b.time)],
    ["Go", b.go], ["Started", new Date(s.start).toLocaleString("en-GB")],
    ...s.listeners.map((l) => [l.name, l.address]),
  ].filter(([, text]) => text);
  const list = byId("facts"), text = JSON.stringify(facts);
  if (list.dataset.shown === text) return;
  list.dataset.shown = text;
  list.replaceChildren(...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

function show(s) {
  setText(byId("name"), s.server);
  document.title = `${s.server} (${s.state})`;
  showOverview(s);
  tables.endpoints.show(s.endpoints);
  tables.objectives.show(s.objectives);
  tables.breakers.show(s.gauges.filter((g) => g.source === "breaker"));
  tables.limits.show(policies(s.gauges));
  tables.pools.show(s.pools);
  tables.instances.show(s.pools.flatMap((p) => (p.members || []).map((m) => ({...m, pool: p.name}))));
  tables.checks.show(s.checks);
  tables.calls.show(s.calls);
  tables.events.show(s.events);
  showFacts(s);
}

// The connection. The browser's own reconnection gives up after a refusal, so the page
// connects again itself, also when a connection is open and silent.

const silence = 5000, firstRetry = 1000, lastRetry = 5000;
const sentences = {
  new: "The server has not started yet.",
  starting: "The server is starting.",
  running: "The server is running.",
  draining: "The server is draining: it finishes calls and takes no new ones.",
  stopped: "The server has stopped.",
};
const kinds = {running: "good", starting: "warn", draining: "warn"};

let stream = null, watchdog = 0, retry = firstRetry, paused = false, latest = null;

function setState(word, sentence, kind, stale) {
  setText(byId("state"), word);
  byId("state").className = join("badge", kind);
  setText(byId("status"), sentence);
  document.body.classList.toggle("stale", stale);
}

function take(event) {
  latest = JSON.parse(event.data);
  retry = firstRetry;
  watch();
  setState(latest.state, sentences[latest.state] || "", kinds[latest.state] || "", false);
  if (!paused) show(latest);
}

function watch() {
  clearTimeout(watchdog);
  watchdog = setTimeout(lose, silence);
}

// lose keeps the last figures, greyed out, and connects again later.
async function lose() {
  clearTimeout(watchdog);
  stream.close();
  const wait = retry;
  retry = Math.min(2 * retry, lastRetry);
  watchdog = setTimeout(connect, wait);
  const status = await answer();
  if (stream.readyState !== EventSource.CLOSED) return; // connected again meanwhile
  if (status === 200) setState("connecting", "Connecting again.", "warn", true);
  else if (status === 503) setState("waiting", "The server answers, but has enough readers already. Trying again.", "warn", true);
  else setState("unreachable", latest ? "The server is unreachable. These are its last figures. Trying again." : "The server is unreachable. Trying again.", "bad", true);
}

// answer returns the status with which the server answers, which an EventSource does not
// tell, and 0 if it does not answer.
async function answer() {
  const ending = new AbortController(), late = setTimeout(() => ending.abort(), 2000);
  try {
    return (await fetch("live", {signal: ending.signal})).status;
  } catch {
    return 0;
  } finally {
    clearTimeout(late);
    ending.abort();
  }
}

function connect() {
  stream = new EventSource("live");
  stream.addEventListener("message", take);
  stream.addEventListener("error", lose);
  stream.addEventListener("end", lose);
  watch();
}

byId("pause").addEventListener("click", () => {
  paused = !paused;
  byId("pause").setAttribute("aria-pressed", String(paused));
  if (!paused && latest) show(latest);
});
addEventListener("resize", () => Object.values(tables).forEach((table) => table.reachable()));
connect();
