import { assert, assertEquals, assertMatch } from "@std/assert";
import { ROOT } from "../checks/sources.ts";
import { blocks } from "../readme/markdown.ts";
import { FOLDER, type Module, readModule, usedModules } from "./module.ts";

const NEEDED = Symbol("needed");
type Row = readonly [type: string, otherwise: unknown];

/** What the install is told in both modules that install. */
const INSTALL: Readonly<Record<string, Row>> = {
  kexec_tarball_url: ["string", null],
  debug_logging: ["bool", false],
  phases: ["set(string)", ["kexec", "disko", "install", "reboot"]],
  copy_host_keys: ["bool", false],
  build_on_remote: ["bool", false],
  extra_files_script: ["string", null],
  disk_encryption_key_scripts: ["list(object({path=stringscript=string}))", []],
  extra_environment: ["map(string)", {}],
  nix_options: ["map(string)", {}],
  nixos_generate_config_path: ["string", ""],
  nixos_facter_path: ["string", ""],
  stop_after_disko: ["bool", false],
  no_reboot: ["bool", false],
  instance_id: ["string", null],
};

const TARGET: Readonly<Record<string, Row>> = {
  target_host: ["string", NEEDED],
  target_user: ["string", "root"],
  target_port: ["number", 22],
};

/** The interface that users of the bash tool's modules know: names, types and defaults. */
const TABLE: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  "all-in-one": {
    ...INSTALL,
    ...TARGET,
    nixos_system_attr: ["string", NEEDED],
    nixos_partitioner_attr: ["string", NEEDED],
    file: ["string", null],
    install_user: ["string", null],
    install_port: ["string", null],
    install_ssh_key: ["string", null],
    deployment_ssh_key: ["string", null],
    special_args: ["any", {}],
    install_bootloader: ["bool", false],
  },
  install: {
    ...INSTALL,
    ...TARGET,
    nixos_partitioner: ["string", ""],
    nixos_system: ["string", ""],
    flake: ["string", ""],
    target_pass: ["string", null],
    ssh_private_key: ["string", ""],
  },
  "nix-build": {
    attribute: ["string", NEEDED],
    file: ["string", null],
    nix_options: ["map(string)", {}],
    special_args: ["any", {}],
    debug_logging: ["bool", false],
  },
  "nixos-rebuild": {
    ...TARGET,
    nixos_system: ["string", NEEDED],
    ssh_private_key: ["string", "-"],
    ignore_systemd_errors: ["bool", false],
    install_bootloader: ["bool", false],
  },
};

const SECRETS = [
  ...["install_ssh_key", "deployment_ssh_key", "ssh_private_key", "target_pass"],
  ...["extra_environment", "nix_options"],
];

function interfaceOf({ variable }: Module): Record<string, Row> {
  return Object.fromEntries(
    Object.entries(variable).map(([name, [block]]) => {
      const type = (block?.type ?? "").replaceAll(/^\$\{|\}$|\s/g, "").replace(/^(.*\))\}$/, "$1");
      return [name, [type, block && "default" in block ? block.default : NEEDED]];
    }),
  );
}

for (const [name, table] of Object.entries(TABLE)) {
  Deno.test(`examples/terraform/${name} has the variables that its users know`, async () => {
    const module = await readModule(name);
    const rows = (all: Readonly<Record<string, Row>>) =>
      Object.entries(all).map(([key, [type, value]]) =>
        `${key}: ${type} = ${String(value === NEEDED ? "needed" : JSON.stringify(value))}`
      ).sort();
    assertEquals(rows(interfaceOf(module)), rows(table));
    for (const [key, [block]] of Object.entries(module.variable)) {
      assertMatch(block?.description ?? "", /^[A-Z].*[.]$/s, key);
      assertEquals(block?.sensitive ?? false, SECRETS.includes(key), key);
    }
  });
}

