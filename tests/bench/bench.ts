/**
 * The benchmark: prints tables and writes all numbers as JSON.
 *
 * ```sh
 * deno task bench                         # everything, three runs each: more than an hour, most of it ssh:// far away
 * deno task bench --runs 1 --only small   # cells whose name holds "small"
 * deno task bench --only light            # start-up, extra files, memory
 * deno task bench --only many             # eight machines at once
 * deno task bench --only install          # whole installations of two emulated machines, near and far
 * deno task bench --only /quiet           # this machine does nothing else; /busy: as many processes as it has cores
 * deno task bench --only install --against 'bash other-tool.sh'   # and another tool's, in turn
 * deno task bench --only install --debian # the machine runs Debian as its packages make it: minutes to boot
 * deno task bench --checkouts before=DIR  # copying with another checkout too, in turn
 * deno task bench --record NAME           # the tables into bench/results/DATE-NAME.md; --note TEXT says what to know of it
 * deno task bench --nix DIR               # the nix programs in DIR, here and on the target
 * deno task bench --out FILE              # where the numbers go; bench.json by default
 * ```
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { ensure, LOOPBACK, MACHINE } from "../setup.ts";
import { closureItems, type ClosureName, importClosure } from "./closure.ts";
import { benchCopying, type Cell, copyingNames, copyingTable } from "./copying.ts";
import {
  accountTables,
  benchInstalling,
  type InstallCell,
  installingTable,
  installNames,
} from "./installing.ts";
import { benchLight, lightTable } from "./light.ts";
import { benchMany, manyTable } from "./many.ts";
import { recordText } from "./record.ts";

const COPYING = "Copying, seconds: median of the runs, ± half of slowest minus fastest";
const CLOSURES: readonly ClosureName[] = ["big", "small", "real", "part", "few"];

const unknown: string[] = [];
const options = parseArgs(Deno.args, {
  string: ["only", "runs", "out", "nix", "against", "checkouts", "record", "note"],
  boolean: ["debian"],
  default: { only: "", runs: "3", out: "bench.json", checkouts: "" },
  unknown: (word) => void unknown.push(word),
});
const runs = Number(options.runs);
if (!Number.isInteger(runs) || runs < 1 || unknown.length > 0) {
  const what = unknown.length > 0 ? `unknown: ${unknown[0]}` : "--runs is a number from 1 on";
  console.error(`error: ${what}\nhint: tests/bench/bench.ts says at its top what there is`);
  Deno.exit(2);
}
const wanted = (name: string) => options.only.split(",").some((part) => name.includes(part));
await ensure(LOOPBACK);
const began = new Date();
const folder = await Deno.makeTempDir({ prefix: "bench-" });
try {
  const copying = await copyAll();
  const tables: string[] = [];
  const show = (title: string, table: string) => {
    tables.push(`## ${title}\n\n${table}`);
    console.log(`\n${table}\n`);
  };
  if (copying.length > 0) show(COPYING, copyingTable(copying));
  const installing = await installAll();
  if (installing.length > 0) {
    show("Installing", installingTable(installing));
    show("Where the seconds of an installation go", accountTables(installing));
  }
  const light = wanted("light") ? await benchLight(runs, 2048) : undefined;
  if (light) show("Start and memory", lightTable(light));
  const many = wanted("many") ? await benchMany(runs) : undefined;
  if (many) show("Many machines", manyTable(many));
  const numbers = { began, took: Date.now() - began.getTime(), machine: await machine(), runs };
  const json = JSON.stringify(
    { ...numbers, copying, installing, ...(light && { light }), ...(many && { many }) },
    null,
    2,
  );
  // A task runs in the project's folder; the file is meant as seen from where it was typed.
  const out = options.out.startsWith("/")
    ? options.out
    : `${Deno.env.get("INIT_CWD") ?? Deno.cwd()}/${options.out}`;
  await Deno.writeTextFile(out, `${json}\n`);
  console.log(`all numbers: ${out}`);
  if (options.record) {
    const date = began.toISOString().slice(0, 10);
    const { machine: of, runs } = numbers;
    const text = recordText({ date, machine: of, runs, note: options.note, tables });
    const file = new URL(`../../bench/results/${date}-${options.record}.md`, import.meta.url);
    await Deno.mkdir(new URL(".", file), { recursive: true });
    await Deno.writeTextFile(file, text);
  }
} finally {
  // Store paths are read-only, folders too.
  await output("chmod", "-R", "u+w", folder);
  await Deno.remove(folder, { recursive: true });
}

async function copyAll(): Promise<Cell[]> {
  const store = `local?root=${folder}`;
  const named = options.checkouts.split(",").filter(Boolean).map((word) => word.split("="));
  const checkouts = Object.fromEntries(named);
  const paths: Partial<Record<ClosureName, string>> = {};
  for (const closure of CLOSURES) {
    if (copyingNames(closure, { checkouts }).some(wanted)) {
      paths[closure] = await importClosure(closureItems(closure), store);
    }
  }
  return await benchCopying({ paths, store, runs, wanted, log, nix: options.nix, checkouts });
}

async function installAll(): Promise<InstallCell[]> {
  if (!installNames().some(wanted)) return [];
  await ensure(MACHINE);
  const { nix, against, debian } = options;
  return await benchInstalling({ runs, nix, against, debian, wanted, log });
}

function log(line: string): void {
  console.error(line);
}

/** The machine and the versions of what is measured. */
async function machine(): Promise<Record<string, string | number>> {
  const cpu = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return {
    cpu: /^model name\s*: (.*)$/m.exec(cpu)?.[1] ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memory: Deno.systemMemoryInfo().total,
    kernel: /^\d+\.\d+/.exec(Deno.osRelease())?.[0] ?? "",
    deno: Deno.version.deno,
    nix: version(await output(options.nix ? `${options.nix}/nix` : "nix", "--version")),
    ssh: version(await output("ssh", "-V")),
    zstd: version(await output("zstd", "--version")),
  };
}

/** The first version that a program's own words name. */
function version(words: string): string {
  return /\d+\.\d+[\w.]*/.exec(words)?.[0] ?? words;
}

async function output(program: string, ...args: string[]): Promise<string> {
  const child = new Deno.Command(program, { args, stdin: "null" });
  const { stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return text(stdout) || text(stderr);
}
