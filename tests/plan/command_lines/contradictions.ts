import { HOST, type Row, split } from "./row.ts";

const PATH = "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-x";
const PATHS = `--store-paths ${PATH} ${PATH}`;
const FLAKE = "--flake .#web";
const VM = `--vm-test ${FLAKE}`;
const HARDWARE = "--generate-hardware-config nixos-facter f.json";

/** Two parts of a command line that exclude each other, and what all errors of them name. */
const pairs: readonly (readonly [one: string, other: string, ...names: string[]])[] = [
  [PATHS, FLAKE, "--flake", "--store-paths"],
  [`${FLAKE} --quiet`, "--debug", "--quiet", "--debug"],
  [PATHS, "--disko-mode mount", "--disko-mode", "--store-paths"],
  [PATHS, "--disko-mode disko", "--disko-mode", "--store-paths"],
  [PATHS, "--no-disko-deps", "--no-disko-deps", "--store-paths"],
  [PATHS, "--build-on remote", "--build-on remote", "--store-paths"],
  [PATHS, "--build-on-remote", "--build-on", "--store-paths"],
  [PATHS, HARDWARE, "--generate-hardware-config", "--store-paths"],
  [PATHS, "--vm-test", "--vm-test", "--store-paths"],
  [VM, "--build-on remote", "--vm-test", "--build-on remote"],
  [VM, "--build-on-remote", "--vm-test", "--build-on"],
  [VM, "--extra-files x", "--vm-test", "--extra-files"],
  [VM, "--disk-encryption-keys /a b", "--vm-test", "--disk-encryption-keys"],
  [VM, HARDWARE, "--vm-test", "--generate-hardware-config"],
  [`${FLAKE} --build-on local`, "--build-on-remote", "--build-on", "--build-on-remote"],
  [`${FLAKE} --build-on auto`, "--build-on-remote", "--build-on", "--build-on-remote"],
  [`${FLAKE} --build-on auto`, "--build-on local", "--build-on", '"local"', '"auto"'],
  [`${FLAKE} --phases disko`, "--no-reboot", "--phases", "--no-reboot"],
  [`${FLAKE} --phases kexec,disko,install,reboot`, "--no-reboot", "--phases", "--no-reboot"],
  [`${FLAKE} --phases install`, "--stop-after-disko", "--phases", "--stop-after-disko"],
  [`${FLAKE} --phases install`, "--phases disko", "--phases"],
  [`${FLAKE} --reboot kexec`, "--no-reboot", "--reboot", "--phases"],
  [`${FLAKE} --reboot kexec`, "--phases kexec,disko", "--reboot", "--phases"],
  [`${FLAKE} --reboot firmware`, "--stop-after-disko", "--reboot", "--phases"],
  [VM, "--reboot kexec", "--vm-test", "--reboot"],
  [FLAKE, "web", "two targets", `"web"`, `"${HOST}"`],
  [FLAKE, "--target-host web", "two targets", `"web"`, `"${HOST}"`],
];

/** Both orders of each pair, and the target before, between and behind. */
export const CONTRADICTIONS: readonly Row[] = pairs.flatMap(([one, other, ...names]) => {
  const [a, b] = [split(one), split(other)];
  const error = new RegExp(
    names.map((name) => `(?=.*${name.replaceAll(/[.*?$]/g, "\\$&")})`).join(""),
  );
  return [[HOST, ...a, ...b], [...b, HOST, ...a], [...b, ...a, HOST]].map((words) => ({
    words,
    error,
  }));
});
