import { assert, assertEquals } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { parseCommandLine, wantsOnly } from "../../lib/cli/argv.ts";
import { FLAGS } from "../../lib/cli/flags.ts";
import type { PlanOptions } from "../../lib/plan/options.ts";
import { makePlan, type Plan } from "../../lib/plan/plan.ts";
import { property, type Random, unless } from "../support/random.ts";

const PATH = "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-x";
const VALUES: readonly string[] = [
  ...[
    ".#web",
    "root@203.0.113.7",
    PATH,
    "22",
    "auto",
    "remote",
    "local",
    "disko",
    "mount",
    "kexec",
  ],
  ...["nixos-facter", "a.tar.gz", "https://example.org/a.tar.xz?b", "A=1", "/home/me", "1000:100"],
];

const value = (random: Random) => random.once(3) ? random.text(6) : random.pick(VALUES);

/** A flag, right or nearly, with values, enough or not. */
function option(random: Random): string[] {
  const { name, short, values } = random.pick(FLAGS);
  const flag = short && random.once(3) ? short : name;
  const given = values.map(() => value(random));
  if (random.once(8)) given.pop();
  if (random.once(20)) return [random.mutate(flag), ...given];
  const [first, ...rest] = given;
  return random.once(4) && first !== undefined ? [`${name}=${first}`, ...rest] : [flag, ...given];
}

const words = (random: Random) =>
  random.list(5, () => random.once(4) ? [value(random)] : random.once(12) ? ["--"] : option(random))
    .flat();

/** What is shown to the user about wrong words must be two lines without surprises. */
function checkError(error: UsageError): void {
  for (const text of [error.message, error.hint]) {
    assert(text.length > 0 && !/(?![\x7f-\x9f])\p{Cc}/u.test(text), JSON.stringify(text));
  }
}

function plan(make: () => Plan): Plan | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    checkError(error);
    return undefined;
  }
}

property("parseCommandLine() and makePlan() throw nothing but UsageError", 10_000, (random) => {
  const given = words(random);
  wantsOnly(given);
  plan(() => makePlan(parseCommandLine(given).options));
});

property("makePlan() throws nothing but UsageError whatever its texts hold", 10_000, (random) => {
  const text = () => value(random);
  const maybe = <T>(make: () => T) => random.once(3) ? make() : undefined;
  const settings = () => random.list(2, () => ({ name: text(), value: text() }));
  const options = {
    host: random.once(4) ? text() : "web",
    flake: maybe(text) ?? maybe(() => ".#web"),
    storePaths: maybe(() => ({ disko: text(), system: text() })),
    sshPort: maybe(text),
    postKexecSshPort: maybe(() => random.below(100_000) - 10),
    sshOptions: maybe(() => random.list(2, text)),
    kexec: maybe(text),
    phases: maybe(() => random.list(3, text)),
    diskoMode: maybe(text),
    buildOn: maybe(text),
    chown: maybe(() => random.list(2, () => ({ path: text(), owner: text() }))),
    diskEncryptionKeys: maybe(() => random.list(2, () => ({ remote: text(), local: text() }))),
    nixOptions: maybe(settings),
    sshStoreSettings: maybe(settings),
    from: maybe(text),
    vmTest: maybe(() => random.once(2)),
  } as PlanOptions;
  const made = plan(() => makePlan(options));
  if (!made) return;
  for (const { path, owner } of made.install.chown) {
    assert(path.startsWith("/") && !/(^|\/)\.\.(\/|$)|\p{Cc}/u.test(path), JSON.stringify(path));
    assert(/^[^\s\p{Cc}'"`$\\;&|<>()*?-][^\s\p{Cc}'"`\\;&|<>()*?]*$/u.test(owner), owner);
  }
});

/** Options that may stand together, each with its values. */
const GOOD: readonly (readonly string[])[] = [
  ["-f", ".#web"],
  ["root@web"],
  ["-i", "key"],
  ["--ssh-port=23"],
  ["--post-kexec-ssh-port", "24"],
  ["--installer-host", "::1"],
  ["--ssh-option", "A=1"],
  ["--kexec", "a.tar"],
  ["--force-kexec"],
  ["--kexec-extra-flags", "-s"],
  ["--no-reboot"],
  ["--stop-after-disko"],
  ["--phases", "install,disko"],
  ["--disko-mode", "mount"],
  ["--no-disko-deps"],
  ["--build-on", "remote"],
  ["--build-on-remote"],
  ["--generate-hardware-config", "nixos-facter", "x"],
  ["--no-substitute-on-destination"],
  ["--no-use-machine-substituters"],
  ["--option", "a", "-b"],
  ["--chown", "/a", "b"],
  ["--disk-encryption-keys", "/a", "b"],
  ["--extra-files", "x"],
  ["--vm-test"],
  ["--store-paths", PATH, PATH],
  ["--from", "x"],
  ["-t"],
  ["-L"],
];

property(
  "the order of options changes neither the plan nor whether there is one",
  10_000,
  (random) => {
    const chosen = GOOD.filter((_, index) => random.once(index < 2 ? 1 : 8));
    const make = (options: readonly (readonly string[])[]) =>
      unless(UsageError, () => makePlan(parseCommandLine(options.flat()).options));
    assertEquals(make(random.shuffle(chosen)), make(chosen));
  },
);
