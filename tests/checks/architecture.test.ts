import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Edge, edgesOf, roomOf, wrongImports } from "./rooms.ts";
import { read, ROOT, sources } from "./sources.ts";
import { hasDefaultExport, wrongUses } from "./uses.ts";

/** Past this a file is two files. */
const MOST_LINES = 250;
const PACKAGE = ["mod.ts", "cli.ts", "lib"];

/** The imports of these files. What one answer tells of others is not asked again. */
async function importsOf(paths: readonly string[]): Promise<Edge[]> {
  const edges: Edge[] = [];
  const told = new Set<string>();
  for (const path of paths) {
    if (told.has(path)) continue;
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", path],
      cwd: ROOT,
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    const info = JSON.parse(new TextDecoder().decode(stdout));
    for (const { specifier } of info.modules) told.add(specifier.slice(ROOT.href.length));
    edges.push(...edgesOf(info, ROOT));
  }
  return [...new Map(edges.map((edge) => [`${edge.from} ${edge.to}`, edge])).values()];
}

Deno.test("imports point one way", async () => {
  const edges = await importsOf(["cli.ts", "mod.ts", ...await sources("lib")]);
  assert(edges.length > 10, "the imports were not found");
  assertEquals(wrongImports(edges), []);
});

Deno.test("only the file that owns it touches a process, the arguments and the console", async () => {
  const wrong: string[] = [];
  for (const path of await sources(...PACKAGE)) wrong.push(...wrongUses(path, await read(path)));
  assertEquals(wrong, []);
});

Deno.test("no file exports a default", async () => {
  const wrong: string[] = [];
  for (const path of await sources("mod.ts", "cli.ts", "lib", "tests", "examples")) {
    if (hasDefaultExport(path, await read(path))) wrong.push(path);
  }
  assertEquals(wrong, []);
});

Deno.test(`no file of the package is longer than ${MOST_LINES} lines`, async () => {
  const long: string[] = [];
  for (const path of await sources(...PACKAGE)) {
    const lines = (await read(path)).trimEnd().split("\n").length;
    if (lines > MOST_LINES) long.push(`${path}: ${lines}`);
  }
  assertEquals(long, []);
});

const edges: readonly [from: string, to: string, wrong?: RegExp][] = [
  ["cli.ts", "lib/flow.ts"],
  ["mod.ts", "lib/steps/facts.ts"],
  ["lib/flow.ts", "lib/steps/facts.ts"],
  ["lib/steps/kexec/run.ts", "lib/steps/kexec/wait.ts"],
  ["lib/nix/copy.ts", "lib/ssh/session.ts"],
  ["lib/process.ts", "lib/errors.ts"],
  ["lib/plan/plan.ts", "lib/report/events.ts"],
  ["mod.ts", "cli.ts", /mod may not use cli/],
  ["lib/plan/plan.ts", "lib/process.ts", /plan may not use process/],
  ["lib/report/lines.ts", "lib/ssh/session.ts", /report may not use ssh/],
  ["lib/report/lines.ts", "lib/flow.ts", /report may not use flow/],
  ["lib/steps/facts.ts", "lib/steps/kexec.ts", /a step is handed/],
  ["lib/steps/facts.ts", "lib/flow.ts", /steps may not use flow/],
  ["lib/ssh/session.ts", "lib/nix/copy.ts", /ssh may not use nix/],
  ["lib/process.ts", "lib/ssh/session.ts", /process may not use ssh/],
  ["lib/errors.ts", "lib/plan/plan.ts", /base may not use plan/],
  ["lib/steps/closure.ts", "lib/copy/policy.ts"],
  ["lib/copy/transfer/x.ts", "lib/copy/protocol/x.ts"],
  ["lib/copy/policy.ts", "lib/copy/transfer/x.ts", /protocol may not use copy/],
  ["lib/copy/protocol/x.ts", "lib/process.ts", /protocol may not use process/],
  ["lib/attic/x.ts", "lib/errors.ts", /no room that is known/],
];

for (const [from, to, wrong] of edges) {
  Deno.test(`wrongImports() ${wrong ? "refuses" : "takes"} ${from} → ${to}`, () => {
    const [sentence = ""] = wrongImports([{ from, to }]);
    assertMatch(sentence, wrong ?? /^$/);
  });
}

Deno.test("roomOf() takes small files directly in lib for the base", () => {
  const paths = ["lib/async.ts", "lib/flow.ts", "lib/ssh/x.ts", "cli.ts"];
  assertEquals(paths.map(roomOf), ["base", "flow", "ssh", "cli"]);
});

Deno.test("edgesOf() reads imports of values and of types, inside of the project only", () => {
  const root = new URL("file:///a%20b/");
  const modules = [{
    specifier: "file:///a%20b/cli.ts",
    dependencies: [
      { code: { specifier: "file:///a%20b/mod.ts" } },
      { type: { specifier: "file:///a%20b/lib/x.ts" } },
      { code: { specifier: "file:///elsewhere/y.ts" } },
    ],
  }];
  assertEquals(edgesOf({ modules }, root), [
    { from: "cli.ts", to: "mod.ts" },
    { from: "cli.ts", to: "lib/x.ts" },
  ]);
});

const uses: readonly [source: string, wrong: string[]][] = [
  ["new Deno.Command('x')", ["lib/x.ts uses Deno.Command: only lib/process.ts may"]],
  ["Deno['exit'](1)", ["lib/x.ts uses Deno.exit: only cli.ts may"]],
  ["const { args } = Deno", ["lib/x.ts uses Deno.args: only cli.ts may"]],
  ["console.log(1)", ["lib/x.ts uses console: only cli.ts may"]],
  ["export default 1", ["lib/x.ts has a default export: exports have names"]],
  ["const a = 1; export { a as default }", [
    "lib/x.ts has a default export: exports have names",
  ]],
  ["// console.log(Deno.args)\nexport const a = 'Deno.exit()'", []],
  ["export type A = Deno.CommandStatus; export const b = Deno.cwd()", []],
];

for (const [source, wrong] of uses) {
  Deno.test(`wrongUses() finds ${wrong.length} in ${JSON.stringify(source)}`, () => {
    assertEquals(wrongUses("lib/x.ts", source), wrong);
  });
}

Deno.test("wrongUses() lets the owner do it", () => {
  assertEquals(wrongUses("lib/process.ts", "new Deno.Command('x')"), []);
  assertEquals(wrongUses("cli.ts", "console.log(Deno.args); Deno.exit(0)"), []);
});
