/**
 * The file of `--log`: all that happens, whatever is shown.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { escapeControls } from "../escape.ts";
import { showBytesOf } from "../report/amounts.ts";
import { details } from "../report/live_lines.ts";
import { PlainRenderer } from "../report/plain.ts";
import type { Rendered } from "../report/renderer.ts";

/** Milliseconds between two lines about the same transfer. */
const OFTEN = 1000;
/** Secrets that are shorter than this would be found in words that are none. */
const SHORTEST = 4;

/** Writes every event as a line with its time. Disposal closes the file. */
export class LogFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #secrets: readonly string[];
  readonly #plain: PlainRenderer;
  readonly #told = new Map<string, number>();
  #closed = false;

  /** Why it is not whole: what could not be written. */
  lost: Error | undefined;

  private constructor(readonly path: string, file: Deno.FsFile, secrets: readonly string[]) {
    this.#file = file;
    this.#secrets = secrets;
    this.#plain = new PlainRenderer((line) => this.write(line), { debug: true });
  }

  /**
   * Opens the file, readable by its owner alone; what was in it is gone. None of `secrets` will be in it. Throws a
   * {@linkcode UsageError} if it cannot be written, or is no file.
   */
  static open(path: string, secrets: readonly string[] = []): LogFile {
    const refuse = (why: string, cause?: unknown) =>
      new UsageError(`--log: cannot write ${JSON.stringify(path)}: ${why}`, {
        hint: "give the path of a new file, or of one that is yours",
        cause,
      });
    try {
      const found = statOf(path);
      if (found?.isSymlink) throw refuse("it is a link");
      if (found && !found.isFile) {
        throw refuse(found.isDirectory ? "it is a folder" : "it is no file");
      }
      const file = Deno.openSync(
        path,
        found ? { write: true } : { write: true, createNew: true, mode: 0o600 },
      );
      const opened = file.statSync();
      if (found && (opened.ino !== found.ino || opened.dev !== found.dev)) {
        file.close();
        throw refuse("it was replaced meanwhile");
      }
      if (found) {
        Deno.chmodSync(path, 0o600);
        file.truncateSync(0);
      }
      const lines = secrets.flatMap((secret) => secret.split("\n"));
      const long = lines.filter((secret) => secret.trim().length >= SHORTEST);
      return new LogFile(path, file, long.toSorted((a, b) => b.length - a.length));
    } catch (error) {
      if (error instanceof UsageError || error instanceof Deno.errors.NotCapable) throw error;
      throw refuse(error instanceof Error ? error.message : String(error), error);
    }
  }

  /** Writes an event. */
  readonly report = (event: Rendered): void => {
    switch (event.type) {
      case "progress": {
        const { what, done, total, paths } = event;
        const bytes = total === undefined ? `${done} B` : showBytesOf(done, total);
        const also = paths ? `, ${paths.done}/${paths.total} paths` : "";
        const whole = done === total && (!paths || paths.done === paths.total);
        return this.#often(`${event.stage} ${what}`, `${what}: ${bytes}${also}`, whole);
      }
      case "activity": {
        const { stage, where } = event;
        const parts = details({ moving: [], waiting: undefined, activities: [event as never] });
        const text = `nix ${where === "here" ? "here" : `on ${where}`}: ${parts.join(", ")}`;
        return this.#often(`${stage} ${where}`, text, false);
      }
      case "waiting":
        return event.text === "" ? undefined : this.write(`waiting: ${event.text}`);
      default:
        this.#plain.report(event);
    }
  };

  /** Writes a line. A full disk ends the log, not the install. */
  write(line: string): void {
    if (this.#closed || this.lost) return;
    let text = escapeControls(line);
    for (const secret of this.#secrets) text = text.replaceAll(secret, "***");
    const bytes = new TextEncoder().encode(`${new Date().toISOString()} ${text}\n`);
    try {
      for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    } catch (error) {
      this.lost = error as Error;
    }
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }

  #often(key: string, text: string, last: boolean): void {
    const now = performance.now();
    if (!last && now - (this.#told.get(key) ?? -OFTEN) < OFTEN) return;
    this.#told.set(key, now);
    this.write(text);
  }
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
