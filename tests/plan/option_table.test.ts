import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../lib/cli/argv.ts";
import { FLAGS } from "../../lib/cli/flags.ts";
import { helpText, referenceTable } from "../../lib/cli/help.ts";
import { UsageError } from "../../lib/errors.ts";
import type { Entries, Option, SomeEntries } from "../../lib/plan/option.ts";
import { OPTION_TABLE, OPTIONS, settle } from "../../lib/plan/option_table.ts";
import type { DiskKey, InstallSettings, PlanOptions } from "../../lib/plan/options.ts";
import { makePlan } from "../../lib/plan/plan.ts";
import type { NixosAnywhereOptions } from "../../mod.ts";

const PATH = "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-x";

/** A value of each option that is not its default. An option of the table without one does not compile. */
const SAMPLES: { readonly [K in keyof PlanOptions]-?: NonNullable<PlanOptions[K]> } = {
  flake: ".#other",
  storePaths: { disko: PATH, system: PATH },
  phases: ["kexec"],
  vmTest: true,
  dryRun: true,
  force: true,
  timeouts: { boot: 5 },
  host: "db",
  identityFile: "key",
  privateKey: "text",
  sshPort: 23,
  postKexecSshPort: "24",
  installerHost: "::1",
  sshOptions: ["A=1"],
  password: "secret",
  hostKey: "strict",
  knownHosts: "file",
  updateKnownHosts: true,
  kexec: "a.tar",
  kexecSha256: "a".repeat(64),
  forceKexec: true,
  kexecExtraFlags: "-s",
  diskoMode: "mount",
  diskoDeps: false,
  diskEncryptionKeys: [{ remote: "/k", content: new Uint8Array([1]) }],
  buildOn: "remote",
  generateHardwareConfig: { backend: "nixos-facter", path: "f.json" },
  substituteOnDestination: false,
  useMachineSubstituters: false,
  from: "s3://x",
  sshStoreSettings: [],
  nixOptions: [{ name: "a", value: "b" }],
  acceptFlakeConfig: true,
  extraFiles: "dir",
  chown: [{ path: "/a", owner: "me" }],
  copyHostKeys: true,
  reboot: "kexec",
  noCheck: "1",
  printBuildLogs: true,
  showTrace: true,
};

/** The plan of loose options, or the message of what refuses them. */
function planned(options: Readonly<Record<string, unknown>>): unknown {
  try {
    return makePlan(options as PlanOptions);
  } catch (error) {
    assert(error instanceof UsageError);
    return error.message;
  }
}

const entries = Object.entries<Option<unknown>>(OPTIONS as never);
for (const [key, entry] of entries.filter(([, { command }]) => !command)) {
  const { [key]: _, ...base } = { host: "web", flake: ".#web" } as Record<string, unknown>;
  if (key === "storePaths") delete base.flake;
  const sample = SAMPLES[key as keyof PlanOptions];

  Deno.test(`makePlan() takes { ${key}: undefined } for absent`, () => {
    assertEquals(planned({ ...base, [key]: undefined }), planned(base));
  });

  Deno.test(`makePlan() honours ${key}`, () => {
    const plan = makePlan({ ...base, [key]: sample } as PlanOptions);
    assertNotEquals<unknown>(plan, planned(base));
  });

  if (entry.default === undefined) continue;
  Deno.test(`makePlan() gives ${key} its default, and the help says so`, () => {
    assertEquals(planned({ ...base, [key]: entry.default }), planned(base));
    const shown =
      { phases: "kexec,disko,install,reboot", sshStoreSettings: "compress true" }[key] ??
        (["string", "number"].includes(typeof entry.default)
          ? `${entry.default}`
          : entry.defaultText);
    const meaning = FLAGS.find((one) => one.key === key)?.meaning ?? "";
    assertEquals(/ \(default: (.*)\)$/.exec(meaning)?.[1] ?? "", shown ?? "");
  });
}

const WORDS: Readonly<Record<string, readonly string[]>> = {
  timeouts: ["boot=5"],
  phases: ["kexec"],
};
for (const { key, name, values } of FLAGS) {
  Deno.test(`parseCommandLine() hands ${name} on as ${key}`, () => {
    const words = WORDS[key] ?? values.map((_, index) => `${index}`);
    const { options, ...command } = parseCommandLine([name, ...(values.length ? words : [])]);
    const { command: own, default: otherwise } = OPTIONS[key as keyof typeof OPTIONS] as Option<
      unknown
    >;
    const { [key]: value } = (own ? command : options) as Record<string, unknown>;
    assertNotEquals(value, otherwise);
    assert(value !== undefined);
    assertEquals(Object.keys(options), own ? [] : [key]);
  });
}

