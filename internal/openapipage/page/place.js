// Where a value stands in a JSON text, so that a fault of a body can be shown in the editor.

const maxNesting = 200;

// placeOf returns the range of what a JSON pointer names, null if the text does not have it.
export function placeOf(text, pointer) {
  try {
    const scan = new Scan(text);
    const names = pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
    for (const name of names) scan.enter(name);
    scan.space();
    const start = scan.at;
    scan.skip(0);
    return {start, end: scan.at, line: text.slice(0, start).split("\n").length};
  } catch {
    return null;
  }
}

class Scan {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  space() { this.match(/\s*/y); }

  expect(pattern) {
    this.space();
    const found = this.match(pattern);
    if (!found) throw new SyntaxError(`position ${this.at}`);
    return found[0];
  }

  string() { return this.expect(/"(?:[^"\\]|\\.)*"/y); }

  // enter moves to the value of a member, or of an item by its index.
  enter(name) {
    const isObject = this.expect(/[{[]/y) === "{";
    for (let i = 0; ; i++) {
      const key = isObject ? JSON.parse(this.string()) : String(i);
      if (isObject) this.expect(/:/y);
      if (key === name) return;
      this.skip(0);
      this.expect(/,/y);
    }
  }

  skip(depth) {
    if (depth > maxNesting) throw new RangeError("nesting");
    this.space();
    const open = this.match(/[{[]/y);
    if (!open) {
      this.expect(/"(?:[^"\\]|\\.)*"|[^\s,{}[\]:"]+/y);
      return;
    }
    this.space();
    if (this.match(/[}\]]/y)) return;
    do {
      if (open[0] === "{") {
        this.string();
        this.expect(/:/y);
      }
      this.skip(depth + 1);
    } while (this.expect(/[,}\]]/y) === ",");
  }
}
