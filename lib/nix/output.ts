/**
 * What nix prints while it runs, on its way to whoever looks on.
 *
 * @module
 */
import { type Report, silent } from "../report/events.ts";
import { beginsError, continuesError, type NixMessage, readNixError } from "./message.ts";

/** Lines that are true and of no use to who installs a machine. */
const NOISE = [
  /^warning: you did not specify '--add-root'/,
  /^warning: '[\w-]+' is a deprecated alias/,
  /^path .* does not contain a 'flake.nix', searching up$/,
  /^warning: ignoring untrusted flake configuration setting '/,
  /^Pass '--accept-flake-config' to trust it$/,
];

const UNTRUSTED = /^warning: ignoring untrusted flake configuration setting '([^']{1,100})'/;
/** How many lines of errors are kept: traces may be very long. */
const MAX_HELD = 5000;

/** How the output is handed on; everything has a default. */
export interface OutputOptions {
  /** Hears of the lines. Default: nobody */
  readonly report?: Report | undefined;
  /** Whether lines are only for --debug, as of a call that may fail. Default: false */
  readonly quiet?: boolean | undefined;
  /** Warnings that were told: each is told once. Default: none */
  readonly said?: Set<string> | undefined;
}

/**
 * Reads the error output of one nix command. Errors are held back, since the error that is thrown tells them;
 * what is noise is shown by --debug only.
 */
export class NixOutput {
  readonly #options: OutputOptions;
  readonly #held: string[] = [];
  #inError = false;
  /** The settings of the flake that nix does not trust. */
  readonly untrusted: string[] = [];

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  /** Takes a line, control characters and all. */
  line(line: string): void {
    this.#inError = beginsError(line) || (this.#inError && continuesError(line));
    if (this.#inError) {
      if (this.#held.length < MAX_HELD) this.#held.push(line);
      this.#debug(line);
      return;
    }
    const { quiet = false, said } = this.#options;
    const setting = UNTRUSTED.exec(line)?.[1];
    if (setting !== undefined) this.untrusted.push(setting);
    if (quiet || NOISE.some((pattern) => pattern.test(line))) return this.#debug(line);
    if (/^warning:/.test(line)) {
      if (said?.has(line)) return this.#debug(line);
      said?.add(line);
    }
    this.#show(line);
  }

  /** The command has succeeded: what looked like errors is output like any other. */
  succeeded(): void {
    if (!this.#options.quiet) { for (const line of this.#held) this.#show(line); }
  }

  /** The command has failed: of what. With `trace`, where in the code is told at once. */
  failed(trace = false): NixMessage | undefined {
    const read = readNixError(this.#held);
    if (trace) { for (const line of read?.trace ?? []) this.#show(line); }
    return read;
  }

  #show(line: string): void {
    (this.#options.report ?? silent)({ type: "output", source: "nix", line });
  }

  #debug(text: string): void {
    (this.#options.report ?? silent)({ type: "log", level: "debug", text: `nix: ${text}` });
  }
}
