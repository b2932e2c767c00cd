/** What README and the example of the steps promise of a whole install, as a user with nothing but an ssh key has it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ROOT } from "./checks/sources.ts";
import { FLAKE, LINES, TARGET } from "./readme/lines.ts";
import { publishTo } from "./readme/registry.ts";
import { leftOf, userEnv } from "./readme/shell.ts";
import { ignore } from "./ssh/fixture.ts";
import { Fixture } from "./support/install/fixture.ts";
import { buildParts, type Parts, writeFlake } from "./support/install/parts.ts";
import { atHome } from "./support/loopback/mod.ts";
import { NIX_CONFIG } from "./vm/nix.ts";

const parts: Parts = ignore ? { disko: "", system: "" } : await buildParts();
const LOGINS = ["0 root publickey", "1 root publickey", "2 root publickey"];

/** A machine's user: a home that lets in to it, and an environment that has this Deno and the package's registry. */
async function withUser(
  work: (
    fixture: Fixture,
    run: (command: readonly string[]) => ReturnType<typeof atHome>,
  ) => Promise<void>,
): Promise<void> {
  await using fixture = await Fixture.open({ parts });
  const { machine: { host, port, container }, sandbox: { folder } } = fixture;
  const home = {
    id_ed25519: fixture.key,
    config: `Host ${host}\n  Port ${port}\n`,
    known_hosts: container.knownHosts,
  };
  const env = { ...await userEnv(`${folder}/user`), NIX_CONFIG, TMPDIR: `${folder}/tmp` };
  await work(fixture, (command) => atHome(command, home, env));
  assertEquals(await fixture.machine.logins(), LOGINS);
  assertEquals(await leftOf(`${folder}/tmp`), []);
}

Deno.test(
  "README's one-off line installs with just its permissions",
  { ignore },
  () =>
    withUser(async (fixture, run) => {
      const { machine: { host, port }, sandbox: { folder } } = fixture;
      // As the published image would be: fetched by the target itself.
      const serve = async () => new Response(await Deno.readFile(fixture.image));
      await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, serve);
      const image = `http://127.0.0.1:${server.addr.port}/image.tar.gz`;
      const line = LINES.oneOff.replace(FLAKE, await writeFlake(`${folder}/flake`))
        .replaceAll("=/tmp", `=${folder}/tmp`)
        .replace(TARGET, `--kexec ${image} --post-kexec-ssh-port ${port} root@${host}`);
      const registry = await publishTo(`${folder}/jsr`);
      const { code, stdout, stderr } = await run(["env", `JSR_URL=${registry}`, "sh", "-c", line]);
      assertEquals(code, 0, stderr);
      assertMatch(stdout, /^root@127\.0\.0\.1 runs \/nix\/store\/\S+-nixos-system-tiny\n$/);
      assertMatch(stderr, /host key SHA256:\S{43} \(known\)/);
      assert(!/not kept|permission|access to/.test(stderr), stderr);
    }),
);

Deno.test(
  "examples/steps.ts installs, part by part",
  { ignore },
  () =>
    withUser(async (fixture, run) => {
      const { machine: { host, port }, image } = fixture;
      const script = decodeURIComponent(new URL("examples/steps.ts", ROOT).pathname);
      const { code, stdout, stderr } = await run([
        ...["deno", "run", "-A", script, `root@${host}`, parts.disko, parts.system],
        ...[image, String(port)],
      ]);
      assertEquals(code, 0, stderr);
      assertMatch(stdout, new RegExp(`^root@127\\.0\\.0\\.1: running ${parts.system}$`, "m"));
    }),
);