Deno.test("an option is one entry: it is parsed, typed, checked, has a default, and is in help and reference", () => {
  interface More extends InstallSettings {
    readonly swapSize?: number | undefined;
  }
  const more = {
    swapSize: {
      usage: "-w, --swap-size GIB",
      help: "how large the swap file of the new system is",
      read: (word) => Number(word),
      check: (size, name) => {
        if (size > 0) return `${size}G` as const;
        throw new UsageError(`${name}: ${size} is no size`, { hint: "give a number above 0" });
      },
      default: 4,
      aliases: { "--no-swap": 0 },
    },
  } as const satisfies Entries<Pick<More, "swapSize">>;
  const table = { ...OPTION_TABLE, Disks: { ...OPTION_TABLE.Disks, ...more } };
  const parse = (...words: string[]) => parseCommandLine<More>(words, table);
  const settled = (options: More): string => settle<typeof more, More>(options, more).swapSize;

  const { options } = parse("-w", "8", "web");
  const size: number | undefined = options.swapSize;
  assertEquals([size, options.host], [8, "web"]);
  assertEquals(parse("--swap-size=2").options, { swapSize: 2 });
  assertEquals(parse("--no-swap").notices, ["--no-swap is deprecated: use --swap-size 0"]);
  assertEquals([settled(options), settled({}), settled({ swapSize: undefined })], [
    ...["8G", "4G", "4G"],
  ]);
  assertThrows(() => settled(parse("--no-swap").options), UsageError, "--swap-size: 0 is no size");
  assertThrows(() => parse("-w"), UsageError, "-w needs a value: GIB");
  const wrong = assertThrows(() => parse("--swap"), UsageError, "unknown option");
  assertEquals(wrong.hint, "did you mean --swap-size? See --help");
  const help = "how large the swap file of the new system is (default: 4)";
  assert(helpText("1", table).includes(`\n  -w, --swap-size GIB\n        ${help}\n`));
  assert(referenceTable(table).includes(`\n| \`-w, --swap-size GIB\` | ${help} |\n`));
});

Deno.test("what contradicts itself does not compile", () => {
  const storePaths = { disko: PATH, system: PATH };
  const both = { flake: ".#web", storePaths, host: "web" } as const;
  // @ts-expect-error a flake and built paths
  const whole: NixosAnywhereOptions = both;
  // @ts-expect-error a flake and built paths
  assertThrows(() => makePlan(both), UsageError, "exclude each other");
  // @ts-expect-error neither a file nor the key itself
  const nothing: DiskKey = { remote: "/k" };
  // @ts-expect-error a file and the key itself
  const twice: DiskKey = { remote: "/k", local: "a", content: new Uint8Array() };
  // @ts-expect-error no such wait
  const wait: PlanOptions = { timeouts: { lunch: 5 } };
  const none: PlanOptions = { flake: undefined, storePaths: undefined, host: undefined };
  assert(whole && nothing && twice && wait && none);
});

Deno.test("an entry that does not fit the library's options does not compile", () => {
  const wrong: readonly SomeEntries[] = [
    // @ts-expect-error no member of PlanOptions
    { swapSize: { usage: "--swap-size GIB", help: "x" } },
    // @ts-expect-error a default of another type
    { force: { usage: "--force", help: "x", default: "no" } },
    // @ts-expect-error reads another type
    { chown: { usage: "--chown PATH OWNER", help: "x", read: (path) => path } },
    // @ts-expect-error no flag
    { from: { usage: "from", help: "x" } },
    // @ts-expect-error the library has no such option
    { yes: { usage: "--yes", help: "x" } },
    // @ts-expect-error contradicts what is no option
    { from: { usage: "--from URI", help: "x", conflicts: { to: ["x", "y"] } } },
  ];
  const { flake: _, ...others } = OPTIONS;
  // @ts-expect-error an option without an entry
  const incomplete: Entries<PlanOptions> = others;
  assert(wrong && incomplete);
});

Deno.test("settle() types what the plan takes", () => {
  const options: PlanOptions = { host: "web" };
  const settled = settle(options);
  const port: number | undefined = settled.sshPort;
  const mode: "disko" | "mount" | "format" = settled.diskoMode;
  // @ts-expect-error it may be missing
  const from: string = settled.from;
  // @ts-expect-error it was read
  const host: string | undefined = settled.host;
  // @ts-expect-error of the command alone
  const yes: unknown = settled.yes;
  assertEquals([port, mode, from, yes], [undefined, "disko", undefined, false] as unknown[]);
  assertEquals<unknown>(host, { host: "web" });
});
