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

Deno.test("install and nixos-rebuild say in one line what they are told wrongly", async () => {
  await using sandbox = await Sandbox.make();
  const { folder, env } = sandbox;
  const config = await writeConfig(folder);
  const to = { target_host: "192.0.2.1" };
  const rows: readonly [module: string, given: Record<string, unknown>, error: RegExp][] = [
    ["install", { target_host: "192.0.2.1:22" }, /target_host .*its port is target_port/],
    ["install", { target_host: "[2001:db8::1]:22" }, /target_host .*its port is target_port/],
    [
      "nixos-rebuild",
      { target_host: "me@web", nixos_system: "x" },
      /target_host .*its user is target_user/,
    ],
    ["install", { target_port: true }, /target_port must be a port/],
    ["install", {}, /nothing to install is named\nhint: set flake, or nixos_system/],
    [
      "install",
      { flake: ".#a", extra_files_script: config },
      /cannot run .*deno\.json: .*\nhint: make it exec/,
    ],
  ];
  await Promise.all(rows.map(async ([module, given, error]) => {
    const made = await provisionerCall(module, { ...to, ...given }, { config, pins: folder });
    const { code, stdout, stderr } = await call(made, env);
    assertEquals([code, stdout], [1, ""], stderr);
    assertMatch(stderr, new RegExp(`^error: ${error.source}`, "m"));
  }));
  const { words: [, ...words], stdin } = await externalCall(
    "nix-build",
    { attribute: "a" },
    config,
  );
  const bare = ["env", `PATH=${folder}`, Deno.execPath(), ...words];
  const { stderr } = await call({ words: bare, stdin, env: {} }, env);
  assertMatch(stderr, /^error: cannot run nix: there is no such program\nhint: install nix where/m);
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

/** The modules with what Terraform has built in, in the place of the providers that it would fetch. */
async function withoutProviders(folder: string): Promise<void> {
  for (const name of ["all-in-one", "install", "nix-build", "nixos-rebuild", "programs"]) {
    await Deno.mkdir(`${folder}/${name}`);
    for await (const { name: file } of Deno.readDir(`${FOLDER}/${name}`)) {
      const text = await Deno.readTextFile(`${FOLDER}/${name}/${file}`);
      const own = text.replace(/^terraform \{.*?^\}\n/ms, "")
        .replace(/^data "external".*?^\}\n/ms, "")
        .replace("data.external.nix-build.result", "{ out = var.attribute }")
        .replace('"null_resource"', '"terraform_data"')
        .replace("triggers = {", "triggers_replace = {");
      await Deno.writeTextFile(`${folder}/${name}/${file}`, own);
    }
  }
  await writeConfig(folder);
}

// Writes down what it is told, in the place of a program.
const RECORDING_DENO = `#!/bin/sh
for last; do :; done
name=\${last##*/}
printf '%s' "$ARGUMENTS" >"$RECORDED/\${name%.ts}"
printf '%s|%s|%s|%s' "$SSH_PRIVATE_KEY" "$SSHPASS" "$SSH_KEY" "$GREETING" >"$RECORDED/\${name%.ts}.env"
`;

Deno.test("Terraform itself hands all-in-one's variables on to the programs", {
  ignore: !terraform,
}, async () => {
  await using sandbox = await Sandbox.make();
  const { folder } = sandbox;
  await withoutProviders(folder);
  for (const name of ["root", "bin", "recorded"]) await Deno.mkdir(`${folder}/${name}`);
  await Deno.writeTextFile(`${folder}/bin/deno`, RECORDING_DENO, { mode: 0o755 });
  const apply = async (more: string) => {
    await Deno.writeTextFile(
      `${folder}/root/main.tf`,
      `module "web" {
  source = "../all-in-one"
  nixos_system_attr = ".#nixosConfigurations.web.config.system.build.toplevel"
  nixos_partitioner_attr = ".#nixosConfigurations.web.config.system.build.diskoScript"
  target_host = "192.0.2.1"
${more}
}
output "result" { value = module.web.result }
`,
    );
    const env = { RECORDED: `${folder}/recorded`, PATH: `${folder}/bin:${Deno.env.get("PATH")}` };
    const run = (words: string[]) =>
      call(
        { words: ["terraform", `-chdir=${folder}/root`, ...words, "-no-color"], stdin: "", env },
        sandbox.env,
      );
    for (const words of [["init"], ["apply", "-auto-approve"]]) {
      const { code, stdout, stderr } = await run(words);
      if (code !== 0) return stdout + stderr;
    }
    return undefined;
  };
  const recorded = async (name: string) => {
    const text = await Deno.readTextFile(`${folder}/recorded/${name}`).catch(() => "{}");
    const { pins: _, ...rest } = JSON.parse(text);
    return {
      ...rest,
      env: await Deno.readTextFile(`${folder}/recorded/${name}.env`).catch(() => ""),
    };
  };
  assertEquals(await apply(""), undefined);
  const { nixos_system, flake, phases, target_port, env } = await recorded("install");
  assertEquals([nixos_system, flake, target_port, env], [
    ...[".#nixosConfigurations.web.config.system.build.toplevel", "", 22, "|||"],
  ]);
  assertEquals(phases, ["disko", "install", "kexec", "reboot"]);
  assertEquals(await recorded("nixos_rebuild"), {
    ...{ nixos_system, target_host: "192.0.2.1", target_user: "root", target_port: 22 },
    ...{ ignore_systemd_errors: false, install_bootloader: false, env: "||-|" },
  });
  await Deno.remove(`${folder}/recorded/nixos_rebuild`);
  const more = `
  instance_id = "2"
  install_user = "admin"
  install_port = "2222"
  install_ssh_key = "first"
  deployment_ssh_key = "second"
  phases = ["install", "kexec", "disko"]
  build_on_remote = true
  special_args = { a = [1, { b = "x" }] }
  nix_options = { cores = "1" }
  extra_environment = { GREETING = "hello $(id)" }
  disk_encryption_key_scripts = [{ path = "/k", script = "s" }]`;
  assertEquals(await apply(more), undefined);
  const second = await recorded("install");
  assertEquals([second.nixos_system, second.flake], ["", ".#nixosConfigurations.web"]);
  assertEquals([second.target_user, second.target_port, second.build_on_remote], [
    "admin",
    2222,
    true,
  ]);
  assertEquals([second.phases, second.nix_options], [["disko", "install", "kexec"], {
    cores: "1",
  }]);
  assertEquals(second.disk_encryption_key_scripts, [{ path: "/k", script: "s" }]);
  assertEquals(second.env, "first|||hello $(id)");
  assertEquals((await recorded("nixos_rebuild")).nixos_system, undefined);
  assertMatch((await apply(`phases = ["reboot", "dinner"]`)) ?? "", /Use some of kexec/);
  const both = `instance_id = "3"\nnixos_facter_path = "a"\nnixos_generate_config_path = "b"`;
  assertMatch((await apply(both)) ?? "", /exclude each other/);
});

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
  assertMatch(failed.stderr, /exit\s+code\s+9:\s+it\s+went\s+back/);
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
