import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { LOADER_FIRMWARE, readFirmware } from "../../lib/nix/loader_firmware.ts";
import { run } from "../../lib/process.ts";
import { currentNix } from "../nix/current.ts";
import { NIX_CONFIG } from "../vm/nix.ts";
import { buildParts, writeFlake } from "../support/install/parts.ts";
import type { Fixture } from "../support/install/fixture.ts";
import { attempt, condition, open, type Options } from "./condition.ts";

/** Brings a flake of the fixtures to the fixture, and returns its address. */
async function bring(fixture: Fixture, name: string): Promise<string> {
  const folder = `${fixture.sandbox.folder}/${name}`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.copyFile(new URL(`flakes/${name}.nix`, import.meta.url), `${folder}/flake.nix`);
  return `path:${folder}`;
}

/** Runs the command with a configuration of the fixtures, such as `cross#web`. */
async function dry(options: Options, source: string, ...words: string[]) {
  const [name = "", configuration] = source.split("#");
  return await attempt(options, async (fixture) => {
    const flake = `${await bring(fixture, name)}#${configuration}`;
    return ["--dry-run", "--kexec", fixture.image, ...words, "--flake", flake, ...fixture.reach];
  });
}

/** How often a text is there. */
const count = (text: string, part: string) => text.split(part).length - 1;
/** What no run that succeeds has to say. */
const NOISE = /--add-root|deprecated alias|trial|^nix \| error/m;

const arm = {
  target: {
    files: {
      "/usr/local/bin/uname": {
        text: '#!/bin/sh\n[ "$1" != -m ] || { echo aarch64; exit; }\nexec /usr/bin/uname "$@"\n',
        mode: 0o755,
      },
    },
  },
};

for (const configuration of ["web", "legacy", "pkgs"]) {
  condition("flakes", `cross-compiled for aarch64 (${configuration}), for an aarch64`, async () => {
    const { code, stderr } = await dry(arm, `cross#${configuration}`);
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /building here: this machine is x86_64-linux/);
  });
}

condition("flakes", "cross-compiled for aarch64, for an x86_64", async () => {
  const { code, stderr } = await dry({}, "cross#web");
  assertEquals(code, 3, stderr);
  assertMatch(stderr, /error: .*is x86_64, and the configuration is for aarch64-linux/);
});

condition("flakes", "cross-compiled on x86_64, to be built on an aarch64", async () => {
  const { code, stderr } = await dry(arm, "cross#web", "--build-on", "remote");
  assertEquals(code, 3, stderr);
  assertMatch(stderr, /error: .*is aarch64, and the configuration is built on x86_64-linux/);
});

condition(
  "flakes",
  "a boot loader for another firmware: a warning before anything is changed",
  async () => {
    const started = (by: string) => ({
      target: { setup: `mount -t tmpfs none /sys/firmware; ${by}\n` },
    });
    const told = async (options: Options, source: string) => {
      const { code, stderr } = await dry(options, source);
      assertEquals(code, 0, stderr);
      return /^warning: .*(it was started by .*) only: /m.exec(stderr)?.[1];
    };
    const [bios, efi] = [started(":"), started("mkdir /sys/firmware/efi")];
    const wanted = "it was started by BIOS, and the configuration's boot loader is for EFI";
    assertEquals(await told(bios, "firmware#efi-systemd-boot"), wanted);
    assertEquals(await told(bios, "firmware#bios-grub"), undefined);
    assertMatch(await told(efi, "firmware#bios-grub") ?? "", /by EFI, .* is for BIOS$/);
    // The others are only evaluated.
    const folder = new URL("flakes/firmware.nix", import.meta.url).pathname;
    const code = `let f = ${LOADER_FIRMWARE}; in builtins.mapAttrs (_: c: f c.config) ` +
      `((import ${folder}).outputs { }).nixosConfigurations`;
    const words = ["nix-instantiate", "--eval", "--strict", "--json", "-E", code];
    const all = Object.entries(JSON.parse((await run(words)).stdout));
    assert(all.length > 10);
    assertEquals(all, all.map(([name]) => [name, readFirmware(name.split("-")[0]) ?? null]));
  },
);

