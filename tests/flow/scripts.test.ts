/** Scripts that users write, as they stand in examples/: type-checked by `deno check`, run here on real targets. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { nixosAnywhere, type ReportEvent } from "../../mod.ts";
import { ROOT } from "../checks/sources.ts";
import { atHome } from "../support/loopback/home.ts";
import { ignore } from "../ssh/fixture.ts";
import { buildParts, writeFlake } from "../support/install/parts.ts";
import { Fixture, type FixtureOptions } from "../support/install/fixture.ts";
import { verify } from "./verify.ts";

const parts = ignore ? { disko: "", system: "" } : await buildParts();

/** Runs a script of examples/ as a user whose ssh config calls the targets `node0`, `node1`, … */
async function runScript(name: string, fixtures: readonly Fixture[], args: readonly string[]) {
  const path = decodeURIComponent(new URL(`examples/${name}`, ROOT).pathname);
  const code = (await Deno.readTextFile(path)).split("\n");
  assert(code.length <= 26, `${name} has ${code.length} lines`);
  const [{ sandbox } = { sandbox: undefined }] = fixtures;
  const config = fixtures.map(({ machine: { host, port } }, at) =>
    `Host node${at}\n  HostName ${host}\n  Port ${port}\n  User root\n  IdentityFile ~/.ssh/key${at}\n`
  );
  const keys = fixtures.map(({ key }, at) => [`key${at}`, key] as const);
  const files = { config: config.join(""), ...Object.fromEntries(keys) };
  const env = { ...Deno.env.toObject(), ...sandbox?.env, DENO_NO_PROMPT: "1" };
  return await atHome([Deno.execPath(), "run", "-A", path, ...args], files, env);
}

async function openFixture(options: Partial<FixtureOptions> = {}): Promise<Fixture> {
  return await Fixture.open({ parts, ...options });
}

Deno.test(
  "examples/own-formatting.ts installs a flake with disko replaced",
  { ignore },
  async () => {
    await using fixture = await openFixture({
      breakpoints: { disko: "echo disko was run >&2; exit 9" },
    });
    const { sandbox, image, machine } = fixture;
    const flake = await writeFlake(`${sandbox.folder}/flake`);
    const format = `${sandbox.folder}/format.sh`;
    await Deno.writeTextFile(
      format,
      "disk format\ndisk mount\nmkdir /mnt/etc\necho mine >/mnt/etc/by\n",
    );
    const words = [flake, "node0", format, image, `${machine.port}`];
    const { code, stdout, stderr } = await runScript("own-formatting.ts", [fixture], words);
    assertEquals([code, stdout], [0, `node0: ${parts.system} is running\n`], stderr);
  },
);

Deno.test("examples/before-the-reboot.ts does a step of its own over the installer", {
  ignore,
}, async () => {
  // What is on the disk is looked at when the step was done, and before the disk is unmounted.
  await using fixture = await openFixture({
    breakpoints: { reboot: "cat /mnt/etc/installed-at >&2" },
  });
  const { sandbox, image, machine } = fixture;
  const flake = await writeFlake(`${sandbox.folder}/flake`);
  const words = [flake, "node0", image, `${machine.port}`];
  const { code, stdout, stderr } = await runScript("before-the-reboot.ts", [fixture], words);
  assertEquals([code, stdout], [0, "node0 is running\n"], stderr);
});

Deno.test("examples/one-build.ts installs four hosts from one build", { ignore }, async () => {
  await using stack = new AsyncDisposableStack();
  const fixtures: Fixture[] = [];
  for (let at = 0; at < 4; at++) fixtures.push(stack.use(await openFixture({ inInstaller: true })));
  const flake = await writeFlake(`${fixtures[0]?.sandbox.folder}/flake`);
  const hosts = fixtures.map((_, at) => `node${at}`);
  const { code, stdout, stderr } = await runScript("one-build.ts", fixtures, [flake, ...hosts]);
  assertEquals([code, stdout], [0, hosts.map((host) => `${host}: fulfilled\n`).join("")], stderr);
  for (const { machine } of fixtures) {
    assertEquals(await machine.logins(), ["0 root publickey", "1 root publickey"]);
  }
});

Deno.test("nixosAnywhere() runs a phase of one's own, and its failure ends the install", {
  ignore,
}, async () => {
  await using fixture = await openFixture({ inInstaller: true });
  const events: ReportEvent[] = [];
  const all = { ...fixture.by("relay"), storePaths: parts, phases: ["disko", "install"] };
  const report = (event: ReportEvent) => void events.push(event);
  await nixosAnywhere({ ...all, report, after: { install: verify } });
  const texts = events.flatMap((event) => event.type === "log" ? [event.text] : []);
  assertStringIncludes(texts.join("\n"), `${parts.system} is verified`);
  const { stdout } = await fixture.machine.container.run("cat /mnt/etc/verified");
  assertStringIncludes(stdout, parts.system.slice("/nix/store/".length));
  const refuse = () => Promise.reject(new Error("not what was wanted"));
  const error = await nixosAnywhere({ ...all, phases: ["install"], after: { kexec: refuse } })
    .catch(String);
  assertMatch(String(error), /not what was wanted/);
});
