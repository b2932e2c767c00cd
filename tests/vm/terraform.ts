/**
 * The programs of the Terraform modules against the emulated machine, called as Terraform calls them.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { call, provisionerCall, writeConfig } from "../terraform/module.ts";
import { buildSystem } from "../support/update/systems.ts";
import { assertInstalled, assertNothingLeft } from "./checks.ts";
import type { Fixture } from "./fixture.ts";

/** Seconds that a program may take, on a busy machine too. */
const LIMIT = 600;

/** The installed system has no nix of its own: this machine's goes along, with the libraries that it needs. */
const BRING_NIX = `#!/bin/sh
set -eu
mkdir -p opt/nix usr/local/bin etc/nix
nix=$(command -v nix)
cp -L "$nix" opt/nix/nix
cp -L $(ldd "$nix" | grep -o '/[^ ]*') opt/nix
echo 'build-users-group =' >etc/nix/nix.conf
for name in nix nix-store nix-env nix-daemon; do
  printf '#!/bin/sh\\nexec /opt/nix/%s --library-path /opt/nix --argv0 %s /opt/nix/nix "$@"\\n' \\
    "$(cd opt/nix; echo ld-linux*)" "$name" >"usr/local/bin/$name"
done
chmod 755 usr/local/bin/*
`;

/**
 * Installs over an installer that runs, switches to another system, and then to one whose activation fails: the machine goes
 * back, and the program says so.
 */
export async function installAndUpdate(
  fixture: Fixture,
  { disko, system }: { readonly disko: string; readonly system: string },
): Promise<void> {
  const { machine } = fixture;
  const key = await Deno.readTextFile(fixture.identity);
  const config = await writeConfig(fixture.folder);
  const pins = `${fixture.folder}/pins`;
  const to = { target_host: machine.host, target_port: machine.port, ssh_private_key: key };
  const run = async (module: string, given: Record<string, unknown>) => {
    const made = await provisionerCall(module, { ...to, ...given }, { config, pins });
    const ended = await call(made, { ...fixture.variables, NO_COLOR: "1" }, LIMIT);
    await assertNothingLeft(fixture);
    assert(!`${ended.stdout}${ended.stderr}`.includes(key.split("\n")[2] ?? "-"));
    return ended;
  };
  const bringNix = `${fixture.folder}/bring-nix.sh`;
  await Deno.writeTextFile(bringNix, BRING_NIX, { mode: 0o700 });
  const installed = await run("install", {
    ...{ nixos_system: system, nixos_partitioner: disko, copy_host_keys: true },
    extra_files_script: bringNix,
  });
  assertEquals(installed.code, 0, installed.stderr);
  // What the machine proved to have is pinned, and its own key with it.
  const [hostKey = ""] = machine.hostKeys;
  const pinned = await Deno.readTextFile(`${pins}/127.0.0.1_${machine.port}`);
  assertStringIncludes(pinned, hostKey.split(" ")[1] ?? "-");
  await assertInstalled(fixture, system);

  const [other = ""] = await fixture.build("askingDemo", "toplevel");
  const updated = await run("nixos-rebuild", { nixos_system: other });
  assertEquals(updated.code, 0, updated.stderr);
  assertStringIncludes(updated.stderr, `127.0.0.1: runs ${other}, and ran ${system}`);
  await assertUpdated(fixture, other);

  const bad = await buildSystem("bad");
  await fixture.look("mkdir /etc/hooks; echo 'exit 7' >/etc/hooks/bad-switch");
  const failed = await run("nixos-rebuild", { nixos_system: bad });
  assertEquals(failed.code, 1, failed.stderr);
  assertMatch(failed.stderr, /^error: .*-bad failed with exit code 7: it went back to /m);
  assertStringIncludes(failed.stderr, `it went back to ${other}\n`);
  assertMatch(failed.stderr, /^state: the target runs the system before again$/m);
  await assertUpdated(fixture, other);
}

/** The machine runs this system, and boots it the next time. */
async function assertUpdated(fixture: Fixture, system: string): Promise<void> {
  await assertInstalled(fixture, system);
  const boots = await fixture.look(
    "sed -n 's/.* init=\\([^ ]*\\).*/\\1/p' /boot/extlinux/extlinux.conf",
  );
  assertEquals(boots, `${system}/init`);
}
