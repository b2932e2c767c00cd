/**
 * The command: reads the command line, runs the install, and ends with an exit code.
 *
 * | exit code | meaning |
 * | --- | --- |
 * | 0 | done |
 * | 1 | failed |
 * | 2 | wrong usage or local input; nothing was contacted |
 * | 3 | the target cannot be installed this way; nothing on it was changed |
 * | 4 | the target's identity was refused |
 * | 130 | interrupted |
 *
 * @example
 * ```sh
 * deno run -A jsr:@nixos-anywhere/deno/cli --flake .#web root@203.0.113.7
 * ```
 *
 * @module
 */
import { type CommandLine, parseCommandLine, wantsOnly } from "./lib/plan/argv.ts";
import {
  CommandError,
  HostIdentityError,
  InstallError,
  InterruptedError,
  PreflightError,
  UsageError,
} from "./lib/errors.ts";
import type { Confirmation, InstallReport } from "./lib/flow.ts";
import { escapeControls } from "./lib/report/escape.ts";
import type { ReportEvent } from "./lib/report/events.ts";
import { plainRenderer } from "./lib/report/plain.ts";
import { VERSION } from "./lib/version.ts";

/**
 * Runs the command with these words and returns its exit code. Everything is printed on the error output,
 * but for what was asked for: help, version, and the last line that names the installed system.
 */
export async function main(words: readonly string[]): Promise<number> {
  const only = wantsOnly(words);
  if (only === "version") console.log(VERSION);
  if (only === "help") {
    console.log((await import("./lib/plan/help.ts")).helpText(VERSION).trimEnd());
  }
  if (only) return 0;
  let state: string | undefined;
  const remember = (event: ReportEvent) => {
    if (event.type === "state") state = event.text;
  };
  using interrupts = new Interrupts();
  try {
    const line = parseCommandLine(words);
    for (const notice of line.notices) console.error(`notice: ${notice}`);
    await run(line, interrupts.signal, remember);
    return 0;
  } catch (error) {
    const reason = interrupts.signal.aborted ? interrupts.signal.reason : error;
    explain(reason);
    if (state !== undefined && !(reason instanceof UsageError)) console.error(`state: ${state}`);
    return exitCode(reason);
  }
}

async function run(
  line: CommandLine,
  signal: AbortSignal,
  remember: (event: ReportEvent) => void,
): Promise<void> {
  const render = line.json
    ? (event: ReportEvent) => console.log(JSON.stringify(event))
    : plainRenderer((text) => console.error(text), {
      debug: line.debug,
      color: Deno.stderr.isTerminal() && !Deno.env.get("NO_COLOR"),
    });
  const { nixosAnywhere } = await import("./lib/flow.ts");
  const asks = !line.yes && Deno.stdin.isTerminal();
  const report = await nixosAnywhere({
    ...line.options,
    ...secrets(line),
    noCheck: Deno.env.get("NIXOS_NO_CHECK"),
    report: (event) => {
      remember(event);
      render(event);
    },
    ...(asks && { confirm: (about: Confirmation) => ask(about, signal) }),
    signal,
  });
  if (!line.json) console.log(summary(report));
}

/** What the environment holds for us; taken out of it, so that no child inherits it. */
function secrets(line: CommandLine) {
  const take = (name: string) => {
    const value = Deno.env.get(name);
    if (value !== undefined) Deno.env.delete(name);
    return value === "" ? undefined : value;
  };
  const password = take("SSHPASS") ?? take("SSH_PASS");
  take("SSH_PASS");
  const privateKey = take("SSH_PRIVATE_KEY");
  if (line.envPassword && password === undefined) {
    throw new UsageError("--env-password: neither SSHPASS nor SSH_PASS holds a password", {
      hint: "put the password into the variable SSHPASS",
    });
  }
  return { privateKey, ...(line.envPassword && { password }) };
}

/** Asks for the target's name, once; anything else ends the run. */
async function ask({ host, plan, facts }: Confirmation, signal: AbortSignal): Promise<void> {
  if (!plan.phases.includes("disko") && !plan.phases.includes("kexec")) return;
  const name = host.slice(host.lastIndexOf("@") + 1);
  console.error(
    `\n${host} runs ${facts.name || facts.os} (${facts.arch}, ${
      Math.round(facts.memory / 2 ** 20)
    } MiB).` +
      `\nPhases: ${plan.phases.join(", ")}.` +
      (plan.phases.includes("disko")
        ? "\nALL DATA on the disks that the configuration names will be gone."
        : "") +
      `\nType ${name} to go on:`,
  );
  const answer = await answerLine(signal);
  if (answer.trim() === name) return;
  throw new InterruptedError("not confirmed", { hint: `type ${name}, or use --yes` });
}

async function answerLine(signal: AbortSignal): Promise<string> {
  const buffer = new Uint8Array(4096);
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const read = await Promise.race([Deno.stdin.read(buffer), promise]);
    return new TextDecoder().decode(buffer.subarray(0, read ?? 0));
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function summary({ host, system, rebooted, phases }: InstallReport): string {
  if (rebooted?.seen === "running") return `${host} runs ${rebooted.system ?? "the new system"}`;
  if (rebooted?.seen === "closed") {
    return `${host} was rebooted into ${system ?? "its system"}; it does not let this login in`;
  }
  if (rebooted) {
    return `${host} was told to reboot into ${system ?? "its system"}, and has not answered yet`;
  }
  if (system !== undefined) return `${host}: ${system} is installed, the reboot is left to you`;
  if (phases.length === 0) return "the configuration passed its test in a virtual machine";
  return `${host}: done with ${phases.join(", ")}`;
}

function explain(error: unknown): void {
  if (error instanceof Deno.errors.NotCapable) {
    console.error(`error: ${escapeControls(error.message)}`);
    console.error("hint: README lists the permissions of deno run that are needed; -A gives all");
    return;
  }
  if (!(error instanceof InstallError)) {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    console.error(`error: ${text.split("\n").map(escapeControls).join("\n")}`);
    console.error(
      "hint: this is a bug of nixos-anywhere: please report it with the output of --debug",
    );
    return;
  }
  if (error instanceof CommandError && error.output !== "") {
    for (const line of error.output.split("\n")) console.error(`  | ${line}`);
  }
  console.error(`error: ${escapeControls(error.message)}`);
  console.error(`hint: ${escapeControls(error.hint)}`);
}

function exitCode(error: unknown): number {
  if (error instanceof UsageError) return 2;
  if (error instanceof PreflightError) return 3;
  if (error instanceof HostIdentityError) return 4;
  return error instanceof InterruptedError ? 130 : 1;
}

/** Turns the signals that end a command into an abort: once to end in order, twice to end at once. */
class Interrupts implements Disposable {
  readonly #controller = new AbortController();
  readonly #handlers = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((name) =>
    [name, () => {
      if (this.#controller.signal.aborted) Deno.exit(130);
      this.#controller.abort(
        new InterruptedError(`interrupted by ${name}`, {
          hint: "run the same command line again to go on",
        }),
      );
    }] as const
  );

  constructor() {
    for (const [name, handler] of this.#handlers) Deno.addSignalListener(name, handler);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const [name, handler] of this.#handlers) Deno.removeSignalListener(name, handler);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
