/** Faults of the image's script. */
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

const phase = "kexec";
const words = ["--phases", "kexec"];
const booting = { code: 1, state: "booting", kept: true } as const;
const hung = { fixture: { breakpoints: { kexec: HANG } } } as const;
const lost = /root@127\.0\.0\.1: the connection was lost during kexec\/run /;

export const KEXEC: readonly Fault[] = [
  ...([["the script exits with 3", FAIL], ["the script is killed", KILLED]] as const).map((
    [fault, breakpoint],
  ): Fault => ({
    phase,
    fault,
    words,
    fixture: { breakpoints: { kexec: breakpoint } },
    error: /root@127\.0\.0\.1: kexec\/run .*/,
    ...booting,
  })),
  {
    phase,
    fault: "the script hangs",
    words: [...words, "--timeout", "kexec=6"],
    ...hung,
    error: /root@127\.0\.0\.1: kexec\/run .* did not end within 6 s$/,
    ...booting,
  },
  {
    phase,
    fault: "connection cut",
    words,
    ...hung,
    act: at("kexec", cut),
    error: lost,
    ...booting,
  },
  {
    phase,
    fault: "connection frozen",
    words: [...words, ...SOON],
    ...hung,
    act: at("kexec", freeze),
    error: lost,
    mend: thaw,
    gone: true,
    ...booting,
  },
  {
    phase,
    fault: "target powered off",
    words: [...words, ...SOON],
    ...hung,
    act: at("kexec", powerOff),
    error: lost,
    gone: true,
    mend: powerOn,
    ...booting,
  },
  ...(["SIGINT", "SIGTERM"] as const).map((name): Fault => ({
    phase,
    fault: name,
    words,
    ...hung,
    act: at("kexec", signal(name)),
    error: new RegExp(`interrupted by ${name}$`),
    here: true,
    ...booting,
    code: 130,
  })),
];
