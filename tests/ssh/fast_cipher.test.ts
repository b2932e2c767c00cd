import { assertEquals, assertMatch } from "@std/assert";
import { hasAes, hasAesHere, preferAes } from "../../lib/ssh/fast_cipher.ts";
import { logIn } from "../../lib/steps/connect.ts";
import { ignore, sharedContainer } from "./fixture.ts";

const container = sharedContainer();

const CTR = "aes128-ctr,aes192-ctr,aes256-ctr";
const GCM = "aes128-gcm@openssh.com,aes256-gcm@openssh.com";
const CHACHA = "chacha20-poly1305@openssh.com";
const preferred: readonly [what: string, offered: string, wanted: string | undefined][] = [
  [
    "OpenSSH 9's order",
    `${CHACHA},${CTR},${GCM}`,
    `aes128-gcm@openssh.com,${CHACHA},${CTR},aes256-gcm@openssh.com`,
  ],
  [
    "OpenSSH 10's order",
    `${CHACHA},${GCM},${CTR}`,
    `aes128-gcm@openssh.com,${CHACHA},aes256-gcm@openssh.com,${CTR}`,
  ],
  ["a list that somebody has chosen", `${CHACHA},${GCM}`, undefined],
  ["a list with another first", `aes256-gcm@openssh.com,${CHACHA}`, undefined],
  ["OpenSSH's ciphers in an order that somebody has chosen", `${GCM},${CHACHA},${CTR}`, undefined],
  ["nothing", "", undefined],
];
for (const [what, offered, wanted] of preferred) {
  Deno.test(`preferAes() puts AES-GCM first only where nobody has chosen: ${what}`, () => {
    assertEquals(preferAes(offered), wanted);
  });
}

const processors: readonly [cpuinfo: string, has: boolean][] = [
  ["processor\t: 0\nflags\t\t: fpu sse2 pclmulqdq ssse3 aes avx\n\nprocessor\t: 1\n", true],
  ["flags\t\t: fpu sse2 aes avx\n", false],
  ["flags\t\t: fpu pclmulqdq vaes avx512\n", false],
  ["BogoMIPS\t: 48.00\nFeatures\t: fp asimd evtstrm aes pmull sha1\n", true],
  ["BogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\nmodel name: aes pmull\n", false],
  ["", false],
];
for (const [cpuinfo, has] of processors) {
  Deno.test(`hasAes() tells ${has} of ${JSON.stringify(cpuinfo.slice(0, 40))}`, () => {
    assertEquals(hasAes(cpuinfo), has);
  });
}

/** The cipher of a login, as ssh's own log tells it. */
async function cipherOf(options: { aes?: boolean; sshOptions?: string[] }): Promise<string> {
  const { host, port, identityFile } = container();
  const lines: string[] = [];
  await using _session = await logIn(`root@${host}`, {
    ...{ port, identityFile, hostKey: "off", ...options },
    report: (event) => event.type === "command" && lines.push(JSON.stringify(event)),
  });
  return /"Ciphers[ =]([^",]*)/.exec(lines.join("\n"))?.[1] ?? "ssh's own";
}

Deno.test("a login prefers AES-GCM where both processors have it, and the user has not chosen", {
  ignore,
}, async () => {
  const here = await hasAesHere() ? "aes128-gcm@openssh.com" : "ssh's own";
  assertEquals(await cipherOf({ aes: true }), here);
  assertEquals(await cipherOf({}), "ssh's own");
  const chosen = await cipherOf({ aes: true, sshOptions: ["Ciphers=aes256-ctr"] });
  assertMatch(chosen, /aes256-ctr/);
});
