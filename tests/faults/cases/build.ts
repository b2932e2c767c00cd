/** Faults of the evaluation, the build, and of what is in the store here. */
import { derivation, type PartsOptions, writeFlake } from "../../support/install/parts.ts";
import type { Fixture } from "../../support/install/fixture.ts";
import { type Fault, signal } from "../fault.ts";

const phase = "build";
const local = { code: 1, here: true, fixture: { inInstaller: true } } as const;

/** Installs a flake with such parts. */
function flake(options: PartsOptions): (fixture: Fixture) => Promise<string[]> {
  return async (fixture) => {
    const reference = await writeFlake(`${fixture.sandbox.folder}/flake`, options);
    return ["--debug", "--phases", "disko,install", "--flake", reference, ...fixture.reach];
  };
}

const fails = derivation("nixos-system-broken", `"echo it is broken >&2; exit 3"`);
// A name of its own each time: what is built already would not be built.
const slow = () =>
  derivation(`nixos-system-slow-${crypto.randomUUID()}`, `"echo building >&2; sleep 300"`);
const NOWHERE = `/nix/store/${"0".repeat(32)}-nixos-system-nowhere`;

export const BUILD: readonly Fault[] = [
  {
    phase,
    fault: "evaluation fails",
    words: flake({ toplevel: `(throw "the configuration is wrong")` }),
    error: /nix failed: the configuration is wrong$/,
    state: "untouched",
    orState: "uncontacted",
    again: 1,
    ...local,
  },
  {
    phase,
    fault: "the configuration has no such attribute",
    words: async (fixture) => {
      const words = await flake({})(fixture);
      return words.map((word) => word.endsWith("#web") ? word.replace("#web", "#other") : word);
    },
    error:
      /--flake: flake path:.* does not provide attribute nixosConfigurations\.other: it has web$/,
    again: 2,
    ...local,
    code: 2,
  },
  {
    phase,
    fault: "the build fails",
    words: flake({ toplevel: fails }),
    error: /nix failed: builder for .* failed with exit code 3/,
    state: "untouched",
    orState: "uncontacted",
    again: 1,
    ...local,
  },
  {
    phase,
    fault: "the build does not end",
    words: async (
      fixture,
    ) => ["--timeout", "build=4", ...await flake({ toplevel: slow() })(fixture)],
    error: /nix-store .* did not end within 4 s$/,
    state: "untouched",
    again: 1,
    ...local,
  },
  ...(["SIGINT", "SIGTERM"] as const).map((name): Fault => ({
    phase,
    fault: name,
    words: flake({ toplevel: slow() }),
    act: (fixture, running) =>
      running.said(/building '\/nix\/store/).then(() => signal(name)(fixture, running)),
    error: new RegExp(`interrupted by ${name}$`),
    state: "untouched",
    orState: "uncontacted",
    again: "none",
    ...local,
    code: 130,
  })),
  {
    phase,
    fault: "a configured disk is missing",
    words: flake({ device: "/dev/vdz" }),
    error: /root@127\.0\.0\.1: there is no disk \/dev\/vdz: /,
    state: "untouched",
    again: 3,
    ...local,
    code: 3,
  },
  {
    phase,
    fault: "a store path is missing",
    words: (fixture) => ["-s", fixture.options.parts.disko, NOWHERE, ...fixture.reach],
    error: /<disko_script> and <nixos_system> must be existing store-paths: .*nowhere is not here$/,
    again: 2,
    ...local,
    code: 2,
  },
];