condition("flakes", "with nixpkgs.system and no platform", async () => {
  const { code, stderr } = await dry({}, "cross#native");
  assertEquals(code, 0, stderr);
  assertNotMatch(stderr, NOISE);
});

for (
  const [name, lines, hint] of [
    [
      "assertion",
      ["Failed assertions:", "- The 'fileSystems' option", "- You must set"],
      /assertions name/,
    ],
    ["unknown", ["The option `services.opensh'", "Did you mean `services.openssh'?"], /misspelt/],
    ["oldnix", ["requires an implementation of Nix", "- `builtins.nixVersion` reports"], /too old/],
  ] as const
) {
  condition("flakes", `nix's message of several lines: ${name}`, async () => {
    await using fixture = await open({ inInstaller: true });
    const flake = await bring(fixture, "messages");
    for (const nix of ["/usr/bin", (await currentNix()).bin]) {
      const words = ["--dry-run", "--flake", `${flake}#${name}`, ...fixture.reach];
      const PATH = `${nix}:${Deno.env.get("PATH")}`;
      const { code, stderr } = await fixture.run(words, { PATH });
      assertEquals(code, 1, stderr);
      for (const line of lines) {
        assertEquals(count(stderr, line), 1, stderr);
        assert(stderr.indexOf("error: nix failed: ") < stderr.indexOf(line), stderr);
      }
      assertNotMatch(stderr, /«string»|… while|show-trace/);
      assertMatch(/^hint: .*$/m.exec(stderr)?.[0] ?? "", hint);
    }
  });
}

condition("flakes", "the build fails: its last lines are told, once", async () => {
  const { code, stderr } = await attempt({ inInstaller: true }, async (fixture) => [
    ...["--phases", "install", "--flake", `${await bring(fixture, "messages")}#broken`],
    ...fixture.reach,
  ]);
  assertEquals(code, 1, stderr);
  assertEquals(count(stderr, "no such compiler"), 1, stderr);
  assertMatch(stderr, /error: nix failed: builder for .*-broken\.drv' failed with exit code 3/);
});

condition("flakes", "warnings while it is evaluated", async () => {
  const { code, stderr } = await dry({}, "messages#warns");
  assertEquals(code, 0, stderr);
  assertEquals(count(stderr, "the option is old"), 1, stderr);
});

condition("flakes", "no disko: --phases install,reboot", async () => {
  const { code, stderr } = await dry(
    { inInstaller: true },
    "parts#nodisko",
    ...["--phases", "install,reboot"],
  );
  assertEquals(code, 0, stderr);
});

condition("flakes", "no system yet: --phases kexec,disko, for real", async () => {
  const { code, stderr } = await attempt({ inInstaller: true }, async (fixture) => {
    const flake = `${await bring(fixture, "parts")}#notoplevel`;
    return ["--phases", "kexec,disko", "--flake", flake, ...fixture.reach];
  });
  assertEquals(code, 0, stderr);
  assertNotMatch(stderr, /toplevel\.drv/);
  assertNotMatch(stderr, NOISE);
});

condition("flakes", "no system yet, to be built on the target", async () => {
  const { code, stderr } = await attempt({ inInstaller: true }, async (fixture) => {
    const flake = `${await bring(fixture, "parts")}#notoplevel`;
    return ["--phases", "disko", "--build-on", "remote", "--flake", flake, ...fixture.reach];
  });
  assertEquals(code, 0, stderr);
  assertNotMatch(stderr, NOISE);
});

condition("flakes", "a name with a dot", async () => {
  const { code, stderr } = await dry({}, "parts#my.host");
  assertEquals(code, 0, stderr);
});

condition("flakes", "no disko, though it is needed", async () => {
  const { code, stderr } = await dry({}, "parts#nodisko");
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /error: .*attribute 'system\.build\.diskoScript' missing/);
  assertMatch(stderr, /hint: .*import disko's NixOS module/);
});

condition("flakes", "a disko without scripts that have no dependencies", async () => {
  const { code, stderr } = await dry({}, "parts#nodeps", "--no-disko-deps");
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /error: .*attribute 'system\.build\.diskoScriptNoDeps' missing/);
  assertMatch(stderr, /hint: leave --no-disko-deps out/);
});

