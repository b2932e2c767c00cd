/**
 * nix's own errors, read out of what it prints: the message as a person wrote it, apart from the trace.
 *
 * The oldest form (nix 2.4 to 2.8) is the message with the trace behind it; in the newer one (and in Lix and
 * Determinate's) the trace comes first, and the message is an `error:` of its own inside of it.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";

/** How many lines of a message are shown. */
export const MAX_LINES = 40;
/** How many characters of a line are shown. */
const MAX_WIDTH = 500;

/** An error of nix. */
export interface NixMessage {
  /** Its message, at least one line; control characters escaped. */
  readonly message: readonly string[];
  /** Where it came from: frames and locations in front of it or behind it. */
  readonly trace: readonly string[];
}

/** Whether a line begins an error of nix. */
export function beginsError(line: string): boolean {
  return /^error:/.test(line);
}

/** Whether a line goes on with an error that has begun. */
export function continuesError(line: string): boolean {
  return /^\s|^$|^\(use '--show-trace'/.test(line);
}

/** What only follows from another error: that something could not be built since a part of it could not. */
const FOLLOWS =
  /dependenc(y|ies) (of derivation .* )?failed|failed due to failed dependenc|^build of .* failed/;

/** Reads the errors in lines that nix printed; `undefined` where there is none. */
export function readNixError(lines: readonly string[]): NixMessage | undefined {
  const blocks: string[][] = [];
  let inside = false;
  for (const line of lines) {
    if (beginsError(line)) blocks.push([line]);
    else if (inside && continuesError(line)) blocks.at(-1)?.push(line);
    inside = beginsError(line) || (inside && continuesError(line));
  }
  const read = blocks.map(readBlock).filter(({ message }) => message.length > 0);
  const causes = read.filter(({ message }) => !FOLLOWS.test(message.join("\n")));
  const told = causes.length > 0 ? causes : read;
  if (told.length === 0) return undefined;
  return {
    message: bounded(told.flatMap(({ message }) => message)),
    trace: told.flatMap(({ trace }) => framesOfOthers(trace)),
  };
}

/** A trace without the frames that lie in the expression that we gave to nix. */
function framesOfOthers(trace: readonly string[]): string[] {
  const frames: string[][] = [];
  for (const line of trace) {
    if (line.startsWith("… ") || frames.length === 0) frames.push([]);
    frames.at(-1)!.push(line);
  }
  return frames.filter((frame) => !frame.some((line) => /^\s*at «string»/.test(line))).flat();
}

function readBlock([first = "", ...rest]: string[]): NixMessage {
  const head = first.replace(/^error:\s*/, "");
  const lines = rest.filter((line) => !/^\(use '--show-trace'/.test(line))
    .map((line) => escapeControls(line.replace(/^ {1,7}/, "").trimEnd()));
  const frame = lines.findIndex((line) => line.startsWith("… "));
  const inner = head === "" && frame >= 0
    ? lines.findIndex((line, at) => at > frame && beginsError(line))
    : -1;
  const before = lines.slice(0, inner < 0 ? 0 : inner);
  const whole = inner < 0
    ? [escapeControls(head), ...lines]
    : [lines[inner]!.replace(/^error:\s*/, ""), ...lines.slice(inner + 1)];
  const end = whole.findIndex((line) => line.startsWith("… "));
  const message = end < 0 ? whole : whole.slice(0, end);
  return {
    message: tidy(unwrapAbort(withoutOurs(message))),
    trace: [...before, ...(end < 0 ? [] : whole.slice(end))],
  };
}

/** Leaves out the locations that lie in the expression that we gave to nix: it is not the user's. */
function withoutOurs(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let ours = false;
  let excerpt = false;
  for (const line of lines) {
    if (/^\s*at .*:\d+(:\d+)?:?$/.test(line)) {
      ours = line.includes("«string»");
      excerpt = true;
      if (!ours) kept.push(line);
    } else if (excerpt && (line === "" || /^\s*\d*\|/.test(line))) {
      if (!ours && line !== "") kept.push(line);
    } else {
      excerpt = false;
      kept.push(line);
    }
  }
  return kept;
}

/** `abort` wraps its text into a sentence and quotes. */
function unwrapAbort(lines: readonly string[]): readonly string[] {
  const [first = "", ...rest] = lines;
  const begun = /^evaluation aborted with the following error message: '(.*)$/.exec(first)?.[1];
  if (begun === undefined) return lines;
  const whole = [begun, ...rest];
  const end = whole.findLastIndex((line) => line.endsWith("'"));
  if (end < 0) return whole;
  return [...whole.slice(0, end), whole[end]!.slice(0, -1), ...whole.slice(end + 1)];
}

/** No empty lines at the ends, never two in a row, and no more indentation than the lines need. */
function tidy(lines: readonly string[]): string[] {
  const once = lines.filter((line, at) => line.trim() !== "" || lines[at - 1]?.trim() !== "");
  while (once[0]?.trim() === "") once.shift();
  while (once.at(-1)?.trim() === "") once.pop();
  const [first = "", ...rest] = once;
  if (once.length === 0) return [];
  const indent = /^ */.exec(first)![0].length;
  const dedent = (line: string) => line.slice(Math.min(indent, /^ */.exec(line)![0].length));
  return [first.trimStart(), ...rest.map(dedent)];
}

function bounded(lines: readonly string[]): string[] {
  const narrow = lines.map((line) =>
    line.length > MAX_WIDTH ? `${line.slice(0, MAX_WIDTH)}…` : line
  );
  if (narrow.length <= MAX_LINES) return narrow;
  const left = narrow.length - MAX_LINES + 1;
  return [...narrow.slice(0, MAX_LINES - 1), `(${left} more lines; --debug shows them)`];
}
