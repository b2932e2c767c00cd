/**
 * What a command is that is the first word of a command line.
 *
 * @module
 */

/** What a command may use of the process that it runs in. */
export interface Terminal {
  /** Prints a line on the standard output: what was asked for. */
  readonly print: (line: string) => void;
  /** Prints a line on the error output: all else. */
  readonly printError: (line: string) => void;
  /** Writes to the error output, at once and whole: for what is painted. */
  readonly writeError: (text: string) => void;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}

/** One command: is handed the words behind its name, and returns the exit code. */
export type Command = (words: readonly string[], terminal: Terminal) => Promise<number>;
