import { assertEquals, assertRejects } from "@std/assert";
import {
  AnswerError,
  CommandError,
  connect,
  generateHardwareConfig,
  InstallError,
} from "../../mod.ts";
import { run } from "../../lib/process.ts";
import { noContainers, startContainer } from "../support/loopback/mod.ts";

const ignore = await noContainers() !== undefined;

/** Runs `work` with a session on an installer whose programs are these scripts, in a git work tree. */
async function onInstaller(
  programs: Record<string, string>,
  work: (installer: Awaited<ReturnType<typeof connect>>, folder: string) => Promise<void>,
): Promise<void> {
  const files = Object.fromEntries(
    Object.entries(programs).map(([name, code]) => [
      `/usr/local/bin/${name}`,
      { text: `#!/bin/sh\n${code}\n`, mode: 0o755 },
    ]),
  );
  await using container = await startContainer({ installer: true, files });
  const { host, port, identityFile } = container;
  await using installer = await connect(`root@${host}`, { port, identityFile, hostKey: "off" });
  const folder = await Deno.makeTempDir();
  try {
    await run(["git", "-C", folder, "init", "-q"]);
    await work(installer, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const known = async (folder: string) => (await run(["git", "-C", folder, "ls-files"])).stdout;

Deno.test("generateHardwareConfig() writes what nixos-generate-config prints, and tells git", {
  ignore,
}, async () => {
  const code =
    `[ "$*" = "--show-hardware-config --no-filesystems" ] && echo '{ ... }: { boot = { }; }'`;
  await onInstaller({ "nixos-generate-config": code }, async (installer, folder) => {
    const path = `${folder}/new folder/hardware.nix`;
    await generateHardwareConfig(installer, { backend: "nixos-generate-config", path });
    assertEquals(await Deno.readTextFile(path), "{ ... }: { boot = { }; }\n");
    assertEquals(await known(folder), '"new folder/hardware.nix"\n'.replaceAll('"', ""));
  });
});

Deno.test("generateHardwareConfig() writes where a link leads to, and replaces no device", {
  ignore,
}, async () => {
  await onInstaller({ "nixos-facter": "echo '{}'" }, async (installer, folder) => {
    await Deno.mkdir(`${folder}/hosts`);
    await Deno.writeTextFile(`${folder}/hosts/web.json`, "old");
    await Deno.symlink("hosts/web.json", `${folder}/link`);
    const backend = "nixos-facter";
    await generateHardwareConfig(installer, { backend, path: `${folder}/link` });
    assertEquals(await Deno.readTextFile(`${folder}/hosts/web.json`), "{}\n");
    assertEquals(await Deno.readLink(`${folder}/link`), "hosts/web.json");
    assertEquals(await known(folder), "hosts/web.json\n");
    await run(["mkfifo", `${folder}/pipe`]);
    const pipe = { backend, path: `${folder}/pipe` } as const;
    await assertRejects(
      () => generateHardwareConfig(installer, pipe),
      InstallError,
      "cannot write",
    );
    assertEquals((await Deno.stat(`${folder}/pipe`)).isFifo, true);
  });
});

Deno.test(
  "generateHardwareConfig() replaces a file only by a whole new one",
  { ignore },
  async () => {
    const programs = {
      "nixos-facter": `echo '{"version": 1, "cut'`,
      "nixos-generate-config": "exit 3",
    };
    await onInstaller(programs, async (installer, folder) => {
      const path = `${folder}/hardware`;
      await Deno.writeTextFile(path, "old");
      const facter = { backend: "nixos-facter", path } as const;
      await assertRejects(() => generateHardwareConfig(installer, facter), AnswerError, "no whole");
      const config = { backend: "nixos-generate-config", path } as const;
      await assertRejects(() => generateHardwareConfig(installer, config), CommandError);
      assertEquals(await Deno.readTextFile(path), "old");
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
        ".git",
        "hardware",
      ]);
    });
  },
);

Deno.test(
  "generateHardwareConfig() lets nix fetch a nixos-facter that is missing",
  { ignore },
  async () => {
    const nix =
      `case "$*" in *"shell nixpkgs#nixos-facter -c nixos-facter") echo '{"version": 1}' ;; esac`;
    await onInstaller({ nix }, async (installer, folder) => {
      await generateHardwareConfig(installer, {
        backend: "nixos-facter",
        path: `${folder}/facter.json`,
      });
      assertEquals(await Deno.readTextFile(`${folder}/facter.json`), '{"version": 1}\n');
      assertEquals(await known(folder), "facter.json\n");
    });
  },
);
