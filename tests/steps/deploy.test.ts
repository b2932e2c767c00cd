import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { ActivationError, PreflightError, UsageError } from "../../lib/errors.ts";
import { UPDATE_STATES } from "../../lib/report/states.ts";
import type { ReportEvent } from "../../lib/report/events.ts";
import {
  CLEAN_UP,
  CONFIRM,
  FOLLOW,
  LOOK,
  START,
} from "../../lib/steps/deploy/activation_scripts.ts";
import { ACTIVATION, GUARD } from "../../lib/steps/deploy/guard_scripts.ts";
import { deploy, type DeployOptions } from "../../lib/steps/deploy/deploy.ts";
import { parseStanding } from "../../lib/steps/deploy/follow.ts";
import { ignore, login } from "../ssh/fixture.ts";
import { startRelay } from "../support/relay.ts";
import {
  type Container,
  type ContainerOptions,
  PASSWORD,
  startContainer,
} from "../support/loopback/mod.ts";
import {
  buildSystem,
  FIND_NETWORK,
  type Hooks,
  LOSE_ALL,
  LOSE_NETWORK,
  running,
  SYSTEMD,
} from "../support/update/systems.ts";

const [old = "", fresh = ""] = ignore
  ? []
  : await Promise.all([buildSystem("old"), buildSystem("new")]);

/** A machine that runs the old system. */
function open(hooks: Hooks = {}, more: ContainerOptions = {}): Promise<Container> {
  const base = running(old, hooks);
  return startContainer({
    ...base,
    files: { ...base.files, ...more.files },
    setup: `${base.setup}${more.setup ?? ""}`,
  });
}

/** What an update has left: the calls of switch-to-configuration, what runs, what boots, and what is in /run. */
async function found(container: Container): Promise<string[]> {
  const { stdout } = await container.run(`cat /run/box/activations
readlink /run/current-system
cd /nix/var/nix/profiles; echo system*; readlink -f system
ls -d /run/nixos-anywhere* 2>/dev/null`);
  return stdout.trim().split("\n").map((line) => line.replace(/\/nix\/store\/\S*-/, ""));
}

/** Deploys the new system over a login of its own, and returns what was told. */
async function update(
  container: Container,
  options: DeployOptions = {},
  user = "root",
  password?: string,
) {
  const events: ReportEvent[] = [];
  const report = (event: ReportEvent) => void events.push(event);
  const result = await (async () => {
    await using session = await login(container, user, {
      report,
      ...(password !== undefined && { password }),
    });
    return await deploy(session, fresh, options);
  })().catch((error) => error);
  const texts = events.flatMap((event) =>
    event.type === "output" && event.source === "activation" ? [event.line] : []
  );
  const states = events.flatMap((event) => event.type === "state" ? [event.state] : []);
  const warnings = events.flatMap((event) =>
    event.type === "log" && event.level === "warning" ? [event.text] : []
  );
  return { result, texts, states, warnings };
}

Deno.test("deploy() copies a system, sets the profile, activates it, and a new login confirms it", {
  ignore,
}, async () => {
  await using container = await open({}, SYSTEMD);
  const { result, texts, states } = await update(container, { installBootloader: true });
  assertEquals(result, { action: "switch", system: fresh, previous: old, unitsFailed: false });
  assertEquals(await found(container), [
    ...["new switch 1 0022", "new", "system system-1-link system-2-link", "new"],
  ]);
  assertEquals(states, ["untouched", "copying", "activating", "active"]);
  assert(texts.includes("activating new"), texts.join("\n"));
  assertEquals(await container.logins(), ["root publickey", "root publickey"]);
  // Each is a unit of its own, which no end of a login and no restart of the network reaches.
  const commands = (await container.commands()).map((line) =>
    line.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "TOKEN")
  );
  const program = (name: string) => `/bin/sh /run/nixos-anywhere-update/TOKEN/${name} TOKEN`;
  assertEquals(commands, [
    "systemd-run --unit=nixos-anywhere-guard-TOKEN --collect --no-ask-password --quiet " +
    `-p OOMPolicy=continue -p OOMScoreAdjust=-900 ${program("guard")}`,
    "systemd-run --unit=nixos-anywhere-activation-TOKEN --collect --no-ask-password --quiet " +
    `-p TimeoutStopSec=10 ${program("activation")}`,
  ]);
  // What is there is not copied, and the same generation stays.
  const again = await update(container, { action: "boot" });
  assertEquals(again.states, ["untouched", "partial", "next-boot"]);
  assertEquals((await found(container)).slice(1), [
    ...["new boot 0 0022", "new", "system system-1-link system-2-link", "new"],
  ]);
});

