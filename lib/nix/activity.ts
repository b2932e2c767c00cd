/**
 * Telling what a nix command is at while it runs.
 *
 * @module
 */
import type { Report, Stage } from "../report/events.ts";
import { JsonLog } from "./json_log.ts";

/** The words that make nix log in a form that tells what it is at; since nix 2.4. */
export const JSON_LOG: readonly string[] = ["--log-format", "internal-json"];

/** Characters of a line of the log: the trace of an error is one. */
export const LONGEST_LINE = 1024 * 1024;

/** Milliseconds between two events. */
const OFTEN = 200;

/** What is told of a command, and to whom. */
export interface ActivityOptions {
  readonly report: Report;
  /** The stage that the command belongs to. */
  readonly stage: Stage;
  /** The machine it runs on; `here` for this one. */
  readonly where: string;
  /** Whether what builds print is printed. Default: false */
  readonly buildLogs?: boolean | undefined;
}

/** Whether an output says that a nix knows no such log: one that is older. */
export function knowsNoJsonLog(output: string): boolean {
  return /(unrecognised|unknown) (flag|option) '--log-format'|option 'log-format' has an invalid value|invalid (argument|log format)/
    .test(output);
}

/** Follows the log of one command. Disposal tells the last that there was. */
export class ActivityLog implements Disposable {
  readonly #options: ActivityOptions;
  readonly #log: JsonLog;
  readonly #timer: ReturnType<typeof setInterval>;

  /** Begins to tell. */
  constructor(options: ActivityOptions) {
    this.#options = options;
    this.#log = new JsonLog(options.buildLogs);
    this.#timer = setInterval(() => this.#tell(), OFTEN);
  }

  /** Takes a line of the error output and returns what nix would have printed. */
  readonly lines = (line: string): readonly string[] => this.#log.lines(line);

  /** The bytes that were fetched so far. */
  get fetched(): number {
    return this.#log.fetched;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#tell();
  }

  #tell(): void {
    if (!this.#log.changed) return;
    const { report, stage, where } = this.#options;
    const { builds, fetched, names, line } = this.#log.activity;
    if (builds.total === 0 && fetched.total === 0 && names.length === 0 && line === undefined) {
      return;
    }
    report({
      ...{ type: "activity", stage, where, builds, fetched, names },
      ...(line !== undefined && { line }),
    });
  }
}
