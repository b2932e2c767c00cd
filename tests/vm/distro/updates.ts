/**
 * Updates of a machine whose first process is systemd: a Debian that has nix, and passes for NixOS as far as an update asks.
 * `deno task test:distro` runs them.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { buildSystem } from "../../support/update/systems.ts";
import { assertNothingLeft } from "../checks.ts";
import { runCommand } from "../command.ts";
import { type DebianFixture, openDebian } from "./scene.ts";

/** Ends every login, as logind does when it is told to. */
const CUT = "systemctl stop 'session-*.scope'";
const CONFIG = "/etc/ssh/sshd_config.d/elsewhere.conf";

/** What switch-to-configuration of each system does besides. */
const HOOKS: Readonly<Record<string, string>> = {
  "first-switch": "sed 's/.*/in &/' /proc/self/cgroup; echo home $HOME",
  // Restarts everything that a login depends on; it is also what the machine goes back to.
  "cut-switch": `rm -f ${CONFIG}; systemctl restart networking ssh; ${CUT}`,
  "port-switch": `echo Port 2222 >${CONFIG}; systemctl restart ssh`,
  "gone-switch": `systemctl stop networking; ip link set dev ens3 down; ${CUT}`,
  "hung-switch": "trap '' TERM; sleep 900",
};

/** Runs a command on the machine, again where a connection is lost: emulated, it is silent for long. */
async function look(fixture: DebianFixture, command: string): Promise<string> {
  for (let tries = 1;; tries++) {
    try {
      return await fixture.look(command);
    } catch (error) {
      if (tries === 5 || !String(error).includes("code 255")) throw error;
    }
  }
}

Deno.test("cli.ts update switches under systemd, survives the end of its login, and is rolled back by the guard", async () => {
  await using fixture = await openDebian({ packages: ["nix-bin"] });
  await updateUnderSystemd(fixture);
});

async function updateUnderSystemd(fixture: DebianFixture): Promise<void> {
  const names = [...new Set(Object.keys(HOOKS).map((name) => name.replace("-switch", "")))];
  const paths = await Promise.all(names.map(buildSystem));
  const systems = Object.fromEntries(names.map((name, at) => [name, paths[at] ?? ""]));
  const { machine } = fixture;
  const hooks = Object.entries(HOOKS).map(([name, code]) =>
    `cat >/etc/hooks/${name} <<'END'\n${code}\nEND\n`
  );
  await look(
    fixture,
    `systemctl is-system-running --wait; mkdir -p /run/box /etc/hooks /nix/var/nix/profiles; touch /etc/NIXOS
${hooks.join("")}`,
  );
  const host = `admin@${machine.host}`;
  const update = (name: string, words: readonly string[], code: number) =>
    runCommand(fixture, [
      ...["update", "-i", fixture.identity, "-p", String(machine.port), "--debug"],
      ...fixture.sshOptions.flatMap((option) => ["--ssh-option", option]),
      ...[...words, "--store-path", systems[name] ?? "", host],
    ], { code });
  const calls = async () => (await look(fixture, "cat /run/box/activations")).split("\n");
  /** What runs, what boots, and what of an update is left. */
  const standing = async () =>
    (await look(
      fixture,
      "readlink /run/current-system; readlink -f /nix/var/nix/profiles/system; " +
        "ls -d /run/nixos-anywhere* 2>/dev/null; systemctl list-units --all --plain --no-legend 'nixos-anywhere*'",
    )).replaceAll(/\/nix\/store\/\S*-/g, "");

  const first = await update("first", ["--no-rollback"], 0);
  assertMatch(
    first.output,
    /^activation \| in 0::\/system\.slice\/nixos-anywhere-activation-[-0-9a-f]{36}\.service$/m,
  );
  assertMatch(first.output, /^activation \| home \/root$/m);
  assertEquals(await standing(), "first\nfirst");

  const cut = await update("cut", ["--timeout", "confirm=300"], 0);
  assertEquals(cut.stdout, `${host} runs ${systems.cut}\n`, cut.output);
  assertEquals(await standing(), "cut\ncut");

  const back = `it went back to ${systems.cut}$`;
  const expected: Readonly<Record<string, readonly [words: readonly string[], error: string]>> = {
    port: [["--timeout", "confirm=20"], `no new login worked within 20 s .*: ${back}`],
    gone: [["--timeout", "confirm=20"], `no new login worked within 20 s.*: ${back}`],
    hung: [["--timeout", "activate=5"], `did not end within 5 s: ${back}`],
  };
  for (const [name, [words, error]] of Object.entries(expected)) {
    const { output } = await update(name, words, 1);
    assertMatch(output, new RegExp(`^error: .*${error}`, "m"));
    assertMatch(output, /^state: the target runs the system before again$/m);
    assertEquals(await standing(), "cut\ncut", output);
    assertEquals((await calls()).slice(-2), [`${name} switch 0 0022`, "cut switch 0 0022"]);
    assertEquals(await look(fixture, "pgrep -fa '[s]leep 900' || echo none"), "none");
  }
  await assertNothingLeft(fixture);
}
