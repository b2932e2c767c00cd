/**
 * The options that say what is installed, and how far. They stand in the order of the help.
 *
 * @module
 */
import { parseFlakeRef } from "./flake.ts";
import { off, type SomeEntries } from "./option.ts";
import { parsePhases, PHASES } from "./phases.ts";
import { leftPhases, merge } from "./repeats.ts";
import { storePath } from "./store_path.ts";
import { parseTimeout, readTimeouts, WAITS } from "./timeouts.ts";

const CHOOSES = [
  "--disko-mode and --no-disko-deps choose from a flake, --store-paths names the script itself",
  "give the path of the wanted script, without these options",
] as const;

/** What to install. */
export const SOURCE_OPTIONS = {
  flake: {
    usage: "-f, --flake URI#NAME",
    help: "the flake and the NixOS configuration in it",
    check: (flake) => parseFlakeRef(flake),
  },
  storePaths: {
    usage: "-s, --store-paths DISKO SYSTEM",
    help: "a built disko script and a built NixOS system, instead of a flake",
    read: (disko, system) => ({ disko, system }),
    completes: ["file", "file"],
    check: ({ disko, system }, name) => ({
      disko: storePath(disko, name),
      system: storePath(system, name),
    }),
    conflicts: {
      flake: ["--flake and --store-paths exclude each other", "name one of them"],
      diskoMode: CHOOSES,
      diskoDeps: CHOOSES,
      buildOn: [
        "--build-on remote builds from a flake, --store-paths is built already",
        "leave one of them out",
        "remote",
      ],
      generateHardwareConfig: [
        "--generate-hardware-config changes a flake before it is built, --store-paths is built already",
        "leave one of them out",
      ],
    },
  },
  phases: {
    usage: "--phases LIST",
    help: "the phases to run, with commas between them; they always run in the default's order",
    read: (list) => list.split(","),
    completes: ["phases"],
    combine: leftPhases,
    check: (phases) => parsePhases(phases),
    default: PHASES,
    aliases: {
      "--stop-after-disko": ["kexec", "disko"],
      "--no-reboot": ["kexec", "disko", "install"],
    },
  },
  vmTest: {
    ...off(
      "--vm-test",
      "test the configuration and its disks in a virtual machine here, install nothing",
    ),
    conflicts: {
      storePaths: [
        "--vm-test builds from a flake, it cannot test --store-paths",
        "name the configuration with --flake",
      ],
      buildOn: [
        "--vm-test runs here, not with --build-on remote",
        "leave --build-on out",
        "remote",
      ],
      extraFiles: ["--vm-test takes no --extra-files", "leave --extra-files out"],
      diskEncryptionKeys: [
        "--vm-test takes no --disk-encryption-keys",
        "leave them out: the test makes its own",
      ],
      generateHardwareConfig: [
        "--vm-test has no machine for --generate-hardware-config",
        "leave --generate-hardware-config out",
      ],
    },
  },
  dryRun: off("--dry-run", "show what would be done to the target, change nothing on it"),
  force: off("--force", "go on where a check of the target says no; each is shown as a warning"),
  timeouts: {
    usage: "--timeout NAME=SECONDS",
    help: `how long a wait may take, one of ${WAITS.join(", ")}; repeatable`,
    read: parseTimeout,
    completes: [WAITS.map((wait) => `${wait}=`)],
    combine: merge,
    check: readTimeouts,
    default: {},
  },
  yes: { command: true, ...off("--yes", "do not ask before anything is changed") },
} as const satisfies SomeEntries;
