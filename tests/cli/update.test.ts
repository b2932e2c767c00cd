import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../lib/cli/argv.ts";
import { commandOf, COMMANDS } from "../../lib/cli/commands.ts";
import { helpText } from "../../lib/cli/help.ts";
import { UPDATE_USAGE } from "../../lib/cli/update_command.ts";
import { UsageError } from "../../lib/errors.ts";
import { OPTIONS } from "../../lib/plan/option_table.ts";
import {
  makeUpdatePlan,
  UPDATE_TABLE,
  type UpdateSettings,
} from "../../lib/plan/update_options.ts";
import { ignore } from "../ssh/fixture.ts";
import { validEvents } from "../support/events.ts";
import { Sandbox } from "../support/install/sandbox.ts";
import { type Container, startContainer } from "../support/loopback/mod.ts";
import { buildSystem, running, systemCode } from "../support/update/systems.ts";

const old = ignore ? "" : await buildSystem("old");
const PATH = "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-x";

async function writeFlake({ folder }: Sandbox, name: string): Promise<string> {
  await Deno.mkdir(`${folder}/${name}`);
  const text = `{ outputs = _: { nixosConfigurations.web.config.system.build.toplevel = ${
    systemCode(name)
  }; }; }`;
  await Deno.writeTextFile(`${folder}/${name}/flake.nix`, text);
  return `path:${folder}/${name}#web`;
}

/** Runs the command to its end. */
async function update(...given: Parameters<typeof begin>) {
  return await (await begin(...given)).end;
}

/** Starts the command with the key of a machine and a known_hosts file that has its key. */
async function begin(
  sandbox: Sandbox,
  container: Container,
  words: readonly string[],
  user = "root",
) {
  const known = `${sandbox.folder}/known_hosts`;
  await Deno.writeTextFile(known, container.knownHosts);
  const reach = ["-p", `${container.port}`, "--known-hosts", known, "--host-key", "strict"];
  const all = ["update", ...words, ...reach, `${user}@${container.host}`];
  return await sandbox.start(all, { SSH_PRIVATE_KEY: container.identity.privateKey }, 120);
}

Deno.test(
  "update builds a flake without disks, switches, and says what runs",
  { ignore },
  async () => {
    await using container = await startContainer(
      running(old, { "worse-switch": "echo no >&2; exit 3" }),
    );
    await using sandbox = await Sandbox.make();
    const flake = await writeFlake(sandbox, "better");
    const { code, stdout, stderr } = await update(sandbox, container, ["--flake", flake]);
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /^root@127\.0\.0\.1 runs \/nix\/store\/\S+-nixos-system-better\n$/);
    assertStringIncludes(stderr, "### Activating the system: done");

    // Built on the target, by a user with sudo, and refused there by the system itself.
    const worse = await writeFlake(sandbox, "worse");
    const words = ["--flake", worse, "--build-on", "remote", "--json"];
    const failed = await update(sandbox, container, words, "admin");
    assertEquals(failed.code, 1, failed.stderr);
    assertMatch(
      failed.stderr,
      /^error: .*-worse failed with exit code 3: it went back to \S+-better$/m,
    );
    assertMatch(failed.stderr, /^state: the target runs the system before again$/m);
    const events = await validEvents(failed.stdout);
    const plans = events.flatMap((event) =>
      event.type === "plan" && "action" in event ? [event] : []
    );
    assertEquals(
      plans.map(({ checked, action, build, facts }) => [checked, action, build?.on, facts?.user]),
      [[false, "switch", undefined, undefined], [true, "switch", "remote", "admin"]],
    );
    assertEquals(events[0]?.type, "plan");
    const states = events.flatMap((event) => event.type === "state" ? [event.state] : []);
    assertEquals(states, ["uncontacted", "untouched", "copying", "activating", "back"]);
    assertEquals(await sandbox.left(), []);

    // Nothing is done to a machine that is another one, or that runs no NixOS.
    const result = `${sandbox.folder}/result`;
    await Deno.symlink(old, result);
    const wrong = ["-s", result, "--ssh-option", "HostKeyAlias=other"];
    assertEquals((await update(sandbox, container, wrong)).code, 4);
    await container.run("rm /run/current-system");
    const debian = await update(sandbox, container, ["-s", result, "--action", "boot"]);
    assertEquals(debian.code, 3);
    assertMatch(debian.stderr, /^state: nothing was changed on the target$/m);
  },
);

