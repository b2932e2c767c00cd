/**
 * The test command: set-up, checks, every test, coverage; one line with the counts at the end.
 *
 * With arguments only what they name is tested: files, folders, and options of `deno test`. With `--quick` just what a
 * change usually needs: the checks, what is pure, and a few installs.
 *
 * @module
 */

import { Children } from "./checks/children.ts";
import { type Count, countCheck, countTests, failuresOf, sum } from "./checks/count.ts";
import { coverLib } from "./checks/coverage.ts";
import { runChecks } from "./checks/ok.ts";
import { findWork, sideBySide, type Work } from "./checks/work.ts";
import { canInstall, ensure, LOOPBACK, MACHINE, missing } from "./setup.ts";

const ROOT = new URL("../", import.meta.url);
/** A hung test must not hang whoever waits for the result. */
const BOUND_MILLISECONDS = 75 * 60_000;
const TEST = ["test", "-A", "--sanitize-ops", "--sanitize-resources"];

/** What a change usually needs, besides the checks. */
const QUICK = [
  ...["tests/checks", "tests/plan", "tests/files", "tests/jsr", "tests/nix/message.test.ts"],
  ...["tests/pages", "tests/init"],
  ...["tests/cli/outcome.test.ts", "tests/cli/renderer.test.ts", "tests/cli/permissions.test.ts"],
  ...["tests/steps/disko.test.ts", "tests/flow/install.test.ts", "tests/flow/library.test.ts"],
  "tests/field/control.test.ts",
];

/** Runs the work and says how long it took. */
async function timed(title: string, work: () => Promise<Count | void>): Promise<Count | void> {
  console.log(`\n── ${title}`);
  const start = performance.now();
  const count = await work();
  console.log(`── ${title}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return count;
}

async function test(children: Children, args: readonly string[]): Promise<Count> {
  const { ok, output } = await children.run([...TEST, ...args], { show: true });
  return countTests(output, ok);
}

/** Paths are meant as seen from where the command was typed; a task is run in the project. */
async function fromThere(arg: string): Promise<string> {
  const there = Deno.env.get("INIT_CWD");
  if (!there || arg.startsWith("-") || arg.startsWith("/")) return arg;
  const path = `${there}/${arg}`;
  return await Deno.stat(path).then(() => path, () => arg);
}

async function some(children: Children, given: readonly string[]): Promise<Count[]> {
  const args = await Promise.all(given.map(fromThere));
  const paths = await Promise.all(args.map((arg) => Deno.stat(arg).then(() => true, () => false)));
  const all = paths.includes(true) ? [] : ["tests"];
  return [await timed("tests", () => test(children, [...args, ...all])) ?? countCheck(false)];
}

async function quick(children: Children): Promise<Count[]> {
  const counts = [
    await timed("checks", () => runChecks(children)),
    await timed("tests", () => test(children, QUICK)),
  ];
  return counts.filter((count) => count !== undefined);
}

async function everything(children: Children, profile: string): Promise<Count[]> {
  const counts: Count[] = [];
  const failures: string[] = [];
  const coverage = [`--coverage=${profile}`, "--coverage-raw-data-only"];
  const lacking = await missing(MACHINE);
  if (lacking.length > 0) {
    console.log(`\nleft out: tests on a machine, which need ${lacking.join(", ")}`);
  }
  /** A process of `deno test`, whose output is shown when it has ended. */
  const process = async ({ title, args, machine }: Work) => {
    // The machine takes longest, and waits for nobody but its own processor: the others give way to it.
    const options = { yields: !machine };
    // The checks know the types of everything but of examples in Markdown.
    const words = [
      ...TEST,
      ...(args.includes("--doc") ? [] : ["--no-check"]),
      ...coverage,
      ...args,
    ];
    const { ok, output, seconds } = await children.run(words, options);
    console.log(`\n── ${title}\n${output.trim()}\n── ${title}: ${seconds.toFixed(1)} s`);
    if (!ok) failures.push(`in ${title}:`, ...failuresOf(output));
    return countTests(output, ok);
  };
  const work = (await findWork()).filter(({ machine }) => !machine || lacking.length === 0);
  const [checks, tests] = await Promise.all([runChecks(children), sideBySide(work, process)]);
  counts.push(checks, ...tests);
  if (checks.failed > 0) failures.unshift("in the checks: what is FAILED above, between the tests");
  await timed("coverage", async () => {
    counts.push(countCheck(await coverLib(children, profile, ROOT)));
  });
  if (failures.length > 0) console.log(`\n── failed\n${failures.join("\n")}`);
  return counts;
}

async function main(args: readonly string[]): Promise<number> {
  Deno.chdir(ROOT);
  await timed("set-up", async () => {
    await ensure(LOOPBACK);
    if (await canInstall()) await ensure(MACHINE);
  });
  using children = new Children(BOUND_MILLISECONDS);
  const profile = await Deno.makeTempDir({ prefix: "coverage-" });
  const counts = args[0] === "--quick"
    ? await quick(children)
    : args.length
    ? await some(children, args)
    : await everything(children, profile);
  await Deno.remove(profile, { recursive: true });
  if (children.stopped) console.log(`FAILED ${children.stopped}: the rest was left out`);
  const { passed, failed, ignored } = sum(counts);
  if (ignored) console.log(`\n${ignored} ignored`);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed || children.stopped ? 1 : 0;
}

Deno.exit(await main(Deno.args));
