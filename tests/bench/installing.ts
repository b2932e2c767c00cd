/**
 * How long a whole installation takes: the emulated machine, near and far, ours and another tool's in turn.
 *
 * The time of both runs from the start of the command until it has ended and the installed system's ssh
 * server answers. What the machine itself needed is read from its console.
 *
 * What the emulation adds that no real machine feels: OpenSSH's server lets its buffer for what a program has not
 * read yet grow to 2 MB in steps of a packet, and glibc takes new pages for each. These 42,000 page faults, once a
 * connection that is written to faster than it is read from, take the emulated machine 1.8 s. Starting slowly helps
 * with a reader like cat, and not with tar or nix.
 *
 * @module
 */
import { sendsBanner } from "../vm/ports.ts";
import { countLogins, showLogins } from "../vm/logins.ts";
import { openDebian } from "../vm/distro/scene.ts";
import { type Fixture, openFixture } from "../vm/fixture.ts";
import { startRelay } from "../support/relay.ts";
import { type Measured, seconds, summary, table } from "./measure.ts";
import { TextLineStream } from "../vm/lines.ts";
import { Account, accountTable, type Part } from "./account.ts";
import { Boots } from "./boots.ts";
import { type Host, HOSTS, loadAverage, startLoad } from "./host_load.ts";

const CLI = new URL("../../cli.ts", import.meta.url).href;

/** Milliseconds there and back. */
const LINKS = [0, 100] as const;

/** The machines that are installed: of the second, every hash and every login takes several times as long. */
const MACHINES = [
  { name: "2-cpus", options: { cpus: 2 } },
  { name: "1-cpu-avx", options: { cpus: 1, avx: true } },
] as const;
type BenchMachine = typeof MACHINES[number];

const TOOLS = ["ours", "other"] as const;
type Tool = typeof TOOLS[number];

/** Stages of ours whose end is a mark in the account. */
const ACCOUNTED = new Set(["image", "kexec", "disko", "install"]);

/** A command that has not ended after so many milliseconds is stopped. */
const PATIENCE = 300_000;

/** What was seen of one installation. Times in milliseconds. */
export interface Installed {
  /** From the start until the command had ended and the installed system answered. */
  readonly ms: number;
  /** From the start until the first byte came to the target. */
  readonly firstByte: number;
  /** From the start until the installer's ssh server listened; absent where no installer was seen. */
  readonly installer?: number;
  /** From then until the command had noticed: only ours tells. */
  readonly noticed?: number;
  /** From the start until the installed system's ssh server listened. */
  readonly answered: number;
  /** How long each stage took; another tool's stages last from one heading to the next. */
  readonly stages: Readonly<Record<string, number>>;
  /** Logins of each boot, such as `target 1, installer 1, installed 1`. */
  readonly logins: string;
  /** How often the command waited for an answer of the machine, at least. */
  readonly turns: number;
  readonly sent: number;
  readonly received: number;
  /** Where the time went; of another tool only what can be seen from outside. */
  readonly parts: readonly Part[];
  /** This machine's load average, over a minute, at the end. */
  readonly load: number;
}

/** One cell of the table. */
export interface InstallCell {
  readonly machine: BenchMachine["name"];
  readonly rtt: number;
  readonly host: Host;
  readonly tool: Tool;
  readonly ms?: Measured;
  readonly runs: readonly Installed[];
  readonly problem?: string;
}

/** What is measured. */
export interface InstallingOptions {
  readonly runs: number;
  /** A folder of nix programs for the tools; the machine has its own. */
  readonly nix: string | undefined;
  /** Another tool's command; the words of the installation follow it. */
  readonly against: string | undefined;
  /** Whether the machine runs Debian as its packages make it. @default a Linux that boots in seconds */
  readonly debian?: boolean;
  /** Whether a cell is measured. */
  readonly wanted: (name: string) => boolean;
  readonly log: (line: string) => void;
}

/** All that is the same for the tools that are compared. */
interface Place {
  readonly machine: BenchMachine;
  readonly rtt: number;
  readonly host: Host;
}

const PLACES: readonly Place[] = MACHINES.flatMap((machine) =>
  LINKS.flatMap((rtt) => HOSTS.map((host) => ({ machine, rtt, host })))
);

/** The names of all cells. */
export function installNames(): string[] {
  return PLACES.flatMap((place) => TOOLS.map((tool) => cellName(place, tool)));
}

function cellName({ machine, rtt, host }: Place, tool: Tool): string {
  return `install/${machine.name}/${rtt}ms/${host}/${tool}`;
}

