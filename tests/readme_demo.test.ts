/** README's demo, as it stands there: the library installs the emulated machine. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { LINES } from "./readme/lines.ts";
import { copyCheckout, leftOf, npxWorks, shell, userEnv } from "./readme/shell.ts";
import { canInstall, LOOPBACK, MACHINE, missing } from "./setup.ts";

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
