/**
 * What to do about nix's errors.
 *
 * @module
 */
import { TROUBLES } from "../plan/troubles.ts";

/** The machine that nix runs on, in a hint: this one, or the label of a target. */
type Machine = string;

const HERE: Machine = "here";
const named = (machine: Machine) => machine === HERE ? "this machine" : machine;

const HINTS: readonly (readonly [RegExp, string | ((machine: Machine) => string)])[] = [
  [/does not provide attribute/, TROUBLES.attribute.hint],
  [
    /Failed assertions/,
    "the configuration contradicts itself or lacks something: change what the assertions name",
  ],
  [
    /This version of Nixpkgs requires|requires an implementation of Nix|You are evaluating with Nix/,
    "this machine's nix is too old for the flake's nixpkgs: use the newer nix that the message asks for, " +
    "or an older nixpkgs in the flake",
  ],
  [
    /The option [`'].*' does not exist/,
    "the option's name is misspelt, or the module that declares it is not imported",
  ],
  [
    /' is not a valid URL|URL '.*' is invalid|getting status of "[^"]*\/[a-z+]+:[^"]*"/,
    "nix cannot read this address: behind path: and the like a space is %20; an older nix takes no folder with a space or " +
    "an umlaut in its name, but does so from inside: change into it, and write .#NAME",
  ],
  [
    /was accessed but has no value defined|is used but not defined/,
    "the configuration needs a value for this option",
  ],
  [
    /has conflicting definition values|defined multiple times/,
    "the option is set in more than one place: leave one, or decide with lib.mkForce",
  ],
  [
    /an unfree license|is marked as (broken|insecure)|not available on the requested hostPlatform/,
    "nixpkgs refuses this package: set what the message names in nixpkgs.config of the configuration",
  ],
  [
    /is forbidden in pure eval/,
    "a flake sees nothing outside of itself: take the file into the flake, or make it one of its inputs",
  ],
  [
    /features \{[^}]*\bkvm\b[^}]*\} is required to build|Required features: \{[^}]*\bkvm\b/,
    "it is built in a virtual machine: nix must be let use /dev/kvm on this machine " +
    "(`kvm nixos-test` in system-features of nix.conf), or have a remote builder with it",
  ],
  [
    /is required to build .* but I am a|Reason: platform mismatch|platform mismatch/,
    (machine) =>
      machine === HERE
        ? "this machine cannot build it: --build-on remote builds on the target, or give nix a remote builder"
        : `${machine} cannot build it: --build-on local builds here, or on nix's remote builders`,
  ],
  [
    /hash mismatch in fixed-output derivation/,
    "what was fetched is not what the configuration says: update the hash, or the input that has it",
  ],
  [
    /unable to download|Could ?n[o']t resolve host|Failed to (fetch|open archive)|program 'git' failed/,
    "something that the flake needs could not be fetched: check the network, and the address",
  ],
  [
    /No space left on device|database or disk is full/,
    (machine) =>
      machine === HERE
        ? "free some space on this machine: nix-collect-garbage removes what nothing needs"
        : `the store of ${machine} is full: give its file system more space; an installer's is its memory`,
  ],
  [
    /cannot connect to (socket|daemon)|opening lock file '\/nix\/.*Permission denied/,
    (machine) =>
      `nix's daemon does not answer on ${named(machine)}: start it (systemctl start nix-daemon)`,
  ],
  [
    /lacks a (valid )?signature/,
    (machine) =>
      `nix on ${
        named(machine)
      } takes only signed paths: log in as root or as one of its trusted-users, ` +
      "or sign them with a key of its trusted-public-keys",
  ],
  [
    /(hash|size) mismatch importing path|\/nix\/store\/[a-z0-9]{32}-[^\s\/'"]+\/?['"]?(: No such file| does not exist)/,
    "a path in the store that it comes from is not what it was: nix-store --verify --check-contents --repair mends it there",
  ],
  [
    /is required, but there is no substituter|path '[^']*' is not valid/,
    "the path is gone, perhaps collected as garbage: build it again",
  ],
  [
    /(creating directory|opening lock file|changing ownership|cannot open|opening file) .*(Permission denied|Read-only file system)/,
    (machine) =>
      `the store of ${named(machine)} cannot be written: see who may, and how it is mounted`,
  ],
  [
    /builder (for .* )?failed|Cannot build/i,
    "the whole log: -L shows it while it is built, `nix log` afterwards",
  ],
];

/** What to do where git or ssh would have to ask somebody. */
export const ASKS_NOBODY =
  "nobody is asked while nix fetches: add the key to your agent (ssh-add) and the host to known_hosts, " +
  "or let nix fetch it first, by `nix flake metadata ADDRESS`";

/**
 * What to do about a message of nix on a machine, `here` or the label of a target; `otherwise` where the message is not
 * known.
 */
export function hintOn(
  message: string,
  machine: Machine = HERE,
  otherwise = "--show-trace tells where in the configuration, -L shows build logs",
): string {
  const hint = HINTS.find(([pattern]) => pattern.test(message))?.[1] ?? otherwise;
  return typeof hint === "string" ? hint : hint(machine);
}

/** Whether a message says that something could not be fetched: another try may succeed. */
export function isFetch(message: string): boolean {
  return /unable to download|resolve host|Failed to (fetch|open archive)|program 'git' failed|HTTP error|while fetching the input|timed? ?out|unexpected end-of-file/i
    .test(message);
}

/** The file of a flake that nix did not find in it; `undefined` where the message is of something else. */
export function missingFile(message: string): string | undefined {
  for (
    const pattern of [
      /getting status of ['"]?\/nix\/store\/[a-z0-9]{32}-source\/([^'"\n]+)['"]?: No such file/,
      /path ['"]?\/nix\/store\/[a-z0-9]{32}-source\/([^'"\n]+)['"]? does not exist/,
      /path ['"]?«[^»\n]+»\/([^'"\n]+)['"]? does not exist/,
      /Path '([^'\n]+)' in the repository .* is not tracked by Git/,
      /Path '([^'\n]+)' does not exist in Git repository/,
    ]
  ) {
    const file = pattern.exec(message)?.[1];
    if (file !== undefined) return file;
  }
  return undefined;
}
