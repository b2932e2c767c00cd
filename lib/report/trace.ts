/**
 * Which lines of programs are shown, and telling the trace of a shell script (`set -x`) from what its programs say.
 *
 * @module
 */
import { type Rendered, shownLine } from "./renderer.ts";

/** Programs that trace every command of a script: of interest only to who debugs it. */
const TRACED = ["kexec", "disko"];

/** Decides which lines of programs are shown. */
export class OutputFilter {
  readonly #traces = new Map(TRACED.map((source) => [source, new TraceFilter()]));

  /** With `debug`, all are. */
  constructor(readonly debug: boolean = false) {}

  /** A line as it is shown; `undefined` where it is not. */
  shown({ source, line, stream }: Extract<Rendered, { type: "output" }>): string | undefined {
    const text = shownLine(line);
    const traces = stream === "stdout" ? undefined : this.#traces.get(source);
    const trace = traces?.isTrace(text) ?? false;
    return !this.debug && (trace || source === "ssh" || text.trim() === "") ? undefined : text;
  }
}

/** Lines of one traced command after which it is not believed to go on: a quote was none. */
const LONGEST = 20;

/** Follows the output of one script. */
export class TraceFilter {
  /** How many more lines may belong to the traced command whose quote is open. */
  #open = 0;

  /** Whether a line is part of the trace: `+ command`, or the rest of a command whose quoted word has line feeds. */
  isTrace(line: string): boolean {
    if (/^\++ /.test(line)) {
      this.#open = endsQuoted(line, false) ? LONGEST : 0;
      return true;
    }
    if (this.#open === 0) return false;
    this.#open = endsQuoted(line, true) ? this.#open - 1 : 0;
    return true;
  }
}

/** Whether a single quote is open at a line's end, as shells quote traced words: `'it'\''s'` or `$'it\'s'`. */
function endsQuoted(line: string, open: boolean): boolean {
  let rest = line;
  while (true) {
    if (open) {
      // Inside of single quotes nothing is special but their end.
      const end = rest.indexOf("'");
      if (end < 0) return true;
      rest = rest.slice(end + 1);
    }
    const before = /^(?:\$'(?:\\.|[^'\\])*'|\\.|[^'])*/su.exec(rest)?.[0] ?? "";
    if (before.length === rest.length) return false;
    rest = rest.slice(before.length + 1);
    open = true;
  }
}
