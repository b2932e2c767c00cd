/**
 * The test command: set-up, checks, every test, coverage; one line with the counts at the end.
 *
 * With arguments only what they name is tested: files, folders, and options of `deno test`. With `--quick` just what a
 * change usually needs: the checks, what is pure, and a few installs.
 *
 * @module
 */

import { Children } from "./checks/children.ts";
import { type Count, countCheck, countTests, sum } from "./checks/count.ts";
import { coverLib } from "./checks/coverage.ts";
import { runChecks } from "./checks/ok.ts";
import { canInstall, ensure, LOOPBACK, MACHINE, missing } from "./setup.ts";

const ROOT = new URL("../", import.meta.url);
/** A hung test must not hang whoever waits for the result. */
const BOUND_MILLISECONDS = 75 * 60_000;
const TEST = ["test", "-A", "--sanitize-ops", "--sanitize-resources"];

/** Tests that boot the emulated machine. */
const ON_A_MACHINE = ["tests/vm", "tests/readme_demo.test.ts"];

/** Tests that wait as often as they work, in a process beside the others; so many that both take as long. */
const BESIDE = ["tests/field", "tests/steps", "tests/terraform"];

const YIELDS = { yields: true };

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
  const counts: (Count | void)[] = [];
  const part = async (title: string, work: () => Promise<Count | void>) => {
    counts.push(await timed(title, work));
  };
  const coverage = [`--coverage=${profile}`, "--coverage-raw-data-only"];
  await part("checks", () => runChecks(children));
  await part("examples in the docs", () => {
    return test(children, [
      "--doc",
      ...coverage,
      "--permit-no-files",
      "mod.ts",
      "lib",
      "README.md",
    ]);
  });
  const lacking = await missing(MACHINE);
  if (lacking.length > 0) {
    console.log(`\nleft out: tests on a machine, which need ${lacking.join(", ")}`);
  }
  // All of them wait as often as they work: side by side they take less time than one after the other. The emulated
  // machine takes longest, and has one processor: the others give way to it. What is not shown as it comes is shown
  // at the end.
  const beside = new Map([[
    "tests of the field, of steps, of Terraform",
    children.run([...TEST, ...coverage, ...BESIDE], YIELDS),
  ]]);
  if (lacking.length === 0) {
    beside.set("tests on a machine", children.run([...TEST, ...coverage, ...ON_A_MACHINE]));
  }
  const ignore = `--ignore=${[...ON_A_MACHINE, ...BESIDE].join(",")}`;
  await part("tests", async () => {
    const args = [...TEST, ...coverage, ignore, "tests"];
    const { ok, output } = await children.run(args, { ...YIELDS, show: true });
    return countTests(output, ok);
  });
  for (const [title, running] of beside) {
    await part(title, async () => {
      const { ok, output, seconds } = await running;
      console.log(`${output.trimEnd()}\nthese took ${seconds.toFixed(1)} s, beside the others`);
      return countTests(output, ok);
    });
  }
  await part("coverage", async () => countCheck(await coverLib(children, profile, ROOT)));
  return counts.filter((count) => count !== undefined);
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