Deno.test(
  "deploy() changes nothing but the store to say what would be done, and no profile to test",
  { ignore },
  async () => {
    await using container = await open();
    const dry = await update(container, { action: "dry-activate" });
    assertEquals([dry.result.previous, dry.texts.at(-1)], [old, "activating new"], `${dry.result}`);
    const boots = ["system system-1-link", "old"];
    assertEquals(await found(container), ["new dry-activate  0022", "old", ...boots]);
    const { states } = await update(container, { action: "test" });
    assertEquals(states.at(-1), "active");
    assertEquals((await found(container)).slice(1), ["new test 0 0022", "new", ...boots]);
  },
);

Deno.test("deploy() sets what boots, and nothing else, for the next boot", { ignore }, async () => {
  await using container = await open({}, { setup: "ln -sf busybox /usr/bin/sh\n" });
  const heard: string[] = [];
  const report = (event: ReportEvent) => void (event.type === "state" && heard.push(event.state));
  const { result, states } = await update(container, { action: "boot", report });
  assertEquals([result.previous, states], [old, ["untouched"]]);
  assertEquals(heard, ["copying", "partial", "next-boot"]);
  const all = "system system-1-link system-2-link";
  assertEquals(await found(container), ["new boot 0 0022", "old", all, "new"]);
  assertEquals(await container.logins(), ["root publickey"]);
});

Deno.test(
  "deploy() goes back at once where the activation fails, and says so",
  { ignore },
  async () => {
    const hook = "ln -sfn /nowhere /run/current-system; echo cannot >&2; exit 7";
    // As on NixOS.
    const bash = { setup: "ln -sf bash /usr/bin/sh\n" };
    await using container = await open({ "new-switch": hook, "new-boot": "exit 1" }, bash);
    const { result, texts, states } = await update(container);
    assert(result instanceof ActivationError, String(result));
    assertEquals([result.outcome, result.exitCode], ["back", 7]);
    assertEquals(
      result.message,
      `root@127.0.0.1: the activation of ${fresh} failed with exit code 7: it went back to ${old}`,
    );
    assertEquals(states.slice(-2), ["activating", "back"]);
    assert(texts.includes("cannot") && texts.includes("activating old"), texts.join("\n"));
    const after = ["old", "system system-1-link", "old"];
    assertEquals(await found(container), ["new switch 0 0022", "old switch 0 0022", ...after]);
    // The boot menu is the old system's again, too.
    assertEquals((await update(container, { action: "boot" })).result.outcome, "back");
    assertEquals((await found(container)).slice(2), [
      "new boot 0 0022",
      "old boot 0 0022",
      ...after,
    ]);
  },
);

Deno.test("deploy() takes units that failed for a failure, or for a warning where it is told to", {
  ignore,
}, async () => {
  const fail = `ln -sfn "$self" /run/current-system; exit 4`;
  await using container = await open({ "new-switch": fail, "old-switch": fail });
  const { result } = await update(container);
  assertMatch(String(result), /units of .*-new failed \(exit code 4\): it went back to .*-old$/);
  assertStringIncludes(result.hint, "--ignore-failed-units");
  const { result: taken, warnings } = await update(container, { ignoreFailedUnits: true });
  assertEquals([taken.unitsFailed, warnings.length], [true, 1]);
  assertEquals((await found(container)).slice(3), [
    "new",
    "system system-1-link system-2-link",
    "new",
  ]);
});

