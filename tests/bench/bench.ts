/**
 * The benchmark: prints tables and writes all numbers as JSON.
 *
 * ```sh
 * deno task bench                         # everything, three runs each: more than an hour, most of it ssh:// far away
 * deno task bench --runs 1 --only small   # cells whose name holds "small"
 * deno task bench --only light            # start-up, extra files, memory
 * deno task bench --only many             # eight machines at once
 * deno task bench --only install          # whole installations of the emulated machine
 * deno task bench --only install --against 'bash other-tool.sh'   # and another tool's, in turn
 * deno task bench --only install --debian # the machine runs Debian as its packages make it: minutes to boot
 * deno task bench --before DIR            # copying with another checkout too, in turn
 * deno task bench --nix DIR               # the nix programs in DIR, here and on the target
 * deno task bench --out FILE              # where the numbers go; bench.json by default
 * ```
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { ensure, LOOPBACK, MACHINE } from "../setup.ts";
import { closureItems, type ClosureName, importClosure } from "./closure.ts";
import { benchCopying, type Cell, copyingTable, LINKS } from "./copying.ts";
import { benchInstalling, type InstallCell, installingTable, installNames } from "./installing.ts";
import { benchLight, lightTable } from "./light.ts";
import { benchMany, manyTable } from "./many.ts";
import { WAYS } from "./once.ts";

const CLOSURES: readonly ClosureName[] = ["big", "small", "real"];

const unknown: string[] = [];
const options = parseArgs(Deno.args, {
  string: ["only", "runs", "out", "nix", "against", "before"],
  boolean: ["debian"],
  default: { only: "", runs: "3", out: "bench.json" },
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
  if (copying.length > 0) console.log(`\n${copyingTable(copying)}\n`);
  const installing = await installAll();
  if (installing.length > 0) console.log(`\n${installingTable(installing)}\n`);
  const light = wanted("light") ? await benchLight(runs, 2048) : undefined;
  if (light) console.log(`\n${lightTable(light)}\n`);
  const many = wanted("many") ? await benchMany(runs) : undefined;
  if (many) console.log(`\n${manyTable(many)}\n`);
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
} finally {
  // Store paths are read-only, folders too.
  await output("chmod", "-R", "u+w", folder);
  await Deno.remove(folder, { recursive: true });
}

async function copyAll(): Promise<Cell[]> {
  const store = `local?root=${folder}`;
  const paths: Partial<Record<ClosureName, string>> = {};
  for (const closure of CLOSURES) {
    const names = LINKS.flatMap(({ name }) => WAYS.map((way) => `${closure}/${name}/${way}`));
    if (names.some(wanted)) paths[closure] = await importClosure(closureItems(closure), store);
  }
  const { nix, before } = options;
  return await benchCopying({ paths, store, runs, wanted, log, nix, before });
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
    kernel: Deno.osRelease(),
    deno: Deno.version.deno,
    nix: await output(options.nix ? `${options.nix}/nix` : "nix", "--version"),
    ssh: await output("ssh", "-V"),
    zstd: await output("zstd", "--version"),
  };
}

async function output(program: string, ...args: string[]): Promise<string> {
  const child = new Deno.Command(program, { args, stdin: "null" });
  const { stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return text(stdout) || text(stderr);
}