Deno.test("update that is interrupted says what comes of it", { ignore }, async () => {
  await using container = await startContainer(running(old, { "slow-switch": "sleep 4" }));
  await using sandbox = await Sandbox.make();
  const system = await buildSystem("slow");
  const rows = [
    [[], "wait until it has gone back, then run", "the target goes back by itself"],
    [["--no-rollback"], "run the same", "the new system may be active, or set for the next boot"],
  ] as const;
  for (const [words, hint, state] of rows) {
    const started = await begin(sandbox, container, [
      "-s",
      system,
      "--timeout",
      "confirm=1",
      ...words,
    ]);
    await started.said(/activating slow/);
    started.signal("SIGINT");
    const { code, stderr } = await started.end;
    assertEquals(code, 130, stderr);
    assertMatch(stderr, new RegExp(`^hint: ${hint}.*\\nstate: .*${state}`, "m"));
    // It has decided, one way or the other, before the next one begins.
    await container.run("while [ ! -e /run/nixos-anywhere-update/*/outcome ]; do sleep 0.1; done");
  }
});

Deno.test("update refuses what makes no sense before anything is contacted", async () => {
  await using sandbox = await Sandbox.make();
  const cases: readonly [string[], RegExp][] = [
    // What the hints say is pasted: it must be no install, which wipes the disks.
    [["--flake", ".#web"], /no target is named\nhint: (?!.*nixos-anywhere --flake)/],
    [["root@127.0.0.1"], /no system to activate is named\nhint: .*--flake .* --store-path$/m],
    [["-s", PATH, "--flake", ".#web", "web"], /exclude each other/],
    [["-s", PATH, "web", "--action", "lunch"], /--action: "lunch" is not possible/],
    [["-s", PATH, "127.0.0.1"], /^error: --store-path: \S+ is not here$/m],
    [["--disko-mode", "mount"], /unknown option "--disko-mode"/],
    [["-s", PATH, "web", "--dry-run"], /"--dry-run"\nhint: --action dry-activate/],
    [["-s", PATH, "-p", "23", "ssh://web:24"], /named with another port/],
  ];
  await Promise.all(cases.map(async ([words, pattern]) => {
    const { code, stderr, stdout } = await sandbox.start(["update", ...words]).end;
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr, pattern);
    assert(!stderr.includes("state:"));
  }));
});

Deno.test("update's options are entries of the install's table, or its own with help and default", () => {
  const entries = Object.values(UPDATE_TABLE).flatMap((one) => Object.entries(one));
  const own = entries.map(([key]) => key).filter((key) => !Object.hasOwn(OPTIONS, key));
  assertEquals(own, ["system", "action", "rollback", "ignoreFailedUnits", "installBootloader"]);
  const { options } = parseCommandLine<UpdateSettings>(
    ["--no-rollback", "--ignore-failed-units", "--action=test", "-s", PATH, "web"],
    UPDATE_TABLE,
  );
  const given = {
    host: "web",
    system: PATH,
    action: "test",
    rollback: false,
    ignoreFailedUnits: true,
  };
  assertEquals<unknown>(options, given);
  const plan = makeUpdatePlan(options);
  assertEquals([plan.action, plan.rollback, plan.installBootloader], ["test", false, false]);
  assertEquals(makeUpdatePlan({ host: "web", system: PATH }).action, "switch");
  assertThrows(() => makeUpdatePlan({ host: "web" }), UsageError);
  const help = helpText("1", UPDATE_TABLE, UPDATE_USAGE);
  for (const line of help.split("\n")) assert(line.length <= 80, line);
  assertMatch(
    help,
    /^nixos-anywhere 1: update .*\n\nUsage: nixos-anywhere update \[OPTIONS\] --flake/,
  );
});

Deno.test("commandOf() knows the commands by their first word alone", async () => {
  assertEquals(await commandOf(["constructor"]), undefined);
  assertEquals(await commandOf(["root@web", "update"]), undefined);
  assertEquals(await commandOf([]), undefined);
  for (const name of Object.keys(COMMANDS)) assert(await commandOf([name]), name);
});
