import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { AnswerError } from "../../lib/errors.ts";
import { readBuild, readPaths } from "../../lib/nix/realise.ts";
import { parseEvaluation } from "../../lib/nix/evaluate.ts";
import { readConfig } from "../../lib/nix/settings.ts";

const HASH = "0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss";
const DRV = `/nix/store/${HASH}-disko.drv`;
const A = `/nix/store/${HASH}-a`;
const B = `/nix/store/${HASH}-b`;

const evaluation = (changed: Record<string, unknown> = {}) =>
  JSON.stringify({
    system: "aarch64-linux",
    buildSystem: "x86_64-linux",
    derivations: [DRV, DRV],
    layout: {
      disks: [
        { name: "a", device: "/dev/sda", destroy: true },
        { name: "b", device: "/dev/disk/by-id/a b", destroy: false },
      ],
      passphrases: [],
    },
    substituters: ["https://cache.nixos.org/", "s3://b?profile=x&region=y"],
    publicKeys: ["cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY="],
    ...changed,
  });

Deno.test("parseEvaluation() reads nix's answer, white space around it or not", () => {
  const wanted = JSON.parse(evaluation());
  assertEquals(parseEvaluation(evaluation(), 2, ".#web"), wanted);
  assertEquals(parseEvaluation(`\n ${evaluation()}\n`, 2, ".#web"), wanted);
});

Deno.test("parseEvaluation() leaves out disks that name no device", () => {
  const named = { name: "a", device: "/dev/sda", destroy: true };
  const nameless = { name: "b", device: "", destroy: true };
  const layout = { disks: [nameless, named, nameless], passphrases: [] };
  assertEquals(parseEvaluation(evaluation({ layout }), 2, "x").layout.disks, [named]);
});

Deno.test("parseEvaluation() takes other systems, names and empty lists", () => {
  for (const system of ["aarch64-linux", "i686-linux", "riscv64-linux", "armv7l-linux"]) {
    assertEquals(parseEvaluation(evaluation({ system }), 2, "x").system, system);
  }
  const odd = `/nix/store/${HASH}-nixos-system-a_b+c?d=e.f-25.11.drv`;
  const changed = evaluation({ derivations: [odd], substituters: [], publicKeys: [] });
  assertEquals(parseEvaluation(changed, 1, "x").derivations, [odd]);
});

const device = (device: string) => ({
  layout: { disks: [{ name: "a", device, destroy: true }], passphrases: [] },
});
const asks = (use: unknown) => ({ layout: { disks: [], passphrases: [use] } });
const settings: readonly [
  title: string,
  changed: Record<string, unknown>,
  kept: string[],
  left: number,
][] = [
  ["two substituters in one text", { substituters: ["https://a https://b"] }, [
    "https://a",
    "https://b",
  ], 0],
  ["a line feed at the end", { substituters: ["https://a\n"] }, ["https://a"], 0],
  ["an empty text", { substituters: [""] }, [], 0],
  ["a text for a list", { substituters: "https://a" }, ["https://a"], 0],
  ["a comment", { substituters: ["https://a#b", "https://c"] }, ["https://c"], 1],
  ["a number", { substituters: [1, "https://c"] }, ["https://c"], 1],
  ["a list in a list", { substituters: [["https://a"]] }, [], 1],
  ["nothing", { substituters: null }, [], 1],
  ["a control character", { substituters: ["https://a\x1b[2J"] }, [], 1],
  ["keys that are none", { substituters: [], publicKeys: ["AAAA", 5, ":AAAA", "a:b c:d="] }, [], 3],
];
for (const [title, changed, kept, left] of settings) {
  Deno.test(`parseEvaluation() and ${title} in nix's settings`, () => {
    const warnings: string[] = [];
    const read = parseEvaluation(evaluation(changed), 2, "x", (text) => void warnings.push(text));
    assertEquals([read.substituters, warnings.length], [kept, left]);
    for (const text of warnings) assertMatch(text, /^nix\.settings\.\S+ of .*: left out$/);
    if (changed.publicKeys) assertEquals(read.publicKeys, ["a:b", "c:d="]);
  });
}

