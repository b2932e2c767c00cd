/**
 * The lines of the live view: pure, from what runs, a clock and the terminal's size.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";
import { showBytes, showBytesOf, showClock, showTime } from "./amounts.ts";
import type { Rendered } from "./renderer.ts";
import type { Moving, Running } from "./run_model.ts";
import { TITLES } from "./stages.ts";
import { cutText, textWidth } from "./text_width.ts";

/** What the lines are made for. */
export interface LiveOptions {
  /** Now, on the clock of what runs. */
  readonly now: number;
  /** When the run began. */
  readonly began: number;
  /** The machine, for the last line. */
  readonly host: string;
  /** The terminal's width. */
  readonly columns: number;
  /** The terminal's height. */
  readonly rows: number;
  /** Whether lines may have colours. Default: false */
  readonly color?: boolean | undefined;
  /** The last lines of what runs, as they are shown. Default: none */
  readonly tail?: readonly string[] | undefined;
}

const WHEEL = [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"];
const TITLE_WIDTH = Math.max(...Object.values(TITLES).map((title) => title.length));
const TIME_WIDTH = 7;
/** Lines of output below the stages. */
export const TAIL = 5;
const TITLE_AT = 2;
const DETAIL_AT = TITLE_AT + TITLE_WIDTH + 1 + TIME_WIDTH + 2;

/** Styles, where there are colours. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow";
const CODES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

/** A text in a style, or as it is. */
export function styled(text: string, style: Style, color = false): string {
  return color && text !== "" ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;
}

/** The lines, none wider than the terminal and fewer than it has: stages first, then what they print, then the clock. */
export function liveLines(running: readonly Running[], options: LiveOptions): string[] {
  const { now, began, host, columns, rows, color, tail = [] } = options;
  const width = Math.max(columns - 1, 1);
  const most = Math.max(rows - 2, 1);
  const time = showClock(now - began);
  const clock = styled(cutText(host === "" ? time : `${host}  ${time}`, width), "dim", color);
  const stages = running.map((one) => stageLines(one, now, width, color));
  let lines = stages.flat();
  // On a small terminal each stage has its one line before any has more.
  if (lines.length > most - 1) lines = stages.map(([first = ""]) => first);
  if (lines.length > most - 1) lines = lines.slice(0, Math.max(most - 1, 0));
  const left = Math.max(Math.min(most - 1 - lines.length, TAIL), 0);
  const last = tail.slice(tail.length - Math.min(left, tail.length));
  return [
    ...lines,
    ...last.map((line) =>
      styled(cutText(`    ${line.replaceAll("\t", "  ")}`, width), "dim", color)
    ),
    clock,
  ];
}

/** A stage that runs: one line, and more where it has more to tell than fits beside its name. */
function stageLines(one: Running, now: number, width: number, color?: boolean): string[] {
  const mark = WHEEL[Math.floor(now / 200) % WHEEL.length]!;
  const time = showTime(now - one.began).padStart(TIME_WIDTH);
  const head = `${mark} ${TITLES[one.stage].padEnd(TITLE_WIDTH)} ${time}`;
  const plain = cutText(head, width);
  const parts = details(one);
  const beside = width - DETAIL_AT;
  const [first = "", ...rest] = fill(parts, [beside, width - 4]);
  const line = first === "" ? plain : `${plain}  ${first}`;
  const marked = color ? line.replace(mark, styled(mark, "yellow", color)) : line;
  return [
    marked,
    ...rest.map((text) => styled(`    ${cutText(text, width - 4)}`, "dim", color)),
  ];
}

/** Parts in lines of these widths, the last of which is that of all further lines; three lines at most. */
function fill(parts: readonly string[], widths: readonly number[]): string[] {
  const lines = [""];
  for (const part of parts) {
    const width = widths[Math.min(lines.length, widths.length) - 1] ?? 0;
    const line = lines.at(-1)!;
    const longer = line === "" ? part : `${line}, ${part}`;
    if (textWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines.slice(0, 3);
}

/** What is known of a stage besides its name, in clauses: transfers, nix, waits. */
export function details(
  { moving, activities, waiting }: Pick<Running, "moving" | "activities" | "waiting">,
): string[] {
  const parts = waiting === undefined ? [] : [escapeControls(waiting)];
  // What is through is of no interest.
  const going = moving.filter(({ done, total = Infinity, paths }) =>
    done < total || paths && paths.done < paths.total
  );
  parts.push(...going.flatMap(transferParts));
  for (const { where, builds, fetched, names } of activities) {
    const place = activities.length > 1 ? `${escapeControls(where)}: ` : "";
    const own: string[] = [];
    if (builds.total > 0) {
      const running = builds.running > 0 ? `, ${builds.running} running` : "";
      own.push(`${builds.done}/${builds.total} built${running}`);
    }
    if (fetched.total > 0) own.push(`${showBytesOf(fetched.done, fetched.total)} fetched`);
    else if (fetched.done > 0) own.push(`${showBytes(fetched.done)} fetched`);
    if (names.length > 0) own.push(names.map(escapeControls).join(" "));
    parts.push(...own.map((part, at) => at === 0 ? `${place}${part}` : part));
  }
  return parts;
}

function transferParts({ what, done, total, paths, rate }: Moving): string[] {
  const name = what === "image" || what === "closure" ? "" : `${what} `;
  const parts: string[] = [];
  if (total === undefined) parts.push(`${name}${showBytes(done)}`);
  else {
    const percent = total > 0 ? ` ${Math.floor(100 * Math.min(done / total, 1))}%` : "";
    parts.push(`${name}${showBytesOf(done, total)}${percent}`);
  }
  if (rate !== undefined && rate >= 1 && done < (total ?? Infinity)) {
    parts.push(`${showBytes(rate)}/s`);
    if (total !== undefined) parts.push(`${showTime(1000 * (total - done) / rate)} left`);
  }
  if (paths) parts.push(`${paths.done}/${paths.total} paths`);
  return parts;
}

/** The one line of a stage that has ended. */
export function endedLine(
  event: Extract<Rendered, { type: "stage" }>,
  columns: number,
  color?: boolean,
): string {
  const { stage, state, ms, detail } = event;
  const [mark, style] = MARKS[state === "start" ? "done" : state];
  const title = TITLES[stage];
  const time = ms === undefined ? "" : showTime(ms, true);
  const words = [
    ...(state === "done" ? [] : [state]),
    ...(detail === undefined ? [] : [escapeControls(detail)]),
  ].join(": ");
  const head = `${title.padEnd(TITLE_WIDTH)} ${time.padStart(TIME_WIDTH)}  ${words}`.trimEnd();
  return `${styled(mark, style, color)} ${cutText(head, Math.max(columns - 3, 1))}`;
}

const MARKS = {
  done: ["✓", "green"],
  failed: ["✗", "red"],
  stopped: ["■", "yellow"],
  skipped: ["–", "dim"],
} as const satisfies Record<string, readonly [string, Style]>;
