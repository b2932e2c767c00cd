import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { CommandError, connect, discardKexec, getFacts, uploadKexec } from "../../mod.ts";
import { type BoxOptions, noBoxes, startBox, writeKexec } from "../loopback/mod.ts";

const ignore = await noBoxes() !== undefined;
type Work = (target: Awaited<ReturnType<typeof connect>>, folder: string) => Promise<void>;

async function onTarget(options: BoxOptions, work: Work): Promise<void> {
  await using box = await startBox(options);
  const { host, port, identityFile } = box;
  await using target = await connect(`root@${host}`, { port, identityFile, hostKey: "off" });
  const folder = await Deno.makeTempDir();
  const before = Deno.env.get("XDG_CACHE_HOME");
  Deno.env.set("XDG_CACHE_HOME", `${folder}/cache`);
  try {
    await work(target, folder);
  } finally {
    if (before === undefined) Deno.env.delete("XDG_CACHE_HOME");
    else Deno.env.set("XDG_CACHE_HOME", before);
    await Deno.remove(folder, { recursive: true });
  }
}

const FILES = "bzImage\ninitrd\nip\nkexec\nrun\n";
const images = [["tar"], ["tar.gz", "gzip"], ["tgz", "gzip"], ["tar.xz", "xz"], [
  "tar.zst",
  "zstd",
]] as const;

for (const [ending, program] of images) {
  for (const without of program ? [[], [program]] : [[]]) {
    const title = without.length > 0 ? `, though the target has no ${program}` : "";
    Deno.test(`uploadKexec() unpacks a .${ending} from here${title}`, { ignore }, async () => {
      await onTarget({ without }, async (target, folder) => {
        const image = await writeKexec(`${folder}/an image.${ending}`);
        const remote = await uploadKexec(target, { image });
        assertEquals((await target.run(["ls", `${remote.folder}/kexec`])).stdout, FILES);
        assertEquals(
          (await target.run(["stat", "-c", "%a %U", remote.folder])).stdout,
          "700 root\n",
        );
        await discardKexec(target, remote);
        await assertRejects(() => target.run(["ls", remote.folder]), CommandError);
      });
    });
  }
}

const fetchers: readonly [string, readonly string[]][] = [
  ["by curl", ["wget"]],
  ["by wget", ["curl"]],
  ["here, into the cache", ["curl", "wget"]],
];

for (const [how, without] of fetchers) {
  Deno.test(`uploadKexec() fetches a URL with a query ${how}`, { ignore }, async () => {
    await onTarget({ without }, async (target, folder) => {
      const image = await writeKexec(`${folder}/image.tar.xz`);
      let asked = 0;
      await using server = Deno.serve(
        { port: 0, hostname: "127.0.0.1", onListen: () => {} },
        async ({ url }) => {
          asked++;
          assertMatch(url, /image\.tar\.xz\?token=a&b=c$/);
          return new Response(await Deno.readFile(image));
        },
      );
      const url = `http://127.0.0.1:${server.addr.port}/image.tar.xz?token=a&b=c`;
      for (let time = 0; time < 2; time++) {
        const remote = await uploadKexec(target, { image: url });
        assertEquals((await target.run(["ls", `${remote.folder}/kexec`])).stdout, FILES);
      }
      assertEquals(asked, how.startsWith("here") ? 1 : 2);
    });
  });
}

Deno.test("uploadKexec() names a way for targets that have IPv6 only", { ignore }, async () => {
  // Nobody answers there, from a box least of all.
  const code = "#!/bin/sh\nexit 7\n";
  await onTarget(
    { files: { "/usr/local/bin/curl": { text: code, mode: 0o755 } } },
    async (target) => {
      const facts = { ...await getFacts(target), ipv6Only: true };
      const error = await assertRejects(() => uploadKexec(target, { facts }), CommandError);
      assertStringIncludes(
        error.hint,
        "--kexec https://gh-v6.com/nix-community/nixos-images/releases/",
      );
    },
  );
});
