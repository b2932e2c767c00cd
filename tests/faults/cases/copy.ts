/** Faults while the closure is copied into the new system's store. */
import {
  after,
  at,
  cut,
  FAIL,
  type Fault,
  freeze,
  HANG,
  KILLED,
  powerOff,
  powerOn,
  random,
  signal,
  SOON,
  thaw,
} from "../fault.ts";

const phase = "copy";
const inInstaller = true;
const fixture = { inInstaller };
const hung = { fixture: { inInstaller, breakpoints: { copy: HANG } } };
const failed = { code: 1, state: "installing" } as const;
const lost = /root@127\.0\.0\.1: the connection was lost/;

/** At a random byte of the copy. */
function inCopy(set: "cutAt" | "freezeAt"): Fault["act"] {
  return after(/^### Installing$/m, (fixture) => {
    fixture[set] = fixture.relay.sent + random.below(2_500_000);
  });
}

export const COPY: readonly Fault[] = [
  ...[1, 2, 3].map((number): Fault => ({
    phase,
    fault: `connection cut at a random byte (${number})`,
    fixture,
    act: inCopy("cutAt"),
    error: lost,
    ...failed,
  })),
  {
    phase,
    fault: "connection frozen at a random byte: deadline",
    words: ["--timeout", "copy=3"],
    fixture,
    act: inCopy("freezeAt"),
    error: /root@127\.0\.0\.1: .* 3 s$/,
    mend: thaw,
    gone: true,
    ...failed,
  },
  {
    phase,
    fault: "connection frozen: keep-alive",
    words: SOON,
    ...hung,
    act: at("copy", freeze),
    error: lost,
    mend: thaw,
    gone: true,
    ...failed,
  },
  {
    phase,
    fault: "connection cut",
    ...hung,
    act: at("copy", cut),
    error: lost,
    gone: true,
    ...failed,
  },
  {
    phase,
    fault: "target powered off",
    words: SOON,
    ...hung,
    act: at("copy", powerOff),
    error: lost,
    mend: powerOn,
    gone: true,
    ...failed,
  },
  {
    phase,
    fault: "disk of the new system full",
    fixture: { inInstaller, disk: "1M" },
    error: /.*No space left on device|.*disk/,
    here: true,
    mend: ({ machine }) => machine.container.run("echo 64M >/etc/disk-size"),
    ...failed,
  },
  ...([["the store there fails", FAIL], ["the store there is killed", KILLED]] as const).map((
    [fault, breakpoint],
  ): Fault => ({
    phase,
    fault,
    // Once more by nix itself, which is let through: the system is installed all the same.
    fixture: {
      inInstaller,
      breakpoints: { copy: `cp /etc/gates/.copy /etc/gates/copy; ${breakpoint}` },
    },
    error: /.+/,
    here: true,
    mend: ({ machine }) => machine.container.run("rm /etc/gates/copy"),
    ...failed,
  })),
  {
    phase,
    fault: "the store there hangs",
    words: ["--timeout", "copy=2"],
    ...hung,
    error: /root@127\.0\.0\.1: .* 2 s$/,
    gone: true,
    ...failed,
  },
  ...(["SIGINT", "SIGTERM"] as const).map((name): Fault => ({
    phase,
    fault: name,
    ...hung,
    act: at("copy", signal(name)),
    error: new RegExp(`interrupted by ${name}$`),
    here: true,
    ...failed,
    code: 130,
    gone: true,
  })),
];
