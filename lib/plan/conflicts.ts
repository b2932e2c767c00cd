/**
 * Options that contradict each other.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { PlanOptions } from "./options.ts";

type Rule = readonly [
  given: (options: PlanOptions) => boolean,
  against: (options: PlanOptions) => boolean,
  message: string,
  hint: string,
];

const paths = (o: PlanOptions) => o.storePaths !== undefined;
const vmTest = (o: PlanOptions) => o.vmTest === true;
const hardware = (o: PlanOptions) => o.generateHardwareConfig !== undefined;

const RULES: readonly Rule[] = [
  [
    paths,
    (o) => o.flake !== undefined,
    "--flake and --store-paths exclude each other",
    "name one of them",
  ],
  [
    paths,
    (o) => o.diskoMode !== undefined || o.diskoDeps === false,
    "--disko-mode and --no-disko-deps choose from a flake, --store-paths names the script itself",
    "give the path of the wanted script, without these options",
  ],
  [
    paths,
    (o) => o.buildOn === "remote",
    "--build-on remote builds from a flake, --store-paths is built already",
    "leave one of them out",
  ],
  [
    paths,
    hardware,
    "--generate-hardware-config changes a flake before it is built, --store-paths is built already",
    "leave one of them out",
  ],
  [
    vmTest,
    paths,
    "--vm-test builds from a flake, it cannot test --store-paths",
    "name the configuration with --flake",
  ],
  [
    vmTest,
    (o) => o.buildOn === "remote",
    "--vm-test runs here, not with --build-on remote",
    "leave --build-on out",
  ],
  [
    vmTest,
    (o) => o.extraFiles !== undefined,
    "--vm-test takes no --extra-files",
    "leave --extra-files out",
  ],
  [
    vmTest,
    (o) => (o.diskEncryptionKeys ?? []).length > 0,
    "--vm-test takes no --disk-encryption-keys",
    "leave them out: the test makes its own",
  ],
  [
    vmTest,
    hardware,
    "--vm-test has no machine for --generate-hardware-config",
    "leave --generate-hardware-config out",
  ],
];

/** Throws a {@linkcode UsageError} if two options contradict each other. */
export function refuseConflicts(options: PlanOptions): void {
  for (const [given, against, message, hint] of RULES) {
    if (given(options) && against(options)) throw new UsageError(message, { hint });
  }
}
