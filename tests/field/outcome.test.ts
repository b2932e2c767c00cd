import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { STATES } from "../../lib/report/states.ts";
import { derivation, type PartsOptions, writeFlake } from "../support/install/parts.ts";
import type { Fixture } from "../support/install/fixture.ts";
import { attempt, condition, open, usual } from "./condition.ts";

const HANG = "sleep 300";
const program = (code: string) => ({ text: `#!/bin/sh\n${code}\n`, mode: 0o755 });

/** The words of a run that installs a flake with these parts. */
function flake(options: PartsOptions, ...more: readonly string[]) {
  return async (fixture: Fixture) => {
    const reference = await writeFlake(`${fixture.sandbox.folder}/flake`, options);
    return ["--flake", reference, "--kexec", fixture.image, ...more, ...fixture.reach];
  };
}

/** The last line before the command line that goes on. */
const stateLine = (text: string) => {
  const lines = text.trimEnd().split("\n");
  return lines.at(lines.at(-1)?.startsWith("to go on: ") ? -2 : -1);
};

condition("exit code", "a damaged local image: 2, and nothing was contacted", async () => {
  const { code, stderr, logins } = await attempt({}, async (fixture) => {
    const bytes = await Deno.readFile(fixture.image);
    await Deno.writeFile(fixture.image, bytes.slice(0, bytes.length - 9));
    return usual(fixture);
  });
  assertEquals([code, logins], [2, []], stderr);
  assertMatch(stderr, /^error: --kexec: .* is no usable kexec image: .*\nhint: .*\n$/m);
  assert(!stderr.includes("Connecting"), stderr);
});

condition("exit code", "--phases with an empty item: 2, and nothing was contacted", async () => {
  const { code, stderr, logins } = await attempt(
    { inInstaller: true },
    (fixture) => ["--phases", "kexec,,disko", ...usual(fixture)],
  );
  assertEquals([code, logins], [2, []], stderr);
});

condition("exit code", "a wrong architecture found after kexec: 1, with what it left", async () => {
  const system =
    `(derivation { name = "nixos-system-other"; system = "riscv64-linux"; builder = "/bin/sh"; })`;
  const generate = program("echo '{ ... }: { }'");
  const { code, stderr } = await attempt(
    { installer: { files: { "/usr/local/bin/nixos-generate-config": generate } } },
    async (fixture) => {
      const file = `${fixture.sandbox.folder}/hardware.nix`;
      const more = ["--generate-hardware-config", "nixos-generate-config", file];
      return await flake({ toplevel: system }, "--build-on", "remote", ...more)(fixture);
    },
  );
  assertMatch(stderr, /^error: root@127\.0\.0\.1: is x86_64, and .* is for riscv64-linux$/m);
  assertEquals([code, stateLine(stderr)], [1, `state: ${STATES.installer}`]);
});

