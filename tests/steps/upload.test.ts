import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  CommandError,
  connect,
  discardKexec,
  getFacts,
  type ReportEvent,
  uploadKexec,
} from "../../mod.ts";
import { unpackScript } from "../../lib/files/image_script.ts";
import { internals } from "../../lib/ssh/session.ts";
import {
  type ContainerOptions,
  noContainers,
  startContainer,
  writeKexec,
} from "../support/loopback/mod.ts";

import { startRelay } from "../support/relay.ts";

const ignore = await noContainers() !== undefined;
type Work = (
  target: Awaited<ReturnType<typeof connect>>,
  folder: string,
  events: readonly ReportEvent[],
) => Promise<void>;

async function onTarget(options: ContainerOptions, work: Work): Promise<void> {
  await using container = await startContainer(options);
  const { host, port, identityFile } = container;
  const events: ReportEvent[] = [];
  const report = (event: ReportEvent) => void events.push(event);
  await using target = await connect(`root@${host}`, {
    ...{ port, identityFile, hostKey: "off", report },
  });
  const folder = await Deno.makeTempDir();
  const before = Deno.env.get("XDG_CACHE_HOME");
  Deno.env.set("XDG_CACHE_HOME", `${folder}/cache`);
  try {
    await work(target, folder, events);
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

for (
  const [what, size, program] of [
    ["has made hardly smaller", 4_000_000, ""],
    ["has made much smaller", 65_536, "gzip -dc"],
  ] as const
) {
  const where = program === "" ? "here" : "there";
  Deno.test(`uploadKexec() unpacks ${where} what gzip ${what}`, { ignore }, async () => {
    await onTarget({}, async (target, folder) => {
      const members = program === "" ? {} : { "kexec/zeros": { text: new Uint8Array(1_000_000) } };
      const image = await writeKexec(`${folder}/image.tar.gz`, { size, members });
      const commands: string[] = [];
      const report = (event: ReportEvent) => {
        if (event.type === "command") commands.push(event.command.join(" "));
      };
      const { destination } = target;
      const options = internals(target).login;
      await using other = await connect(destination, { ...options, report });
      const remote = await uploadKexec(other, { image });
      const unpack = commands.find((command) => command.includes("tar -C"));
      assertEquals(unpack?.includes("gzip"), program !== "", unpack);
      const { stdout } = await target.run(["stat", "-c", "%s", `${remote.folder}/kexec/initrd`]);
      assertEquals(Number(stdout), size);
      assertEquals(remote.link, undefined);
    });
  });
}

Deno.test("uploadKexec() tells the rate of a slow link", { ignore }, async () => {
  await onTarget({}, async (target, folder) => {
    const image = await writeKexec(`${folder}/image.tar.gz`, { size: 20 * 1024 * 1024 });
    const { host = "" } = target.destination;
    const { port = 22 } = internals(target).login;
    await using relay = await startRelay({ to: { host, port }, bytesPerSecond: 4_000_000 });
    const options = { ...internals(target).login, port: relay.port };
    await using far = await connect(target.destination, options);
    // On a machine that is busy at that moment nothing is told of the link: then it is tried again.
    for (let tries = 0; tries < 6; tries++) {
      const { link } = await uploadKexec(far, { image });
      if (link?.rate === undefined) continue;
      assert(link.rate > 1e6 && link.rate < 8e6, `${link.rate}`);
      return;
    }
    throw new Error("the link was never what limits it");
  });
});

// A process that goes on for a fifth of the time.
const SLOW_TAR = `#!/bin/sh
( while kill -STOP $$ 2>/dev/null; do sleep 0.04; kill -CONT $$; sleep 0.01; done
) </dev/null >/dev/null 2>&1 &
exec /bin/tar "$@"
`;

Deno.test("uploadKexec() tells no rate of a target that is slow itself", { ignore }, async () => {
  const files = { "/usr/local/bin/tar": { text: SLOW_TAR, mode: 0o755 } };
  await onTarget({ files }, async (target, folder) => {
    const image = await writeKexec(`${folder}/image.tar.gz`, { size: 60 * 1024 * 1024 });
    const { link } = await uploadKexec(target, { image });
    // A machine that is quick enough is faster than what is called slow.
    assert(link?.rate === undefined || link.rate >= 40e6, `${link?.rate}`);
  });
});

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

Deno.test(
  "a download whose teller missed the signal to end ends all the same",
  { ignore },
  async () => {
    await onTarget({ without: ["curl"] }, async (target, folder) => {
      const image = await writeKexec(`${folder}/image.tar.gz`);
      await using server = Deno.serve(
        { port: 0, hostname: "127.0.0.1", onListen: () => {} },
        async () => new Response(await Deno.readFile(image)),
      );
      // What dash does with a signal to a subshell that has not begun.
      const text = `kill() { :; }
${unpackScript({ fetch: "wget", compression: "gzip", digest: false })}`;
      const { stdout } = await target.script(text, {
        args: [`http://127.0.0.1:${server.addr.port}/image.tar.gz`, "unpacked", "", "0"],
        timeout: 60_000,
      });
      assertMatch(stdout, /^unpacked \/root\/unpacked$/m);
    });
  },
);

Deno.test(
  "an image is unpacked by a shell that runs the end of a pipe itself, and removed where nobody hears of it",
  { ignore },
  async () => {
    await onTarget({}, async (target, folder) => {
      const image = await Deno.readFile(await writeKexec(`${folder}/image.tar.gz`));
      const text = unpackScript({ fetch: "here", compression: undefined, digest: false });
      const unpack = (shell: string, before: string) =>
        target.pipe(
          new Blob([image]).stream(),
          [shell, "-euc", `${before}\n${text}`, "unpack", "", "unpacked", "", "0"],
          { allowFailure: true },
        );
      const there = ["sh", "-c", "rm -r /root/unpacked"];
      // As ksh and zsh do.
      const { stdout } = await unpack("bash", "shopt -s lastpipe");
      assertMatch(stdout, /^unpacked \/root\/unpacked$/m);
      await target.run(there);
      // Nor where it is ended while a folder with room is looked for.
      for (const before of ["exec >/dev/full", "df() { kill -TERM $$; }"]) {
        await unpack("sh", before);
        await assertRejects(() => target.run(there), CommandError);
      }
    });
  },
);

Deno.test("uploadKexec() tells how far the target's own download is", { ignore }, async () => {
  await onTarget({}, async (target, folder, events) => {
    const image = await Deno.readFile(
      await writeKexec(`${folder}/image.tar.gz`, { size: 300_000 }),
    );
    const half = image.length / 2;
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      () => {
        const parts = async function* () {
          yield image.slice(0, half);
          await new Promise((resolve) => setTimeout(resolve, 3000));
          yield image.slice(half);
        };
        const headers = { "content-length": `${image.length}` };
        return new Response(ReadableStream.from(parts()), { headers });
      },
    );
    await uploadKexec(target, { image: `http://127.0.0.1:${server.addr.port}/image.tar.gz` });
    const progress = events.flatMap((event) => event.type === "progress" ? [event] : []);
    assert(progress.length >= 2, `${progress.length} events in 3 s`);
    for (const { stage, what, done, total } of progress) {
      assertEquals([stage, what, total], ["image", "image", image.length]);
      assert(done > 0 && done <= image.length);
    }
    assertEquals(progress.at(-1)?.done, image.length);
  });
});

Deno.test("uploadKexec() names a way for targets that have IPv6 only", { ignore }, async () => {
  // Nobody answers there, from a container least of all.
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
