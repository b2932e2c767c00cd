/** The modules' programs, called as Terraform calls them, against machines on loopback. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ignore } from "../ssh/fixture.ts";
import { Fixture } from "../support/install/fixture.ts";
import { buildParts, writeFlake } from "../support/install/parts.ts";
import { startContainer } from "../support/loopback/mod.ts";
import { buildSystem, running, systemCode } from "../support/update/systems.ts";
import { Sandbox } from "../support/install/sandbox.ts";
import { call, externalCall, FOLDER, provisionerCall, writeConfig } from "./module.ts";

const terraform = await new Deno.Command("terraform", {
  args: ["version"],
  stdout: "null",
  stderr: "null",
})
  .output().then(({ success }) => success, () => false);

const TOPLEVEL = "nixosConfigurations.web.config.system.build.toplevel";

Deno.test("nix-build says what it has built, and hands values on as JSON alone", async () => {
  await using sandbox = await Sandbox.make();
  const { folder, env } = sandbox;
  const config = await writeConfig(folder);
  const run = async (given: Record<string, unknown>) =>
    await call(await externalCall("nix-build", given, config), env);
  const flake = (await writeFlake(`${folder}/flake`)).replace("#web", `#${TOPLEVEL}`);
  const built = await run({
    attribute: flake,
    nix_options: { "max-jobs": "1", cores: "2" },
    debug_logging: true,
  });
  assertEquals(built.code, 0, built.stderr);
  assertMatch(built.stdout, /^\{"out":"\/nix\/store\/\S+-nixos-system-tiny"\}\n$/);

  await Deno.writeTextFile(`${folder}/web.nix`, `{ a."b.c" = ${systemCode("file")}; }`);
  const file = await run({ attribute: 'a."b.c"', file: `${folder}/web.nix` });
  assertMatch(file.stdout, /-nixos-system-file"\}\n$/, file.stderr);

  // What would be code, a variable or an option is a value.
  const value = `it''s "\${builtins.abort "no"}" \\n --option`;
  await Deno.mkdir(`${folder}/special`);
  await Deno.writeTextFile(
    `${folder}/special/flake.nix`,
    `{ outputs = _: { nixosConfigurations.web.extendModules = { specialArgs }: {
      config.system.build.toplevel = assert specialArgs.list == [ 1 { a = null; } ]; derivation {
        name = "special"; system = "${Deno.build.arch}-linux"; builder = "/bin/sh"; inherit (specialArgs) value;
        args = [ "-c" "printf %s \\"$value\\" >$out" ];
      }; }; }; }`,
  );
  const special_args = { value, list: [1, { a: null }] };
  const special = await run({ attribute: `path:${folder}/special#${TOPLEVEL}`, special_args });
  assertEquals(special.code, 0, special.stderr);
  const { out } = JSON.parse(special.stdout);
  assertEquals(await Deno.readTextFile(out), value);

  const wrong: readonly [Record<string, unknown>, RegExp][] = [
    [
      { attribute: flake, nix_options: { cores: "1\nbuilders = x" } },
      /^error: nix_options must be/m,
    ],
    [{ attribute: "a", file: "x.nix", special_args }, /^error: special_args: only a flake/m],
    [
      { attribute: "path:x#packages.x", special_args },
      /^error: special_args: .*no nixosConfigurations/m,
    ],
    [{ attribute: `path:${folder}/nowhere#x` }, /^error: nix build failed with exit code 1$/m],
  ];
  for (const [given, pattern] of wrong) {
    const { code, stdout, stderr } = await run(given);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, pattern);
  }
});

Deno.test("install and nixos-rebuild install a machine, update it, and tell that it went back", {
  ignore,
}, async () => {
  const [old, fresh, bad] = await Promise.all(["old", "new", "bad"].map(buildSystem));
  const { disko } = await buildParts();
  const parts = { disko, system: old ?? "" };
  const { files, setup } = running(old ?? "", { "bad-switch": "exit 7" });
  await using fixture = await Fixture.open({
    parts,
    inInstaller: true,
    breakpoints: { disko: `[ "$(cat /keys/disk)" = "open, luks" ] || exit 5` },
    installed: { files: files ?? {}, setup: setup ?? "" },
  });
  const { sandbox: { folder, env }, key, machine } = fixture;
  const config = await writeConfig(folder);
  const pins = `${folder}/pins`;
  const to = { target_host: machine.host, target_port: machine.port, ssh_private_key: key };
  const run = async (module: string, given: Record<string, unknown>) => {
    const made = await provisionerCall(module, { ...to, ...given }, { config, pins });
    // What a list of processes shows.
    assert(
      !made.words.join(" ").includes("PRIVATE KEY") && !made.env.ARGUMENTS?.includes("PRIVATE KEY"),
    );
    const ended = await call(made, { ...env, NO_COLOR: "1" });
    const said = `${ended.stdout}${ended.stderr}`;
    assert(!said.includes(key.split("\n")[2] ?? "-") && !said.includes("open, luks"), said);
    return ended;
  };
  const script = async (name: string, text: string) => {
    await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o700 });
    return `${folder}/${name}`;
  };
  const installed = await run("install", {
    nixos_system: old,
    nixos_partitioner: disko,
    phases: ["reboot", "kexec", "install", "disko"],
    copy_host_keys: true,
    extra_files_script: await script(
      "files.sh",
      `mkdir etc; echo "$GREETING" >etc/greeting; pwd >&2`,
    ),
    disk_encryption_key_scripts: [{
      path: "/keys/disk",
      script: await script("key.sh", `printf "open, %s" luks`),
    }],
    extra_environment: { GREETING: "hello" },
    debug_logging: false,
  }).catch((error) => ({ code: -1, stderr: String(error), stdout: "" }));
  assertEquals(installed.code, 0, installed.stderr);
  const [hostKey] = machine.container.hostKeys;
  const pin = `${pins}/127.0.0.1_${machine.port}`;
  assertEquals(await Deno.readTextFile(pin), `* ${hostKey?.publicKey}\n`);

  const updated = await run("nixos-rebuild", { nixos_system: fresh });
  assertEquals(updated.code, 0, updated.stderr);
  assertStringIncludes(updated.stderr, `127.0.0.1: runs ${fresh}, and ran ${old}`);
  assertStringIncludes((await run("nixos-rebuild", { nixos_system: fresh })).stderr, "already");

  const failed = await run("nixos-rebuild", { nixos_system: bad });
  assertEquals(failed.code, 1);
  assertMatch(failed.stderr, /^error: .*-bad failed with exit code 7: it went back to \S+-new$/m);
  assertMatch(failed.stderr, /^state: the target runs the system before again$/m);
  const { stdout } = await machine.container.run(
    "readlink /run/current-system; cat /run/box/activations",
  );
  assertEquals(stdout.split("\n").map((line) => line.replace(/.*-/, "")).slice(0, 4), [
    ...["new", "new switch 0 0022", "bad switch 0 0022", "new switch 0 0022"],
  ]);

  // Another machine that answers there is not updated.
  await Deno.writeTextFile(pin, `* ssh-ed25519 ${"A".repeat(68)}\n`);
  const other = await run("nixos-rebuild", { nixos_system: old });
  assertEquals(other.code, 1);
  assertMatch(other.stderr, /^error: .*host key/mi);
  assertStringIncludes(other.stderr, pin);
});

/** The modules with what Terraform has built in, in the place of the provider that it would fetch. */
async function withoutProviders(folder: string): Promise<void> {
  for (const name of ["nixos-rebuild", "programs"]) {
    await Deno.mkdir(`${folder}/${name}`);
    for await (const { name: file } of Deno.readDir(`${FOLDER}/${name}`)) {
      const text = await Deno.readTextFile(`${FOLDER}/${name}/${file}`);
      const own = text.replace(/^terraform \{.*?^\}\n/ms, "").replace(
        '"null_resource"',
        '"terraform_data"',
      )
        .replace("triggers = {", "triggers_replace = {");
      await Deno.writeTextFile(`${folder}/${name}/${file}`, own);
    }
  }
  await writeConfig(folder);
}