condition(
  "exit code",
  "a disk that is missing, seen during the upload: 3, nothing is left",
  async () => {
    await using fixture = await open({ breakpoints: { image: HANG } });
    const words = await flake({ device: "/dev/vdz" }, "--build-on", "local")(fixture);
    const { code, stderr, hung } = await fixture.run(words);
    assertEquals([code, hung], [3, false], stderr);
    assertEquals(stateLine(stderr), `state: ${STATES.untouched}`);
    assertMatch(stderr, /^### Uploading the kexec image: stopped/m);
    const left = await fixture.machine.container.run(
      "ls -d /root/nixos-anywhere.* /tmp/nixos-anywhere.*",
    );
    assertEquals(left.stdout, "");
  },
);

condition("exit code", "a program that is missing here, found late: 1 and not 2", async () => {
  await using fixture = await open({ inInstaller: true });
  const bin = `${fixture.sandbox.folder}/bin`;
  await Deno.mkdir(bin);
  for (const name of ["ssh", "ssh-keygen", "sh", "rm", "cat", "sed", "id"]) {
    for (const folder of ["/usr/bin", "/bin"]) {
      if (await Deno.stat(`${folder}/${name}`).then(() => true, () => false)) {
        await Deno.symlink(`${folder}/${name}`, `${bin}/${name}`);
        break;
      }
    }
  }
  const { code, stderr } = await fixture.run(usual(fixture), { PATH: bin });
  assertMatch(stderr, /^error: cannot start nix\S*: not found$/m);
  assertEquals([code, stateLine(stderr)], [1, `state: ${STATES.installer}`], stderr);
});

condition("exit code", "one failure: one stage has failed, the other was stopped", async () => {
  await using fixture = await open({ breakpoints: { image: HANG } });
  const flag = `${fixture.sandbox.folder}/uploading`;
  const build = `"while [ ! -e ${flag} ]; do /bin/sleep 0.1; done; echo it is broken >&2; exit 3"`;
  const toplevel = derivation("nixos-system-broken", build);
  const running = fixture.start(await flake({ toplevel }, "--build-on", "local")(fixture));
  await fixture.at("image", running);
  await Deno.writeTextFile(flag, "");
  const { code, stderr, hung } = await running.end;
  assertEquals([code, hung], [1, false], stderr);
  const ends = [...stderr.matchAll(/^### (.*): (failed|stopped) /gm)].map(([, what, how]) =>
    `${what}: ${how}`
  );
  assertEquals(ends.sort(), [
    "Building the system: failed",
    "Uploading the kexec image: stopped",
  ], stderr);
});

condition(
  "exit code",
  "interrupted during the install: 130, and the phases that are left",
  async () => {
    await using fixture = await open({ inInstaller: true, breakpoints: { install: HANG } });
    const running = fixture.start(usual(fixture));
    await fixture.at("install", running);
    running.signal("SIGTERM");
    const { code, stderr } = await running.end;
    assertEquals([code, stateLine(stderr)], [130, `state: ${STATES.installing}`], stderr);
    assertMatch(stderr, /^hint: run it again with --phases install,reboot: /m);
    assertMatch(stderr, /^### Installing: stopped/m);
  },
);

/** An installer whose `nixos-install` installs nothing that could boot. */
const unbootable = {
  inInstaller: true,
  installer: {
    files: { "/usr/local/bin/nixos-install": program("echo 'installation finished!'") },
  },
};

condition(
  "--chown",
  "a user of the new system alone: told before the disks are touched",
  async () => {
    const words = (...more: string[]) => (fixture: Fixture) => [...more, ...usual(fixture)];
    const { code, stderr } = await attempt(
      { inInstaller: true },
      words("--chown", "/etc", "root", "--chown", "/etc", "0:users-of-web"),
    );
    assertEquals([code, stateLine(stderr)], [1, `state: ${STATES.installer}`], stderr);
    assertMatch(
      stderr,
      /^error: .*the installer knows no owner 0:users-of-web: chown: invalid group/m,
    );
    assertMatch(stderr, /^hint: give numbers/m);
  },
);

condition(
  "--chown",
  "a path that is not there is chown's failure, not nixos-install's",
  async () => {
    const { code, stderr } = await attempt(
      { inInstaller: true },
      (fixture) => ["--chown", "/etc", "12:34", "--chown", "home/me", "12:34", ...usual(fixture)],
    );
    assertEquals([code, stateLine(stderr)], [1, `state: ${STATES.installing}`], stderr);
    assertMatch(
      stderr,
      /^error: root@127\.0\.0\.1: chown -hR 12:34 \/etc 12:34 \/home\/me failed/m,
    );
    assertMatch(stderr, /'\/mnt\/home\/me': No such file/);
    assertMatch(stderr, /^hint: paths of --chown have to be among the extra files/m);
  },
);

condition("--force", "a system that would not boot is refused, and the state is told", async () => {
  const { code, stderr } = await attempt(unbootable);
  assertMatch(stderr, /^error: root@127\.0\.0\.1: .*would not boot/m);
  assertEquals([code, stateLine(stderr)], [1, `state: ${STATES.installed}`], stderr);
});

condition("--force", "a system that would not boot is told, and rebooted into", async () => {
  const { code, stderr } = await attempt(unbootable, (fixture) => ["--force", ...usual(fixture)]);
  assertMatch(
    stderr,
    /^warning: root@127\.0\.0\.1: .*would not boot.*: going on, as --force says$/m,
  );
  assertEquals(code, 0, stderr);
});

condition("plan", "shown without a terminal, with swapped store paths put right", async () => {
  let parts = { disko: "", system: "" };
  const { code, stderr, stdout } = await attempt({ inInstaller: true }, (fixture) => {
    parts = fixture.options.parts;
    return ["-s", parts.system, parts.disko, ...fixture.reach];
  });
  assertEquals([code, stdout], [0, `root@127.0.0.1 runs ${parts.system}\n`], stderr);
  assertStringIncludes(stderr, `\nsystem: ${parts.system}\n`);
  assert(!stderr.includes(`system: ${parts.disko}`));
  assertMatch(stderr, /^WILL BE WIPED: [^]*^### Formatting the disks$/m);
});

condition("plan", "shown with --yes before the installer is booted", async () => {
  await using fixture = await open({ installer: { gap: Infinity } });
  const words = await flake({}, "--build-on", "local", "--yes", "--timeout", "boot=2")(fixture);
  const { code, stderr } = await fixture.run(words);
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /^WILL BE WIPED: \/dev\/target0[^]*^### Booting the installer$/m);
});

const WORDS: readonly [said: string, hint: RegExp][] = [
  ["kexec_load failed: Operation not permitted", /lockdown/],
  ["xc_interface_open failed", /Xen/],
  ["Could not find a free area of memory of 0x8000 bytes...", /Raspberry Pi/],
  ["kexec_load failed: Cannot allocate memory", /more memory/],
  ["something that nobody has heard of", /^hint: [^]*its output/],
];
for (const [said, hint] of WORDS) {
  condition("kexec", `its script fails and says: ${said}`, async () => {
    const { code, stderr } = await attempt(
      { image: { run: `#!/bin/sh\nset -x\necho '${said}' >&2\nexit 1\n` } },
      (fixture) => ["--phases", "kexec", ...usual(fixture)],
    );
    const line = /^hint: .*$/m.exec(stderr)?.[0] ?? "";
    assertMatch(line, hint);
    assertEquals(/memory for|little memory/.test(line), said.includes("allocate"), line);
    assertEquals([code, stateLine(stderr)], [1, `state: ${STATES.booting}`], stderr);
  });
}
