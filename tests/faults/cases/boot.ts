/** Faults between the image's script and the installer's first answer. */
import { makeKey } from "../../support/loopback/mod.ts";
import { after, type Fault, freeze, signal, thaw } from "../fault.ts";

const OTHER = await makeKey();
const phase = "boot wait";
const words = ["--phases", "kexec", "--timeout", "boot=8"];
const booting = { code: 1, state: "booting", kept: true } as const;
const announced = /kexec \| machine will boot into nixos/;
const silent = /root@127\.0\.0\.1: went away and did not come back as the installer within 8 s$/;
const stay = { image: { run: "#!/bin/sh\necho machine will boot into nixos in 6s...\n" } } as const;

export const BOOT: readonly Fault[] = [
  {
    phase,
    fault: "it never boots",
    words,
    fixture: stay,
    error: /root@127\.0\.0\.1: still runs the same boot after 8 s$/,
    again: 1,
    ...booting,
  },
  {
    phase,
    fault: "it never comes back",
    words,
    fixture: { installer: { gap: Infinity } },
    error: silent,
    gone: true,
    again: "none",
    ...booting,
  },
  {
    phase,
    fault: "it comes back late: a second run finds it",
    words,
    fixture: { installer: { gap: 20_000 } },
    error: silent,
    gone: true,
    mend: async ({ machine }) => {
      while (machine.containers.length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    ...booting,
  },
  {
    phase,
    fault: "it comes back as the old system",
    words: ["--phases", "kexec"],
    fixture: { installer: { installer: false } },
    error: /root@127\.0\.0\.1: came back as Debian .* instead of the installer$/,
    again: "none",
    ...booting,
  },
  {
    phase,
    fault: "it comes back with another host key",
    words: ["--phases", "kexec"],
    fixture: { installer: { hostKeys: [OTHER] } },
    error: /root@127\.0\.0\.1: its host key SHA256:\S+ is not the one known for it$/,
    hint: /^hint: the installer has to show a key that the machine had: /m,
    ...booting,
    // A key that nobody has known before is accepted, as at any first login.
    code: 4,
  },
  {
    phase,
    fault: "it comes back and lets nobody in",
    words,
    fixture: { installer: { identity: OTHER } },
    error: /root@127\.0\.0\.1: /,
    again: 1,
    ...booting,
  },
  {
    phase,
    fault: "connection frozen before the image's script has ended",
    words,
    fixture: { image: { run: `${stay.image.run}sleep 3\n` } },
    act: after(announced, freeze),
    error: silent,
    gone: true,
    mend: thaw,
    again: 1,
    ...booting,
  },
  {
    phase,
    fault: "connection frozen",
    words,
    act: after(announced, freeze),
    error: silent,
    mend: thaw,
    ...booting,
  },
  ...(["SIGINT", "SIGTERM"] as const).map((name): Fault => ({
    phase,
    fault: name,
    words: ["--phases", "kexec"],
    fixture: { installer: { gap: 1000 } },
    act: after(announced, async (fixture, running) => {
      await running.until(async () => (await fixture.machine.containers[0]!.signals()).length > 0);
      signal(name)(fixture, running);
    }),
    error: new RegExp(`interrupted by ${name}$`),
    here: true,
    gone: true,
    mend: async ({ machine }) => {
      while (machine.containers.length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    ...booting,
    code: 130,
  })),
];