/** Measures every wanted cell; the tools take turns. */
export async function benchInstalling(options: InstallingOptions): Promise<InstallCell[]> {
  const { runs, against, wanted, log } = options;
  const tools = TOOLS.filter((tool) => tool === "ours" || against !== undefined);
  const cells: InstallCell[] = [];
  for (const place of PLACES) {
    const here = tools.filter((tool) => wanted(cellName(place, tool)));
    const seen: Record<Tool, Installed[]> = { ours: [], other: [] };
    const problems: Partial<Record<Tool, string>> = {};
    for (let run = 0; run < runs; run++) {
      for (const tool of here.filter((tool) => problems[tool] === undefined)) {
        const one = await installOnce(tool, place, options);
        if (typeof one === "string") problems[tool] = one;
        else seen[tool].push(one);
        const said = typeof one === "string" ? one : `${seconds(one.ms)} s, load ${one.load}`;
        log(`${cellName(place, tool)}: ${said}`);
      }
    }
    const { machine: { name: machine }, rtt, host } = place;
    for (const tool of here) {
      const ms = seen[tool].length > 0 ? summary(seen[tool].map(({ ms }) => ms)) : undefined;
      const problem = problems[tool];
      const cell = { machine, rtt, host, tool, runs: seen[tool] };
      cells.push({ ...cell, ...(ms && { ms }), ...(problem && { problem }) });
    }
  }
  return cells;
}

async function installOnce(
  tool: Tool,
  { machine: { options }, rtt, host }: Place,
  { against = "", nix, debian = false }: InstallingOptions,
): Promise<Installed | string> {
  await using fixture = debian ? await openDebian() : await openFixture(options);
  const { machine } = fixture;
  await using relay = await startRelay({ to: machine, delayMs: rtt / 2 });
  await using _load = startLoad(host);
  const logins = await countLogins(machine);
  using boots = new Boots(() => machine.console());
  using account = new Account({ machine: () => machine.pid, relay });
  const began = performance.now();
  let firstByte = NaN;
  const look = setInterval(() => {
    if (Number.isNaN(firstByte) && relay.connections > 0) firstByte = performance.now() - began;
  }, 2);
  const words = await installWords(fixture, relay.port, debian ? "admin" : "root");
  const command = tool === "ours"
    ? [Deno.execPath(), "run", "--quiet", "-A", CLI, "--json", ...words]
    : ["sh", "-c", `${against} "$@"`, "against", ...words];
  const { code, lines, ended } = await runTimed(command, {
    ...fixture.variables,
    PATH: `${nix === undefined ? "" : `${nix}:`}${Deno.env.get("PATH") ?? ""}`,
  }, (pid) => account.watch(pid));
  clearInterval(look);
  if (code !== 0) {
    const said = lines.slice(-5).map(({ text }) => text).join("; ");
    return `failed with code ${code}: ${said}`;
  }
  const answered = await boots.seen("installed", 120_000);
  if (!await sendsBanner(machine.port, 30_000)) return "the installed system does not answer";
  const stages = tool === "ours" ? readStages(lines) : readHeadings(lines, ended);
  const kexec = stages.find(({ stage }) => stage === "kexec");
  const installer = boots.at("installer");
  const parts = account.parts([
    { name: "the target heard of it", at: began + firstByte },
    { name: "the installer listened", at: installer ?? NaN },
    ...stages.filter(({ stage }) => ACCOUNTED.has(stage)).map(({ stage, at }) => ({
      name: `${stage} was done`,
      at,
    })),
    { name: "the installed system listened", at: answered },
    { name: "the end", at: Math.max(ended, answered) },
  ], rtt);
  return {
    parts,
    ms: Math.max(ended, answered) - began,
    firstByte,
    ...(installer !== undefined && { installer: installer - began }),
    ...(installer !== undefined && kexec && { noticed: kexec.at - installer }),
    answered: answered - began,
    stages: Object.fromEntries(stages.map(({ stage, ms }) => [stage, ms])),
    logins: showLogins(await logins()),
    turns: relay.turns,
    sent: relay.sent,
    received: relay.received,
    load: loadAverage(),
  };
}

/** The same words for both tools. */
async function installWords(fixture: Fixture, port: number, user: string): Promise<string[]> {
  const { machine, identity, knownHosts, images } = fixture;
  const known = machine.hostKeys.map((key) => `[${machine.host}]:${port} ${key}\n`).join("");
  await Deno.writeTextFile(knownHosts, known);
  return [
    ...["--flake", `path:${fixture.flake}#demo`, "--build-on", "local", "--copy-host-keys"],
    ...["--kexec", images.kexecTarball, "-i", identity],
    ...["-p", `${port}`, "--post-kexec-ssh-port", `${port}`],
    ...fixture.sshOptions.flatMap((option) => ["--ssh-option", option]),
    `${user}@${machine.host}`,
  ];
}