for (const [what, hook] of [["new logins", LOSE_NETWORK], ["all connections", LOSE_ALL]] as const) {
  Deno.test(
    `deploy() goes back by itself where ${what} are lost after the activation`,
    { ignore },
    async () => {
      await using container = await open({ "new-switch": hook, "old-switch": FIND_NETWORK });
      const { result, states, texts } = await update(container, { confirmTimeout: 3000 });
      assert(result instanceof ActivationError, String(result));
      assertEquals(result.outcome, "back");
      assertMatch(result.message, /no new login worked within 3 s .*: it went back to \S*-old$/);
      assertEquals(states.at(-1), "back");
      assert(texts.some((line) => line.startsWith("no new login within 3 s")), texts.join("\n"));
      assertEquals(await found(container), [
        ...["new switch 0 0022", "old switch 0 0022", "old", "system system-1-link", "old"],
      ]);
    },
  );
}

Deno.test(
  "deploy() rides out a restart of the ssh server, and ends an activation that does not end",
  { ignore },
  async () => {
    const restart = `: >/run/lost; pkill -x sshd; sleep 1; ${FIND_NETWORK}`;
    await using container = await open({
      ...{ "new-switch": restart, "new-test": "sleep 600" },
      // Going back is given more time than an activation that has too little.
      "old-test": "sleep 3",
    });
    const { result: late } = await update(container, { action: "test", timeout: 2000 });
    assertMatch(String(late), /did not end within 2 s: it went back to \S*-old$/);
    assertEquals((await container.run("pgrep -fa '[s]leep 600'")).stdout, "");
    const { result } = await update(container);
    assertEquals(result.previous, old);
    assertEquals((await found(container)).slice(0, 4), [
      ...["new test 0 0022", "old test 0 0022", "new switch 0 0022", "new"],
    ]);
  },
);

Deno.test("deploy() goes back by itself where nothing gets through any more, or nobody waits", {
  ignore,
}, async () => {
  await using container = await open();
  const back = async (calls: number) => {
    const { stdout } = await container.run(
      `for _ in $(seq 600); do [ $(wc -l </run/box/activations) -lt ${calls} ] || break; sleep 0.1; done; cat /run/box/activations`,
    );
    return stdout.trim().split("\n");
  };
  await using relay = await startRelay({ to: { host: container.host, port: container.port } });
  const report = (event: ReportEvent) => {
    if (event.type === "output" && event.line === "activating new") relay.freeze();
  };
  await using session = await login(container, "root", { port: relay.port, report });
  const running = deploy(session, fresh, { confirmTimeout: 2000 }).catch((error) => error);
  assertEquals(await back(2), ["new switch 0 0022", "old switch 0 0022"]);
  relay.cut();
  relay.thaw();
  const error = await running;
  assert(error instanceof ActivationError, String(error));
  assertEquals(error.outcome, "back");

  const controller = new AbortController();
  await using second = await login(container, "root", {
    report: (event) =>
      void (event.type === "output" && event.line === "activating new" &&
        controller.abort(new Error("enough"))),
  });
  const { signal } = controller;
  await assertRejects(
    () => deploy(second, fresh, { confirmTimeout: 2000, signal }),
    Error,
    "enough",
  );
  assertEquals((await back(4)).slice(2), ["new switch 0 0022", "old switch 0 0022"]);
});

Deno.test(
  "deploy() goes back by itself where the new system makes nobody root",
  { ignore },
  async () => {
    await using container = await open({
      "new-switch": "cp /etc/sudoers /run/sudoers; sed -i /^admin/d /etc/sudoers",
      "old-switch": "cp /run/sudoers /etc/sudoers",
    });
    const { result } = await update(container, { confirmTimeout: 4000 }, "admin");
    assert(result instanceof ActivationError, String(result));
    assertEquals(result.outcome, "back");
    assertMatch(result.message, /no new login worked within 4 s \(.*\): it went back to/);
    assertEquals((await found(container)).slice(1), [
      "old switch 0 0022",
      "old",
      "system system-1-link",
      "old",
    ]);
  },
);

