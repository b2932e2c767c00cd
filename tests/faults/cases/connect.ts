/** Faults while the target is reached and its facts are read. */
import { makeKey } from "../../support/loopback/mod.ts";
import {
  after,
  at,
  cut,
  type Fault,
  freeze,
  HANG,
  powerOff,
  powerOn,
  random,
  signal,
  SOON,
  thaw,
} from "../fault.ts";

const OTHER = await makeKey();
const phase = "connect";
const facts = "facts";
// The rest of an install is another row's.
const words = ["--phases", "kexec"];
const soon = [...words, "--timeout", "connect=2"];
const untouched = { code: 1, state: "untouched" } as const;
const interrupted = { code: 130, state: "untouched", here: true } as const;
const hung = { fixture: { breakpoints: { facts: HANG } } } as const;

/** A handshake sends about 3000 bytes. */
function inHandshake(set: "cutAt" | "freezeAt"): Fault["before"] {
  return (fixture) => fixture[set] = 1 + random.below(2500);
}

export const CONNECT: readonly Fault[] = [
  ...[1, 2, 3].map((number): Fault => ({
    phase,
    fault: `connection cut at a random byte of the handshake (${number})`,
    words,
    before: inHandshake("cutAt"),
    error: /root@127\.0\.0\.1: (no ssh connection|retrieving host facts via ssh failed): /,
    ...untouched,
  })),
  {
    phase,
    fault: "connection frozen at a random byte of the handshake",
    words: soon,
    before: inHandshake("freezeAt"),
    error: /root@127\.0\.0\.1: (no answer from its ssh server|the login did not end) within 2 s$/,
    mend: thaw,
    ...untouched,
  },
  {
    phase,
    fault: "target powered off before",
    words: soon,
    before: powerOff,
    error: /root@127\.0\.0\.1: (no answer from its ssh server|no ssh connection)/,
    gone: true,
    mend: powerOn,
    ...untouched,
  },
  {
    phase,
    fault: "login refused",
    words,
    env: () => ({ SSH_PRIVATE_KEY: OTHER.privateKey }),
    error: /root@127\.0\.0\.1: login refused: .*Permission denied/,
    again: 1,
    ...untouched,
  },
  {
    phase,
    fault: "another host key than the known one",
    words,
    before: ({ sandbox, relay }) =>
      Deno.writeTextFile(
        `${sandbox.folder}/known_hosts`,
        `[${relay.host}]:${relay.port} ${OTHER.publicKey}\n`,
      ),
    code: 4,
    state: "untouched",
    error: /root@127\.0\.0\.1: its host key SHA256:\S+ is not the one known for it$/,
    mend: ({ sandbox }) => Deno.remove(`${sandbox.folder}/known_hosts`),
  },
  ...(["SIGINT", "SIGTERM", "SIGHUP"] as const).map((name): Fault => ({
    phase,
    fault: name,
    words,
    before: freeze,
    act: after(/^here\$ ssh -S/m, signal(name)),
    error: new RegExp(`interrupted by ${name}$`),
    mend: thaw,
    ...interrupted,
  })),
  {
    phase: facts,
    fault: "connection cut",
    words,
    ...hung,
    act: at("facts", cut),
    error: /root@127\.0\.0\.1: the connection was lost during facts$/,
    gone: true,
    ...untouched,
  },
  {
    phase: facts,
    fault: "connection frozen",
    words: [...words, ...SOON],
    ...hung,
    act: at("facts", freeze),
    error: /root@127\.0\.0\.1: the connection was lost during facts$/,
    gone: true,
    mend: thaw,
    ...untouched,
  },
  {
    phase: facts,
    fault: "target powered off",
    words: [...words, ...SOON],
    ...hung,
    act: at("facts", powerOff),
    error: /root@127\.0\.0\.1: the connection was lost during facts$/,
    gone: true,
    mend: powerOn,
    ...untouched,
  },
  {
    phase: facts,
    fault: "no answer, over a good connection",
    words: soon,
    ...hung,
    error: /root@127\.0\.0\.1: .*facts did not end within 2 s$/,
    gone: true,
    ...untouched,
  },
  {
    phase: facts,
    fault: "not Linux",
    words,
    fixture: {
      target: {
        files: { "/usr/local/bin/uname": { text: "#!/bin/sh\necho Darwin\n", mode: 0o755 } },
      },
    },
    code: 3,
    state: "untouched",
    error: /root@127\.0\.0\.1: requires Linux as the operating system, but got Darwin$/,
    again: 3,
  },
  {
    phase: facts,
    fault: "kexec impossible",
    words,
    fixture: { target: { kexec: "disabled" } },
    code: 3,
    state: "untouched",
    error: /root@127\.0\.0\.1: kexec is not possible: /,
    again: 3,
  },
  ...(["SIGINT", "SIGTERM"] as const).map((name): Fault => ({
    phase: facts,
    fault: name,
    words,
    ...hung,
    act: at("facts", signal(name)),
    error: new RegExp(`interrupted by ${name}$`),
    gone: true,
    ...interrupted,
  })),
];