interface Line {
  readonly at: number;
  readonly text: string;
}

/** Runs a command and notes when each line of its outputs came. */
async function runTimed(
  [program = "", ...args]: readonly string[],
  env: Record<string, string>,
  onStart: (pid: number) => void,
): Promise<{ code: number; lines: readonly Line[]; ended: number }> {
  const command = ["--kill-after=5", `${PATIENCE / 1000}`, program, ...args];
  const child = new Deno.Command("timeout", {
    args: command,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  onStart(child.pid);
  const lines: Line[] = [];
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoderStream() as TransformStream<Uint8Array, string>;
    for await (const text of stream.pipeThrough(decoder).pipeThrough(new TextLineStream())) {
      lines.push({ at: performance.now(), text });
    }
  };
  const outputs = Promise.all([read(child.stdout), read(child.stderr)]);
  const { code } = await child.status;
  const ended = performance.now();
  // What a tool has left running may hold its outputs open.
  await Promise.race([outputs, new Promise((resolve) => setTimeout(resolve, 1000))]);
  return { code, lines, ended };
}

function readStages(lines: readonly Line[]): { stage: string; ms: number; at: number }[] {
  return lines.flatMap(({ text, at }) => {
    if (!text.startsWith("{")) return [];
    const { type, stage, state, ms } = JSON.parse(text);
    return type === "stage" && state === "done" ? [{ stage, ms, at }] : [];
  });
}

/** What another tool does from a line such as `### Installing ###` to the next one. */
function readHeadings(
  lines: readonly Line[],
  ended: number,
): { stage: string; ms: number; at: number }[] {
  const headings = lines.flatMap(({ text, at }) => {
    const [, stage] = /^### (.+?)(?: ###)?$/.exec(text) ?? [];
    return stage === undefined ? [] : [{ stage, at }];
  });
  return headings.map(({ stage, at }, index) => {
    const next = headings[index + 1]?.at ?? ended;
    return { stage, ms: next - at, at: next };
  });
}

/** The table: a line for each link and tool, and how ours compares with the other. */
export function installingTable(cells: readonly InstallCell[]): string {
  const head = [
    "machine, link, host, tool",
    "whole",
    "ours / other",
    "first byte",
    "noticed the installer",
  ];
  const stages = [
    "connect",
    "facts",
    "evaluate",
    "build",
    "image",
    "kexec",
    "disko",
    "install",
    "reboot",
  ];
  const rows = cells.map(({ machine, rtt, host, tool, ms, runs, problem }) => {
    const other = cells.find((cell) =>
      cell.machine === machine && cell.rtt === rtt && cell.host === host && cell.tool === "other"
    )?.ms;
    const of = (value: (one: Installed) => number | undefined) => {
      const values = runs.flatMap((one) => value(one) ?? []).filter((one) => !Number.isNaN(one));
      return values.length > 0 ? summary(values).median : undefined;
    };
    const time = (ms: number | undefined) => ms === undefined ? "" : `${seconds(ms)} s`;
    const size = (bytes: number | undefined) => `${((bytes ?? NaN) / 1e6).toFixed(1)} MB`;
    return [
      `${machine}, ${rtt} ms, ${host}, ${tool}`,
      ms ? `${seconds(ms.median)} s ±${Math.round(50 * ms.spread)} %` : problem ?? "",
      tool === "ours" && ms && other ? (ms.median / other.median).toFixed(2) : "",
      time(of((one) => one.firstByte)),
      time(of((one) => one.noticed)),
      ...stages.map((stage) => time(of((one) => one.stages[stage]))),
      runs.at(-1)?.logins ?? "",
      `${of((one) => one.turns) ?? ""}`,
      size(of((one) => one.sent)),
      size(of((one) => one.received)),
      of((one) => one.load)?.toFixed(1) ?? "",
    ];
  });
  const more = ["logins", "round trips", "sent", "received", "load"];
  return table([[...head, ...stages, ...more], ...rows]);
}

/** Of every cell the run in the middle, part by part. */
export function accountTables(cells: readonly InstallCell[]): string {
  return cells.flatMap(({ machine, rtt, host, tool, runs }) => {
    const middle = runs.toSorted((a, b) => a.ms - b.ms)[runs.length >> 1];
    if (!middle) return [];
    return [`### ${machine}, ${rtt} ms, ${host}, ${tool}`, accountTable(middle.parts)];
  }).join("\n\n");
}
