/**
 * What README promises of a real install, on the emulated machine: the demo as it stands there, the one-off
 * line with just its permissions, and the composition of the parts.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ROOT } from "./checks/sources.ts";
import { atHome } from "./support/loopback/mod.ts";
import { FLAKE, LINES, TARGET } from "./readme/lines.ts";
import { publishTo } from "./readme/registry.ts";
import { copyCheckout, leftOf, npxWorks, shell, userEnv } from "./readme/shell.ts";
import { canInstall, LOOPBACK, MACHINE, missing } from "./setup.ts";
import { run } from "./vm/build/run.ts";
import { buildImages, flakeFor, type Images } from "./vm/images.ts";
import { type Machine, startMachine } from "./vm/machine.ts";
import { NIX_CONFIG } from "./vm/nix.ts";

const ignore = (await missing([...LOOPBACK, ...MACHINE])).length > 0 || !(await canInstall());

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "readme-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("README's demo installs, shows it, and leaves nothing behind", {
  ignore: ignore || !(await npxWorks()),
}, () =>
  withFolder(async (folder) => {
    await copyCheckout(`${folder}/copy`);
    await Deno.mkdir(`${folder}/tmp`);
    const env = { ...await userEnv(`${folder}/user`), TMPDIR: `${folder}/tmp` };
    const { code, stdout, stderr } = await shell(LINES.demo, {
      cwd: `${folder}/copy`,
      env,
      seconds: 900,
    });
    assertEquals(code, 0, `${stdout}\n${stderr}`);
    const system = /^built system: +(\/nix\/store\/\S+-nixos-system-\S+)$/m.exec(stdout)?.[1];
    assert(system !== undefined, stdout);
    assert(stdout.includes(`\nrunning system: ${system}\n`), stdout);
    assertMatch(stdout, /^ID="?nixos"?$/m);
    assertMatch(stdout, /^256 SHA256:\S{43} .*\(ED25519\)$/m);
    for (const stage of ["connect", "build", "image", "kexec", "disko", "install", "reboot"]) {
      assertMatch(stdout, new RegExp(`^ *${stage}: \\d+\\.\\d s$`, "m"));
    }
    assertMatch(stdout, /^ +whole: \d+\.\d s/m);
    assertEquals(await leftOf(`${folder}/tmp`), []);
  }));

interface Fixture {
  readonly machine: Machine;
  readonly images: Images;
  readonly folder: string;
  readonly flake: string;
  /** A user's home that lets in to the machine, and an environment of theirs. */
  readonly home: Record<string, string>;
  readonly env: Record<string, string>;
}

/** A machine, and a user who has a key for it and this package. */
async function onMachine(work: (fixture: Fixture) => Promise<void>): Promise<void> {
  const images = await buildImages();
  await withFolder(async (folder) => {
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${folder}/id`]);
    const authorizedKeys = [await Deno.readTextFile(`${folder}/id.pub`)];
    const flake = await flakeFor(images, { authorizedKeys, dir: `${folder}/flake` });
    await using machine = await startMachine(images, { authorizedKeys });
    await Deno.mkdir(`${folder}/tmp`);
    const [key] = machine.hostKeys;
    const home = {
      id_ed25519: await Deno.readTextFile(`${folder}/id`),
      config: `Host ${machine.host}\n  Port ${machine.port}\n`,
      known_hosts: `[${machine.host}]:${machine.port} ${key}\n`,
    };
    const env = { ...await userEnv(`${folder}/user`), NIX_CONFIG, TMPDIR: `${folder}/tmp` };
    await work({ machine, images, folder, flake, home, env });
    assertEquals(await leftOf(`${folder}/tmp`), []);
  });
}

Deno.test(
  "README's one-off line installs with just its permissions",
  { ignore },
  () =>
    onMachine(async ({ machine, images, folder, flake, home, env }) => {
      // As the published image would be: fetched by the target itself, from an address outside of it.
      const serve = async () =>
        new Response((await Deno.open(images.kexecTarball)).readable, {
          headers: { "content-length": String((await Deno.stat(images.kexecTarball)).size) },
        });
      await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, serve);
      const image = `http://10.0.2.2:${server.addr.port}/image.tar.gz`;
      const line = LINES.oneOff.replace(FLAKE, `path:${flake}#demo`)
        .replaceAll("=/tmp", `=${env["TMPDIR"]}`)
        .replace(
          TARGET,
          `--kexec ${image} --post-kexec-ssh-port ${machine.port} root@${machine.host}`,
        );
      const all = { ...env, JSR_URL: await publishTo(`${folder}/jsr`) };
      const { code, stdout, stderr } = await atHome(["sh", "-c", line], home, all);
      assertEquals(code, 0, stderr);
      assertMatch(stdout, /^root@127\.0\.0\.1 runs \/nix\/store\/\S+-nixos-system-demo\S*\n$/);
      assertMatch(stderr, /host key SHA256:\S{43} \(known\)/);
      assert(!/not kept|permission|access to/.test(stderr), stderr);
      assertEquals(machine.starts, 2);
    }),
);

Deno.test(
  "examples/steps.ts installs, part by part",
  { ignore },
  () =>
    onMachine(async ({ machine, images, flake, home, env }) => {
      const build = async (name: string) => {
        const attribute = `path:${flake}#nixosConfigurations.demo.config.system.build.${name}`;
        const args = ["build", "--json", "--no-link", attribute];
        const [built] = JSON.parse(await run("nix", args, { env: { NIX_CONFIG } }));
        return String(built.outputs.out);
      };
      const [disko, system] = [await build("diskoScript"), await build("toplevel")];
      const script = decodeURIComponent(new URL("examples/steps.ts", ROOT).pathname);
      const { code, stdout, stderr } = await atHome(
        ["deno", "run", "-A", script, `root@${machine.host}`, disko, system]
          .concat([images.kexecTarball, String(machine.port)]),
        home,
        env,
      );
      assertEquals(code, 0, stderr);
      assertMatch(stdout, new RegExp(`^root@127\\.0\\.0\\.1: running ${system}$`, "m"));
    }),
);