Deno.test("Terraform itself updates a machine, and has no secret in its plan, log and state", {
  ignore: ignore || !terraform,
}, async () => {
  const [old = "", fresh = ""] = await Promise.all(["old", "new"].map(buildSystem));
  await using container = await startContainer(running(old, { "old-switch": "exit 9" }));
  await using sandbox = await Sandbox.make();
  const { folder } = sandbox;
  await withoutProviders(folder);
  const root = `${folder}/root file`;
  await Deno.mkdir(root);
  await Deno.writeTextFile(
    `${root}/main.tf`,
    `variable "system" { type = string }
variable "key" { type = string }
module "web" {
  source = "../nixos-rebuild"
  nixos_system = var.system
  target_host = "${container.host}"
  target_port = ${container.port}
  ssh_private_key = var.key
}
`,
  );
  const run = async (words: string[], system: string) =>
    await call({
      words: ["terraform", `-chdir=${root}`, ...words, "-no-color"],
      stdin: "",
      env: {
        TF_VAR_system: system,
        TF_VAR_key: container.identity.privateKey,
        TF_IN_AUTOMATION: "1",
      },
    }, { ...sandbox.env, TMPDIR: `${folder}/tmp` });
  const init = await run(["init"], "");
  assertEquals(init.code, 0, init.stderr);
  const applied = await run(["apply", "-auto-approve"], fresh);
  assertEquals(applied.code, 0, `${applied.stdout}${applied.stderr}`);
  const { stdout } = await container.run("readlink /run/current-system");
  assertEquals(stdout, `${fresh}\n`);
  const failed = await run(["apply", "-auto-approve"], old);
  assertEquals(failed.code, 1);
  const state = await Deno.readTextFile(`${root}/terraform.tfstate`);
  const secret = container.identity.privateKey.split("\n")[2] ?? "-";
  for (const text of [applied.stdout, applied.stderr, failed.stdout, failed.stderr, state]) {
    assert(!text.includes(secret), text);
  }
  assertMatch(
    await Deno.readTextFile(`${root}/.nixos-anywhere/127.0.0.1_${container.port}`),
    /^\* ssh-ed25519 /,
  );
});
