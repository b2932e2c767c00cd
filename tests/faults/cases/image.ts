/** Faults of the kexec image and of its way to the target. */
import {
  after,
  at,
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
import { writeKexec } from "../../support/loopback/mod.ts";
import { STOPPING_RUN } from "../../support/install/systems.ts";
import type { Fixture } from "../../support/install/fixture.ts";

const phase = "image";
const words = ["--phases", "kexec"];
const soon = [...words, "--timeout", "image=2"];
const here = { words, code: 2, here: true } as const;
const touched = { code: 1, state: "image" } as const;
const hung = { fixture: { breakpoints: { image: HANG } } } as const;
const LARGE = { image: { size: 3_000_000, run: STOPPING_RUN } } as const;

/** Changes the bytes of the image's file. */
function change(work: (bytes: Uint8Array) => Uint8Array<ArrayBuffer>): Fault["before"] {
  return async ({ image }) => await Deno.writeFile(image, work(await Deno.readFile(image)));
}

/** Makes the image anew. */
const renew = ({ image }: Fixture) => writeKexec(image, { run: STOPPING_RUN });

/** At a random byte of the upload. */
function inUpload(set: "cutAt" | "freezeAt"): Fault["act"] {
  return after(/^### Uploading the kexec image$/m, (fixture) => {
    fixture[set] = fixture.relay.sent + random.below(2_000_000);
  });
}

export const IMAGE: readonly Fault[] = [
  {
    phase,
    fault: "image truncated",
    before: change((bytes) => bytes.slice(0, bytes.length / 2)),
    error: /--kexec: ".*" is no usable kexec image: the archive is damaged or cut off$/,
    mend: renew,
    ...here,
  },
  {
    phase,
    fault: "image corrupt at a random byte",
    before: change((bytes) => {
      const changed = bytes.slice();
      const where = 1000 + random.below(bytes.length - 2000);
      changed[where] = (changed[where] ?? 0) ^ 0xff;
      return changed;
    }),
    error: /--kexec: ".*" is no usable kexec image: the archive is damaged or cut off$/,
    mend: renew,
    ...here,
  },
  {
    phase,
    fault: "image without its script",
    fixture: { image: { members: { "kexec/run": null } } },
    error: /--kexec: ".*" is no usable kexec image: it holds no kexec\/run$/,
    mend: renew,
    ...here,
  },
  {
    phase,
    fault: "wrong checksum",
    ...here,
    words: [...words, "--kexec-sha256", "0".repeat(64)],
    error: /--kexec: ".*" is no usable kexec image: its SHA-256 is [0-9a-f]{64}, not 0{64}$/,
    again: 2,
  },
  ...[1, 2].map((number): Fault => ({
    phase,
    fault: `connection cut at a random byte (${number})`,
    words,
    fixture: LARGE,
    act: inUpload("cutAt"),
    error: /root@127\.0\.0\.1: the connection was lost during sh -c/,
    ...touched,
  })),
  {
    phase,
    fault: "connection frozen at a random byte: deadline",
    words: soon,
    fixture: LARGE,
    act: inUpload("freezeAt"),
    error: /root@127\.0\.0\.1: .* did not end within 2 s$/,
    gone: true,
    mend: thaw,
    ...touched,
  },
  {
    phase,
    fault: "connection frozen: keep-alive",
    words: [...words, ...SOON],
    ...hung,
    act: at("image", freeze),
    error: /root@127\.0\.0\.1: the connection was lost during sh -c/,
    gone: true,
    mend: thaw,
    ...touched,
  },
  {
    phase,
    fault: "target powered off",
    words: [...words, ...SOON],
    ...hung,
    act: at("image", powerOff),
    error: /root@127\.0\.0\.1: the connection was lost during sh -c/,
    gone: true,
    mend: powerOn,
    ...touched,
  },
  {
    phase,
    fault: "disk of the target full",
    words,
    fixture: {
      ...LARGE,
      target: {
        setup: `cp -a /root /home/root
          for folder in /root /var/tmp /var/lib /tmp /dev/shm; do mount -t tmpfs -o size=1m full $folder; done
          cp -a /home/root/. /root\n`,
      },
    },
    error: /root@127\.0\.0\.1: .*(No space left|Cannot write|exit)/,
    // Whoever is just leaving may still be in there.
    mend: ({ machine }) => machine.container.run("umount -l /tmp"),
    ...touched,
  },
  ...([["tar fails", FAIL], ["tar is killed", KILLED]] as const).map((
    [fault, breakpoint],
  ): Fault => ({
    phase,
    fault,
    words,
    fixture: { breakpoints: { image: breakpoint } },
    error: /root@127\.0\.0\.1: sh -c .* (exit|failed|ended)/,
    ...touched,
  })),
  {
    phase,
    fault: "unpacking hangs",
    words: soon,
    ...hung,
    error: /root@127\.0\.0\.1: .* did not end within 2 s$/,
    // tar itself hangs there: nothing tells it to end.
    gone: true,
    ...touched,
  },
  ...(["SIGINT", "SIGTERM"] as const).map((name): Fault => ({
    phase,
    fault: name,
    words,
    fixture: { ...LARGE, bytesPerSecond: 400_000 },
    act: at("image", signal(name)),
    error: new RegExp(`interrupted by ${name}$`),
    here: true,
    code: 130,
    state: "image",
  })),
  {
    phase,
    fault: "local temporary folder missing",
    words,
    before: ({ sandbox }) => Deno.remove(`${sandbox.folder}/tmp`),
    error: /\S+ is no folder for temporary files$/,
    code: 1,
    here: true,
    state: "uncontacted",
    again: 1,
  },
];