Deno.test(
  "deploy() says what a machine runs that forgot the update in a reboot",
  { ignore },
  async () => {
    await using container = await open({
      // The guard, what it knows and the activation itself end; the profile is set.
      "new-switch":
        `guard=$(cat /run/nixos-anywhere-update/*/guard.pid); rm -r /run/nixos-anywhere-update; kill -9 $guard $PPID; exit 1`,
    });
    const { result } = await update(container);
    assert(result instanceof ActivationError, String(result));
    assertEquals(result.outcome, "lost");
    assertMatch(
      result.message,
      /forgot the update to \S+-new: .*: it runs \S+-old, its system profile is \S+-new, and it does not go back$/,
    );
  },
);

Deno.test("deploy() stays without a way back where it is told to", { ignore }, async () => {
  await using container = await open({
    "new-switch": `ln -sfn "$self" /run/current-system; exit 9`,
  });
  const { result } = await update(container, { rollback: false });
  assertEquals([result.outcome, (await found(container))[1]], ["kept", "new"]);
  assertMatch(result.message, /failed with exit code 9: it was told not to go back$/);
});

Deno.test("deploy() becomes root by sudo, with a password too, and leaves no password behind", {
  ignore,
}, async () => {
  await using container = await open();
  const { result } = await update(container, { copy: { from: "local" } }, "admin");
  assertEquals(result.previous, old, `${result}`);
  let asked = 0;
  const sudoPassword = () => (asked++, Promise.resolve(PASSWORD));
  const options = { action: "test", sudoPassword } as const;
  const second = await update(container, options, "pwuser", PASSWORD);
  assertEquals([second.result.previous, asked], [fresh, 1], String(second.result));
  assertEquals(await found(container), [
    ...["new switch 0 0022", "new test 0 0022", "new", "system system-1-link system-2-link", "new"],
  ]);
  const { result: refused } = await update(container, {}, "plain");
  assert(refused instanceof PreflightError, String(refused));
});

Deno.test(
  "deploy() refuses, before anything is changed, what cannot be updated",
  { ignore },
  async () => {
    await using debian = await startContainer();
    assertMatch(String((await update(debian)).result), /runs no NixOS/);
    await using container = await open();
    await container.run(
      "mkdir -p /run/nixos-anywhere-update/x; sleep 60 >/dev/null 2>&1 & echo $! >/run/nixos-anywhere-update/x/guard.pid",
    );
    assertMatch(String((await update(container)).result), /another update is under way/);
    await container.run("kill $(cat /run/nixos-anywhere-update/x/guard.pid)");
    await container.run(`rm ${old}/bin/switch-to-configuration`);
    const none = await update(container);
    assertMatch(String(none.result), /there is no way back/);
    assert(none.result instanceof PreflightError);
    assertEquals(none.states.at(-1), "untouched");
    await using session = await login(container);
    await assertRejects(
      () => deploy(session, fresh, { action: "x" as "test" }),
      UsageError,
      "action",
    );
    await assertRejects(() => deploy(session, "/nix/store/x"), UsageError);
  },
);

Deno.test("parseStanding() takes nothing that does not fit", () => {
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA";
  assertEquals(parseStanding(`log outcome back\nbeat\nhost_key ${key}\nstatus 4\nwaiting\n`), {
    state: "waiting",
    exitCode: 4,
    hostKeys: [key],
  });
  assertEquals(parseStanding("outcome \x1b[2J\nstatus x\nhost_key a b\n"), {
    state: "gone",
    hostKeys: [],
  });
  const old = "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-old";
  const { left } = parseStanding(`running ${old}\nprofile ../x\ngone\n`);
  assertEquals([left?.running?.endsWith("-old"), left?.profile], [true, undefined]);
  assertEquals(Object.keys(UPDATE_STATES).length, 6);
});

for (const shell of [["dash"], ["bash", "--posix"], ["busybox", "ash"]]) {
  Deno.test(`what an update runs on a target is right for ${shell.join(" ")}`, async () => {
    const scripts = { ACTIVATION, GUARD, LOOK, START, FOLLOW, CONFIRM, CLEAN_UP };
    for (const [name, text] of Object.entries(scripts)) {
      const [program = "", ...args] = [...shell, "-n", "-c", `main() {\n${text}\n}`];
      const { success, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
      assert(success, `${name}: ${new TextDecoder().decode(stderr)}`);
    }
  });
}