for (const words of [[], ["--generate-hardware-config", "nixos-facter", "facter.json"]]) {
  condition("flakes", `no such configuration ${words[0] ?? ""}`, async () => {
    const { code, stderr, logins } = await attempt({}, async (fixture) => [
      ...["--kexec", fixture.image, ...words, "--flake", `${await bring(fixture, "parts")}#nodepz`],
      ...fixture.reach,
    ]);
    assertEquals(code, 2, stderr);
    const [line = ""] = /^error: .*$/m.exec(stderr) ?? [];
    assertMatch(
      line,
      /does not provide attribute nixosConfigurations\.nodepz: it has "my\.host", /,
    );
    assertMatch(line, /nodeps, nodisko, notoplevel; did you mean nodeps\?$/);
    assertNotMatch(stderr, /^state:/m);
    assertEquals(logins, []);
  });
}

const git = (folder: string, ...words: string[]) =>
  run(["git", "-C", folder, "-c", "protocol.file.allow=always", ...words], {
    env: {
      ...{ GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@b", GIT_CONFIG_GLOBAL: "/dev/null" },
      ...{ GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@b" },
    },
  });

/** Makes a git repository with these files, those of `known` known to git. */
async function repository(folder: string, files: Record<string, string>, known: string[]) {
  await Deno.mkdir(folder, { recursive: true });
  await git(folder, "init", "-q");
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  if (known.length > 0) await git(folder, "add", ...known);
  await git(folder, "commit", "-q", "--allow-empty", "-m", "x");
}

const IMPORTS =
  "{ outputs = _: { nixosConfigurations = (import ./hosts.nix).nixosConfigurations; }; }\n";
const HOSTS = await Deno.readTextFile(new URL("flakes/parts.nix", import.meta.url)).then((text) =>
  `(${text}).outputs { }`
);

/** Each makes a flake below a folder and returns its address. */
const unreadable: readonly (readonly [
  what: string,
  make: (folder: string) => Promise<string> | string,
  error: RegExp,
  hint: RegExp,
])[] = [
  [
    "a folder that is not there",
    (folder) => `${folder}/nowhere`,
    /there is no folder .*nowhere/,
    /flake\.nix/,
  ],
  [
    "a folder without flake.nix",
    (folder) => folder,
    /there is no flake\.nix in .* or above it/,
    /flake\.nix/,
  ],
  [
    "a folder without flake.nix, as path:",
    (folder) => `path:${folder}`,
    /there is no flake\.nix in/,
    /flake\.nix/,
  ],
  [
    "flake.nix that git does not know",
    async (folder) => {
      await repository(folder, { "flake.nix": IMPORTS }, []);
      return folder;
    },
    /flake\.nix/,
    /git -C \S+ add --intent-to-add flake\.nix/,
  ],
  [
    "a file that git does not know",
    async (folder) => {
      await repository(folder, { "flake.nix": IMPORTS, "hosts.nix": HOSTS }, ["flake.nix"]);
      return folder;
    },
    /hosts\.nix/,
    /git -C \S+ add --intent-to-add hosts\.nix/,
  ],
  [
    "a file in a submodule",
    async (folder) => {
      await repository(`${folder}-sub`, { "hosts.nix": HOSTS }, ["hosts.nix"]);
      const flake = IMPORTS.replace("./hosts.nix", "./sub/hosts.nix");
      await repository(folder, { "flake.nix": flake }, ["flake.nix"]);
      await git(folder, "submodule", "--quiet", "add", `${folder}-sub`, "sub");
      return folder;
    },
    /\bsub\b/,
    /sub is a git submodule, .*git\+file:\/\/\S+\?submodules=1#web'/,
  ],
  [
    "flake.nix that is no nix",
    async (folder) => {
      await Deno.writeTextFile(`${folder}/flake.nix`, "{ outputs = \n");
      return `path:${folder}`;
    },
    /syntax error/,
    /show-trace/,
  ],
  [
    "a flake of other things",
    async (folder) => {
      await Deno.writeTextFile(`${folder}/flake.nix`, "{ outputs = _: { lib = { }; }; }");
      return `path:${folder}`;
    },
    /it has no NixOS configurations/,
    /nixosConfigurations/,
  ],
];

for (const [what, make, error, hint] of unreadable) {
  condition("flakes", `cannot be read: ${what}`, async () => {
    await using fixture = await open();
    for (const nix of ["/usr/bin", (await currentNix()).bin]) {
      const folder = `${fixture.sandbox.folder}/${nix.replaceAll("/", "_")}`;
      await Deno.mkdir(folder);
      const words = [
        "--kexec",
        fixture.image,
        "--flake",
        `${await make(folder)}#web`,
        ...fixture.reach,
      ];
      const { code, stderr } = await fixture.run(words, { PATH: `${nix}:${Deno.env.get("PATH")}` });
      assertEquals(code, 2, stderr);
      assertMatch(stderr, new RegExp(`^error: --flake: [^]*${error.source}`, "m"));
      assertMatch(/^hint: .*$/m.exec(stderr)?.[0] ?? "", hint);
      assertNotMatch(stderr, /«string»|^state:/m);
    }
    assertEquals(await fixture.machine.logins(), []);
  });
}

condition("flakes", "below another folder (?dir=), with warnings of git, said once", async () => {
  const { code, stderr } = await attempt({}, async (fixture) => {
    const folder = `${fixture.sandbox.folder}/repository`;
    await Deno.mkdir(`${folder}/sub`, { recursive: true });
    await repository(folder, { "sub/flake.nix": IMPORTS, "sub/hosts.nix": HOSTS }, ["."]);
    await Deno.writeTextFile(`${folder}/sub/hosts.nix`, `${HOSTS}\n`);
    const flake = `git+file://${folder}?dir=sub#nodeps`;
    return ["--dry-run", "--kexec", fixture.image, "--flake", flake, ...fixture.reach];
  });
  assertEquals(code, 0, stderr);
  assertEquals(count(stderr, "is dirty"), 1, stderr);
});

/** A flake with a cache of its own, and a system that only the cache has. */
async function cached(fixture: Fixture): Promise<string> {
  const folder = `${fixture.sandbox.folder}/cached`;
  await Deno.mkdir(folder);
  const [cache, allowed] = [`${folder}/cache`, `${folder}/allowed`];
  const parts = "for part in init kernel initrd nixos-version; do echo $part >$out/$part; done";
  const code = `[ -e ${allowed} ] && mkdir $out && ${parts}; echo ${crypto.randomUUID()} >$out/id`;
  const system = `(derivation { name = "nixos-system-cached"; system = "x86_64-linux"; ` +
    `builder = "/bin/sh"; PATH = "/usr/bin:/bin"; args = [ "-euc" ${JSON.stringify(code)} ]; })`;
  await writeFlake(folder, { toplevel: system });
  const text = await Deno.readTextFile(`${folder}/flake.nix`);
  const settings = `nixConfig = { extra-substituters = [ "file://${cache}?trusted=true" ]; };`;
  await Deno.writeTextFile(
    `${folder}/flake.nix`,
    text.replace("{ outputs", `{ ${settings} outputs`),
  );
  const env = { NIX_CONFIG };
  await Deno.writeTextFile(allowed, "");
  const built = await run(["nix-build", "--no-out-link", "-E", system], { env });
  const path = built.stdout.trim();
  await run(["nix", "copy", "--to", `file://${cache}`, path], { env });
  await run(["nix-store", "--delete", path], { env });
  await Deno.remove(allowed);
  return `path:${folder}#web`;
}

condition(
  "flakes",
  "a cache in nixConfig: left out, accepted, or accepted by nix itself",
  async () => {
    await using fixture = await open({ inInstaller: true });
    const flake = await cached(fixture);
    const words = ["--phases", "disko,install", "--flake", flake, ...fixture.reach];
    const refused = await fixture.run(words);
    assertEquals(refused.code, 1, refused.stderr);
    assertMatch(
      refused.stderr,
      /warning: the flake's own settings .*: extra-substituters; --accept-flake-config/,
    );
    assertEquals(count(refused.stderr, "extra-substituters"), 1, refused.stderr);
    // What is built or fetched stays in the store: the second of the two ways takes what the first fetched away.
    for (
      const [more, env] of [
        [["--accept-flake-config"], {}],
        [[], { NIX_CONFIG: `${NIX_CONFIG}\naccept-flake-config = true` }],
      ] as const
    ) {
      const { code, stderr } = await fixture.run([...more, ...words], env);
      assertEquals(code, 0, stderr);
      assertMatch(stderr, /copying path '\S+-nixos-system-cached' from 'file:/);
      assertNotMatch(stderr, /untrusted|not used/);
      const path = /copying path '(\S+)'/.exec(stderr)?.[1] ?? "";
      await run(["nix-store", "--delete", path], { env: { NIX_CONFIG } });
    }
  },
);

condition("nix", "tells none of its settings, as no version that is known", async () => {
  const { code, stderr } = await attempt({}, async (fixture) => {
    await Deno.mkdir(`${fixture.sandbox.folder}/bin`);
    const text =
      `#!/bin/sh\ncase " $* " in *" config "*|*" show-config "*) echo "error: no such thing" >&2; exit 1 ;; esac\n` +
      `exec /usr/bin/nix "$@"\n`;
    await Deno.writeTextFile(`${fixture.sandbox.folder}/bin/nix`, text, { mode: 0o755 });
    const flake = `${await bring(fixture, "parts")}#nodeps`;
    return ["--dry-run", "--kexec", fixture.image, "--flake", flake, ...fixture.reach];
  });
  assertEquals(code, 0, stderr);
  assertNotMatch(stderr, NOISE);
});

condition("nix", "a current one: no noise; what was built is rooted until the end", async () => {
  const disko = "while [ ! -e /run/box/go ]; do sleep 0.1; done";
  await using fixture = await open({ inInstaller: true, breakpoints: { disko } });
  const PATH = `${(await currentNix()).bin}:${Deno.env.get("PATH")}`;
  const reference = await writeFlake(`${fixture.sandbox.folder}/flake`, { payload: 1000 });
  const words = ["--phases", "disko,install", "--flake", reference, ...fixture.reach];
  const running = fixture.start(words, { PATH });
  await fixture.at("disko", running);
  const { stdout } = await run(["nix-store", "--gc", "--print-roots"], { env: { NIX_CONFIG } });
  const roots = stdout.split("\n").filter((line) => line.startsWith(fixture.sandbox.folder));
  await Deno.writeTextFile(`${fixture.machine.container.shared}/go`, "");
  const { code, stderr } = await running.end;
  assertEquals(code, 0, stderr);
  assertEquals(roots.length, 2, stdout);
  assertMatch(roots.join(), /built-2? -> \/nix\/store\/\S+-nixos-system-tiny/);
  assertNotMatch(stderr, NOISE);
  assertEquals(await fixture.sandbox.left(), []);
});

condition(
  "store paths",
  "of an aarch64 system, made on x86_64, for an aarch64 and an x86_64",
  async () => {
    const code =
      `mkdir $out; for part in init kernel initrd nixos-version; do echo >$out/$part; done; ` +
      `echo -n aarch64-linux >$out/system`;
    const toplevel = `(derivation { name = "nixos-system-arm"; system = "x86_64-linux"; ` +
      `builder = "/bin/sh"; PATH = "/usr/bin:/bin"; args = [ "-c" ${
        JSON.stringify(code).replaceAll("$", "\\$")
      } ]; })`;
    const parts = await buildParts({ toplevel, payload: 10 });
    const words = (fixture: Fixture) => ["--dry-run", ...fixture.words];
    assertEquals((await attempt({ ...arm, parts }, words)).code, 0);
    assertEquals((await attempt({ parts }, words)).code, 3);
  },
);

condition("store paths", "only one of them is there, and only one is used", async () => {
  const nowhere = `/nix/store/${"0".repeat(32)}-nowhere`;
  await using fixture = await open({ inInstaller: true });
  const { disko, system } = fixture.options.parts;
  for (
    const [paths, phases] of [[[nowhere, system], "install"], [[disko, nowhere], "disko"]] as const
  ) {
    const words = ["--dry-run", "--phases", phases, "-s", ...paths, ...fixture.reach];
    const { code, stderr } = await fixture.run(words);
    assertEquals(code, 0, stderr);
  }
});
