/** Faults of nixos-install and of the extra files. */
import type { Fixture } from "../../support/install/fixture.ts";
import {
  at,
  cut,
  FAIL,
  type Fault,
  freeze,
  HANG,
  KILLED,
  powerOff,
  powerOn,
  signal,
  SOON,
  thaw,
} from "../fault.ts";

const phase = "install";
const inInstaller = true;
const hung = { fixture: { inInstaller, breakpoints: { install: HANG } } };
const failed = { code: 1, state: "installing" } as const;
const lost = /root@127\.0\.0\.1: the connection was lost during nixos-install /;

/** Words that send along a folder with a file of so many bytes. */
function extraFiles(bytes: number) {
  return async (fixture: Fixture) => {
    const folder = `${fixture.sandbox.folder}/extra`;
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeFile(`${folder}/large`, new Uint8Array(bytes));
    return ["--extra-files", folder, ...fixture.words];
  };
}

export const INSTALL: readonly Fault[] = [
  ...([["nixos-install exits with 3", FAIL], ["nixos-install is killed", KILLED]] as const).map((
    [fault, breakpoint],
  ): Fault => ({
    phase,
    fault,
    fixture: { inInstaller, breakpoints: { install: breakpoint } },
    error: /root@127\.0\.0\.1: nixos-install /,
    ...failed,
  })),
  {
    phase,
    fault: "nixos-install hangs",
    words: ["--timeout", "install=6"],
    ...hung,
    error: /root@127\.0\.0\.1: nixos-install .* did not end within 6 s$/,
    ...failed,
  },
  {
    phase,
    fault: "extra files fill the disk",
    fixture: { inInstaller, disk: "30M" },
    words: extraFiles(40_000_000),
    error: /root@127\.0\.0\.1: tar /,
    mend: ({ machine }) => machine.container.run("echo 64M >/etc/disk-size"),
    ...failed,
  },
  { phase, fault: "connection cut", ...hung, act: at("install", cut), error: lost, ...failed },
  {
    phase,
    fault: "connection frozen",
    words: SOON,
    ...hung,
    act: at("install", freeze),
    error: lost,
    mend: thaw,
    gone: true,
    ...failed,
  },
  {
    phase,
    fault: "target powered off",
    words: SOON,
    ...hung,
    act: at("install", powerOff),
    error: lost,
    mend: powerOn,
    gone: true,
    ...failed,
  },
  ...(["SIGINT", "SIGTERM"] as const).map((name): Fault => ({
    phase,
    fault: name,
    ...hung,
    act: at("install", signal(name)),
    error: new RegExp(`interrupted by ${name}$`),
    here: true,
    ...failed,
    code: 130,
  })),
  {
    phase,
    fault: "no boot entry was written",
    // What nixos-install writes goes into a folder of the installer's.
    fixture: {
      inInstaller,
      breakpoints: { install: "mkdir -p /run/elsewhere; ln -s /run/elsewhere /mnt/boot" },
    },
    words: ["--timeout", "reboot=5"],
    error: /root@127\.0\.0\.1: the installed system would not boot: /,
    code: 1,
    state: "installed",
  },
];
