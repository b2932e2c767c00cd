/**
 * The machine's nixos-install refuses what NixOS' own refuses, and says so where that does: on its standard output.
 * Its disk scripts ask where disko's ask.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { findQuestions } from "../../lib/plan/disko_questions.ts";
import { run } from "./build/run.ts";
import { missingPackages } from "./images.ts";
import { NIX_CONFIG } from "./nix.ts";

const INSTALL = new URL("./guest/installer/usr/bin/nixos-install", import.meta.url).pathname;
const SCRIPTS = new URL("./guest/flake/scripts", import.meta.url).pathname;
const SYSTEM = "/nix/store/00000000000000000000000000000000-nixos-system-none-25.11";
const WORDS = `--no-root-passwd --no-channel-copy --system ${SYSTEM}`;

/** Runs it in a mount namespace of its own; `prepare` is done there before. */
async function install(prepare: string, words = WORDS) {
  const text = `mount -t tmpfs tmpfs /mnt; ${prepare}; exec bash "$0" ${words}`;
  const { code, stdout, stderr } = await new Deno.Command("unshare", {
    args: ["--mount", "--map-root-user", "bash", "-euc", text, INSTALL],
    env: { NIX_CONFIG },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const refusals: readonly (readonly [string, Parameters<typeof install>, string])[] = [
  ["a root that is not there", [":", `--root /mnt/x ${WORDS}`], "mount point /mnt/x doesn't exist"],
  ["a root that others cannot enter", ["chmod 700 /mnt"], "path /mnt should have permissions 755"],
  [
    "a parent of the root that others cannot enter",
    [
      "mkdir -p /mnt/a/b; chmod 750 /mnt/a; mount -t tmpfs tmpfs /mnt/a/b",
      `--root /mnt/a/b ${WORDS}`,
    ],
    "path /mnt/a should have permissions 755, but had permissions 750",
  ],
  ["a root that is no disk", ["umount /mnt"], "nothing is mounted on /mnt"],
  [
    "an option that it does not have",
    [":", "--no-such-option"],
    "unknown option `--no-such-option'",
  ],
];

for (const [title, words, said] of refusals) {
  Deno.test({
    name: `the emulated machine's nixos-install refuses ${title}`,
    ignore: (await missingPackages()).length > 0,
    fn: async () => {
      const { code, stdout, stderr } = await install(...words);
      assertEquals({ code, stderr }, { code: 1, stderr: "" });
      assertStringIncludes(stdout, said);
    },
  });
}

Deno.test({
  name:
    "the emulated machine's nixos-install refuses a closure that the store of /mnt does not know",
  ignore: (await missingPackages()).length > 0,
  fn: async () => {
    const { code, stdout, stderr } = await install(":");
    assertEquals([code === 0, stdout], [false, ""]);
    assertStringIncludes(stderr, "is not valid");
  },
});

Deno.test({
  name:
    "the emulated machine's disk scripts ask for a passphrase where the configuration names no file, only there",
  ignore: (await missingPackages()).length > 0,
  fn: async () => {
    const out = await Deno.makeTempFile({ prefix: "disk-script-" });
    try {
      const asked: Record<string, number> = {};
      for (const key of ["", "/tmp/disk.key", "ask"]) {
        await run("sh", ["-eu", `${SCRIPTS}/make-disk-script.sh`], {
          env: {
            ...{ out, key, scripts: SCRIPTS, static: "/bin", tools: "" },
            ...{ mode: "disko", device: "/dev/vda" },
          },
        });
        await run("bash", ["-n", out]);
        asked[key] = findQuestions(await Deno.readTextFile(out)).length;
      }
      assertEquals(asked, { "": 0, "/tmp/disk.key": 0, "ask": 2 });
    } finally {
      await Deno.remove(out);
    }
  },
});