Deno.test("the modules keep the addresses of the resources that a state may have", async () => {
  const [all, install, build, rebuild] = await Promise.all(
    ["all-in-one", "install", "nix-build", "nixos-rebuild"].map(readModule),
  );
  // With another address or another trigger a new source would install the machine anew.
  assertEquals(Object.keys(install?.resource.null_resource ?? {}), ["nixos-remote"]);
  assertEquals(install?.resource.null_resource["nixos-remote"]?.[0]?.triggers, {
    instance_id: "${var.instance_id}",
  });
  assertEquals(Object.keys(rebuild?.resource.null_resource ?? {}), ["nixos-rebuild"]);
  assertEquals(rebuild?.resource.null_resource["nixos-rebuild"]?.[0]?.triggers, {
    store_path: "${var.nixos_system}",
  });
  assertEquals(Object.keys(build?.data.external ?? {}), ["nix-build"]);
  assertEquals(Object.keys(all?.module ?? {}).sort(), [
    ...["install", "nixos-rebuild", "partitioner-build", "system-build"],
  ]);
  assertEquals([all, build].map((one) => Object.keys(one?.output ?? {})), [["result"], ["result"]]);
});

Deno.test("all-in-one hands on each variable that another module has", async () => {
  const all = await readModule("all-in-one");
  for (const [name, [block = {}]] of Object.entries(all.module ?? {})) {
    const source = String(block.source).replace("../", "");
    const given = Object.keys(block).filter((key) =>
      !["source", "count", "depends_on"].includes(key)
    );
    const known = Object.keys(TABLE[source] ?? {});
    assertEquals(given.filter((key) => !known.includes(key)), [], name);
    // Those that only the modules alone have.
    const left = known.filter((key) => !given.includes(key));
    assertEquals(
      left,
      { install: ["target_pass"], "nixos-rebuild": ["ignore_systemd_errors"] }[source] ?? [],
    );
  }
});

Deno.test("no secret is in a command, a trigger or an argument, and no value goes through a shell", async () => {
  for (const name of ["install", "nixos-rebuild"]) {
    const { resource, locals } = await readModule(name);
    const [{ provisioner, triggers } = { provisioner: undefined, triggers: {} }] = Object.values(
      resource.null_resource,
    ).flat();
    const [{ command = "", interpreter = [] } = {}] = provisioner?.["local-exec"] ?? [];
    assertEquals(interpreter.slice(0, 2), ["deno", "run"]);
    for (const word of [...interpreter, command]) assert(!word.includes("var."), word);
    for (const key of ["ssh_private_key", "target_pass"]) {
      assert(!JSON.stringify([triggers, locals]).includes(`var.${key}`), key);
    }
  }
});

Deno.test("the version of the package stands in one place", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(`${FOLDER}/deno.json`));
  const { name, version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  assertEquals(imports, { [name]: `jsr:${name}@^${version}` });
  for await (const { name: file } of Deno.readDir(`${FOLDER}/programs`)) {
    const text = await Deno.readTextFile(`${FOLDER}/programs/${file}`);
    assert(!text.includes("jsr:"), file);
  }
});

Deno.test("README's configuration is HCL, and uses what a module has", async () => {
  const text = await Deno.readTextFile(`${FOLDER}/README.md`);
  const used = (await Promise.all(
    blocks(text).filter(({ language }) => language === "hcl").map(({ code }) => usedModules(code)),
  )).flat();
  assertEquals(used.length, 1);
  for (const { source, ...given } of used) {
    const table = TABLE[String(source).replace(/.*\//, "")] ?? {};
    assertEquals(Object.keys(given).filter((key) => !Object.hasOwn(table, key)), []);
    const needed = Object.keys(table).filter((key) => table[key]?.[1] === NEEDED);
    assertEquals(needed.filter((key) => !(key in given)), []);
  }
  for (const [, path = ""] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
    await Deno.stat(`${FOLDER}/${path}`);
  }
});
