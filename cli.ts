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
import type { InstallReport } from "./lib/flow.ts";
import type { Confirmation, PassphraseQuestion } from "./lib/flow/run.ts";
import { askHidden, askLine, askTwice } from "./lib/ask.ts";
import { fateOf } from "./lib/plan/disks.ts";
import { escapeControls } from "./lib/escape.ts";
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
    if (state !== undefined) console.error(`state: ${state}`);
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
  const interactive = Deno.stdin.isTerminal();
  const asks = !line.yes && interactive && !line.options.vmTest;
  const { sudo, disk, ...login } = secrets(line);
  const report = await nixosAnywhere({
    ...line.options,
    ...login,
    noCheck: Deno.env.get("NIXOS_NO_CHECK"),
    report: (event) => {
      remember(event);
      render(event);
    },
    sudoPassword: () => sudoPassword(sudo, interactive, signal),
    ...((interactive || disk !== undefined) && {
      diskPassphrase: async ({ uses, atLeast }: PassphraseQuestion) =>
        disk ?? await askTwice(`Passphrase for the new disks${listUses(uses)}`, atLeast, signal),
    }),
    ...(asks && { confirm: (about: Confirmation) => ask(about, signal) }),
    signal,
  });
  if (!line.json) console.log(line.options.vmTest ? VM_TESTED : summary(report));
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
  const sudo = take("SUDO_PASSWORD") ?? (line.envPassword ? password : undefined);
  const privateKey = take("SSH_PRIVATE_KEY");
  const mayTake = Deno.permissions.querySync({ name: "env", variable: "DISK_PASSPHRASE" });
  const disk = mayTake.state === "granted" ? take("DISK_PASSPHRASE") : undefined;
  if (line.envPassword && password === undefined) {
    throw new UsageError("--env-password: neither SSHPASS nor SSH_PASS holds a password", {
      hint: "put the password into the variable SSHPASS",
    });
  }
  return { privateKey, sudo, disk, ...(line.envPassword && { password }) };
}

/** sudo's password on the target: from the environment, or asked for on the terminal. */
async function sudoPassword(
  known: string | undefined,
  interactive: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (known !== undefined || !interactive) return known;
  return await askHidden("Password for sudo on the target: ", signal);
}

/** Asks for the target's name, once; anything else ends the run. */
async function ask(
  { host, plan, foundDisks }: Confirmation,
  signal: AbortSignal,
): Promise<boolean> {
  if (!plan.phases.includes("disko") && !plan.phases.includes("kexec")) return true;
  const name = host.slice(host.lastIndexOf("@") + 1);
  const { source } = plan;
  const script = source.kind === "flake" ? source.diskoScript : "diskoScript";
  const fates = foundDisks.length === 0
    ? [fateOf(script, { destroy: true })]
    : foundDisks.map(({ fate }) => fate);
  const wiped = plan.phases.includes("disko") && fates.includes("wiped")
    ? "ALL DATA on these disks will be gone. "
    : "";
  return (await askLine(`\n${wiped}Type ${name} to go on: `, signal)).trim() === name;
}

function listUses(uses: PassphraseQuestion["uses"]): string {
  const names = uses.map(({ kind, name }) => escapeControls(`${kind} ${name}`));
  return names.length === 0 ? "" : ` (${names.join(", ")})`;
}

const VM_TESTED = "the configuration passed its test in a virtual machine";

function summary({ host, system, rebooted, phases }: InstallReport): string {
  if (rebooted?.seen === "running") return `${host} runs ${rebooted.system ?? "the new system"}`;
  if (rebooted?.seen === "closed") {
    return `${host} was rebooted into ${system ?? "its system"}; it does not let this login in`;
  }
  if (rebooted) {
    return `${host} was told to reboot into ${system ?? "its system"}, and has not answered yet`;
  }
  if (system !== undefined) return `${host}: ${system} is installed, the reboot is left to you`;
  if (phases.length === 0) return `${host}: nothing was changed`;
  return `${host}: done with ${phases.join(", ")}`;
}

/** What this machine may lack: space, a file system that can be written, open files, memory. */
const SCARCE = new Set(["ENOSPC", "EDQUOT", "EROFS", "EMFILE", "ENFILE", "ENOMEM"]);

function explain(error: unknown): void {
  if (error instanceof Deno.errors.NotCapable) {
    console.error(`error: ${escapeControls(error.message)}`);
    console.error("hint: README lists the permissions of deno run that are needed; -A gives all");
    return;
  }
  if (error instanceof Error && SCARCE.has((error as { code?: string }).code ?? "")) {
    console.error(`error: ${escapeControls(error.message)}`);
    console.error("hint: free some of it on this machine; TMPDIR says where temporary files go");
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
      if (this.#controller.signal.aborted) return void endAtOnce();
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

/** Waits for nothing that runs any more, here or on the target. */
async function endAtOnce(): Promise<void> {
  const { killAll } = await import("./lib/process.ts");
  const began = performance.now();
  // What tidies up may start more. When nothing runs, the command ends by itself, with all it has to say.
  const timer = setInterval(() => {
    killAll();
    if (performance.now() - began > 1000) Deno.exit(130);
  }, 20);
  Deno.unrefTimer(timer);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
