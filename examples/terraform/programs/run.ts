/**
 * What the programs have in common: events and errors as lines, the exit code, signals.
 */
import {
  CommandError,
  InstallError,
  plainRenderer,
  type Reporter,
  UsageError,
} from "@nixos-anywhere/deno";

/** What a program is given. */
export interface Context {
  /** Prints on the error output. */
  readonly print: (line: string) => void;
  /** Aborted by the first signal that ends a program; Terraform sends one when it is interrupted. */
  readonly signal: AbortSignal;
}

/** Runs a program to its end and ends the process with its exit code. */
export async function run(work: (context: Context) => Promise<void>): Promise<never> {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(name, () => controller.abort(new Error(`interrupted by ${name}`)));
  }
  const print = (line: string) => console.error(line);
  try {
    await work({ print, signal: controller.signal });
  } catch (error) {
    if (error instanceof CommandError) {
      for (const line of error.output.split("\n")) print(`  | ${line}`);
    }
    print(`error: ${escaped((error as Error).message)}`);
    if (error instanceof InstallError) print(`hint: ${escaped(error.hint)}`);
    Deno.exit(1);
  }
  Deno.exit(0);
}

/** Starts a program that reads nothing; says in one line why it cannot be started. */
export function spawn(
  path: string,
  options: Pick<Deno.CommandOptions, "args" | "cwd" | "env" | "signal">,
  { hint }: { readonly hint: string },
): Deno.ChildProcess {
  try {
    return new Deno.Command(path, {
      ...options,
      ...{ stdin: "null", stdout: "piped", stderr: "piped" },
    }).spawn();
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? "there is no such program"
      : (cause as Error).message;
    throw new UsageError(`cannot run ${path}: ${why}`, { hint, cause });
  }
}

/** A reporter that prints lines, and remembers the last state for {@linkcode Told.state}. */
export interface Told {
  readonly report: Reporter;
  /** What state the machine is in, a clause. */
  readonly state: string;
}

export function telling(print: (line: string) => void, debug: boolean): Told {
  const show = plainRenderer(print, { debug });
  let state = "nothing was contacted";
  return {
    report: (event) => {
      if (event.type === "state") state = event.text;
      show(event);
    },
    get state() {
      return state;
    },
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]/gu, "?");
}