const senseless: readonly [title: string, json: string][] = [
  ["nothing", ""],
  ["no JSON", "error: x"],
  ["half of it", evaluation().slice(0, -5)],
  ["null", "null"],
  ["a list", "[]"],
  ["a number", "5"],
  ["text", '"x"'],
  ["an empty object", "{}"],
  ["no system", evaluation({ system: undefined })],
  ["no system to build on", evaluation({ buildSystem: null })],
  ["a system to build on that is shell text", evaluation({ buildSystem: "$(id)-linux" })],
  ["a system of two words", evaluation({ system: "x86_64-linux; id" })],
  ["a system with shell text", evaluation({ system: "$(id)-linux" })],
  ["a derivation too few", evaluation({ derivations: [DRV] })],
  ["a derivation too many", evaluation({ derivations: [DRV, DRV, DRV] })],
  ["derivations as an object", evaluation({ derivations: { length: 2, 0: DRV, 1: DRV } })],
  ["a derivation that is null", evaluation({ derivations: [DRV, null] })],
  ["an output for a derivation", evaluation({ derivations: [DRV, A] })],
  ["a derivation and an option", evaluation({ derivations: [DRV, `--x ${DRV}`] })],
  ["a derivation with a line feed", evaluation({ derivations: [DRV, `${DRV}\n`] })],
  ["a derivation's output", evaluation({ derivations: [DRV, `${DRV}!out`] })],
  ["no disks", evaluation({ layout: undefined })],
  ["a disk that is no path", evaluation(device("sda"))],
  ["a disk with a control character", evaluation(device("/dev/sda\x1b[2J"))],
  ["a passphrase for what nobody knows", evaluation(asks({ type: "x", name: "y" }))],
  [
    "a passphrase for a name with a control character",
    evaluation(asks({ type: "luks", name: "\n" })),
  ],
];

Deno.test("parseEvaluation() takes what a system is built on for what it runs on, where nothing else is said", () => {
  const read = parseEvaluation(evaluation({ system: null }), 2, "x");
  assertEquals([read.system, read.buildSystem], ["x86_64-linux", "x86_64-linux"]);
});

for (const [title, json] of senseless) {
  Deno.test(`parseEvaluation() refuses ${title}`, () => {
    const error = assertThrows(() => parseEvaluation(json, 2, ".#web"), AnswerError);
    assertMatch(error.message, /^\.#web: nix's answer about the configuration makes no sense$/);
    assertMatch(error.hint, /--debug/);
  });
}

Deno.test("readPaths() reads one path a line, in their order", () => {
  assertEquals(readPaths(`${B}\n${A}\n`, 2), [B, A] as never);
  assertEquals(readPaths(A, 1), [A] as never);
  assertEquals(readPaths("", 0), []);
});

for (
  const [text, count] of [
    ["", 1],
    ["\n", 1],
    [A, 2],
    [`${A}\n${B}\n`, 1],
    [`${A} ${B}`, 1],
    [`warning: x\n${A}`, 1],
    [DRV.replace("/nix", ""), 1],
    [`${A}/bin/x`, 1],
    [`${A}\r\n`, 1],
    ["\x1b[2J", 1],
  ] as const
) {
  Deno.test(`readPaths() refuses ${JSON.stringify(text)} where ${count} are wanted`, () => {
    const error = assertThrows(() => readPaths(text, count), AnswerError);
    assertMatch(error.message, /^nix built .* where a store path was expected$/);
    assert(!/\p{Cc}/u.test(error.message));
  });
}

Deno.test("readPaths() never passes an empty answer for a result", () => {
  const error = assertThrows(() => readPaths(" \n", 1), AnswerError);
  assertMatch(error.message, /^nix built nothing where/);
});

Deno.test("readBuild() reads the one output of nix build --json", () => {
  const one = { drvPath: DRV, outputs: { out: A }, startTime: 0 };
  assertEquals(readBuild(JSON.stringify([one])), A as never);
});

for (
  const json of [
    ...["", "[]", "[{}]", "{}", "null", "5", '[{"outputs":{}}]', '[{"outputs":{"out":5}}]'],
    ...['[{"outputs":{"out":""}}]', '[{"outputs":{"out":"/etc/passwd"}}]', "[null]", '["x"]'],
    `[{"outputs":{"out":"${A}\\n${B}"}}]`,
    `[{"outputs":{"out":["${A}"]}}]`,
    `${A}\n`,
  ]
) {
  Deno.test(`readBuild() refuses ${json}`, () => {
    assertThrows(() => readBuild(json), AnswerError, "where a store path was expected");
  });
}

Deno.test("readConfig() reads what decides where to build", () => {
  const config = (changed: Record<string, unknown>) =>
    readConfig(JSON.stringify({
      system: { value: "x86_64-linux" },
      "extra-platforms": { value: ["i686-linux"] },
      ...changed,
    }));
  const plain = {
    system: "x86_64-linux",
    extraPlatforms: ["i686-linux"],
    builders: false,
    acceptFlakeConfig: false,
  };
  assertEquals(config({}), plain);
  assertEquals(config({ builders: { value: "@/etc/nix/machines" } }), plain);
  assertEquals(config({ builders: { value: " " } }), plain);
  assertEquals(config({ builders: { value: "ssh://b aarch64-linux" } }).builders, true);
  assertEquals(config({ "accept-flake-config": { value: true } }).acceptFlakeConfig, true);
  assertEquals(config({ "accept-flake-config": { value: "yes" } }).acceptFlakeConfig, false);
});

Deno.test("readConfig() decides nothing by an answer that makes no sense", () => {
  const nothing = {
    system: "unknown",
    extraPlatforms: [],
    builders: false,
    acceptFlakeConfig: false,
  };
  const answers = ["", "x", "{}", "5", '{"system":5}', '{"system":{"value":["x"]}}'];
  for (const json of answers) assertEquals(readConfig(json), nothing, json);
});
