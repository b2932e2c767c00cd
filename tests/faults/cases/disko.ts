/** Faults of the disko script and of the keys that it needs. */
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

const phase = "disko";
const inInstaller = true;
const hung = { fixture: { inInstaller, breakpoints: { disko: HANG } } };
const failed = { code: 1, state: "formatting" } as const;
const lost = /root@127\.0\.0\.1: the connection was lost during \/nix\/store\/\S+-disko$/;

export const DISKO: readonly Fault[] = [
  ...([["the script exits with 3", FAIL], ["the script is killed", KILLED]] as const).map((
    [fault, breakpoint],
  ): Fault => ({
    phase,
    fault,
    fixture: { inInstaller, breakpoints: { disko: breakpoint } },
    error: /root@127\.0\.0\.1: \/nix\/store\/\S+-disko /,
    ...failed,
  })),
  {
    phase,
    fault: "the script hangs",
    words: ["--timeout", "disko=6"],
    ...hung,
    error: /root@127\.0\.0\.1: \/nix\/store\/\S+-disko did not end within 6 s$/,
    ...failed,
  },
  { phase, fault: "connection cut", ...hung, act: at("disko", cut), error: lost, ...failed },
  {
    phase,
    fault: "connection frozen",
    words: SOON,
    ...hung,
    act: at("disko", freeze),
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
    act: at("disko", powerOff),
    error: lost,
    mend: powerOn,
    gone: true,
    ...failed,
  },
  {
    phase,
    fault: "the folder of a disk key cannot be made",
    fixture: { inInstaller, installer: { setup: "mkdir /run/disk.key\n" } },
    error: /root@127\.0\.0\.1: sh .*/,
    mend: ({ machine }) => machine.container.run("rm -r /run/disk.key"),
    ...failed,
  },
  ...(["SIGINT", "SIGTERM"] as const).map((name): Fault => ({
    phase,
    fault: name,
    ...hung,
    act: at("disko", signal(name)),
    error: new RegExp(`interrupted by ${name}$`),
    here: true,
    ...failed,
    code: 130,
  })),
];
