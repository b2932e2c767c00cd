import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type FailureKind, outcomeOf } from "../../lib/cli/outcome.ts";
import {
  AnswerError,
  BootError,
  CommandError,
  ConnectionError,
  DeadlineError,
  HostIdentityError,
  InstallError,
  InterruptedError,
  LoginError,
  PreflightError,
  UsageError,
} from "../../lib/errors.ts";
import { PHASES } from "../../lib/plan/phases.ts";
import { type State, STATES } from "../../lib/report/states.ts";

const options = { hint: "mend it" };
const command = { command: ["x"], exitCode: 1, signal: null, output: "", where: "web" };
const full = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });

/** Every error that a run can end with, by its kind. */
const ERRORS: Readonly<Record<FailureKind, readonly unknown[]>> = {
  usage: [new UsageError("it is wrong", options)],
  preflight: [new PreflightError("it is wrong", options)],
  identity: [new HostIdentityError("it is wrong", options)],
  interrupted: [
    new InterruptedError("interrupted by SIGINT", { hint: "" }),
    new InterruptedError("not confirmed", options),
  ],
  failed: [
    new InstallError("it is wrong", options),
    new ConnectionError("it is wrong", options),
    new LoginError("it is wrong", options),
    new DeadlineError("it is wrong", options),
    new AnswerError("it is wrong", options),
    new BootError("it is wrong", { ...options, outcome: "stayed" }),
    new CommandError("it is wrong", { ...options, ...command }),
  ],
  scarce: [full],
  permission: [new Deno.errors.NotCapable("Requires read access")],
  bug: [new TypeError("nobody thought of it"), "a text that was thrown"],
};

const states = Object.keys(STATES) as State[];
const NOTHING_CHANGED: readonly State[] = ["uncontacted", "untouched"];

/** What the exit codes promise, in words of its own. */
function codeOf(kind: FailureKind, state: State): number {
  if (kind === "identity") return 4;
  if (kind === "interrupted") return 130;
  if (kind === "usage" && state === "uncontacted") return 2;
  return kind === "preflight" && NOTHING_CHANGED.includes(state) ? 3 : 1;
}

for (const state of states) {
  Deno.test(`outcomeOf() tells the truth of every failure in the state ${state}`, () => {
    for (const [kind, errors] of Object.entries(ERRORS) as [FailureKind, unknown[]][]) {
      for (const error of errors) {
        const outcome = outcomeOf(error, state, PHASES);
        assertEquals(outcome.code, codeOf(kind, state), `${kind}, ${state}`);
        assertEquals(outcome.state, outcome.code === 2 ? undefined : STATES[state]);
        assert(outcome.hints.length > 0);
        for (const hint of outcome.hints) assertMatch(hint, /^\S.*\S$/);
        assert(outcome.error !== "");
        if (error instanceof InstallError) assertStringIncludes(outcome.hints[0]!, error.hint);
      }
    }
  });
}

const failed = new ConnectionError("lost", { hint: "check the network" });
const go = (state: State, phases = PHASES, error: Error = failed) =>
  outcomeOf(error, state, phases).hints.join("\n");

Deno.test("outcomeOf() names the phases that are left, and no more of them than were asked for", () => {
  for (const state of ["formatted", "installing"] as const) {
    assertMatch(go(state), /^check the network\nrun it again with --phases install,reboot: /);
    assertMatch(go(state, ["kexec", "disko", "install"]), /again with --phases install: /);
    // What has no disko in it formats nothing when it is run again.
    assertMatch(go(state, ["install", "reboot"]), /\nrun the same command line again$/);
    assertMatch(go(state, ["kexec", "install"]), /\nrun the same command line again$/);
  }
  assertMatch(go("installed"), /again with --phases reboot: /);
  assertMatch(go("installed", ["reboot"]), /\nrun the same command line again$/);
});

Deno.test("outcomeOf() lets the same command line go on where nothing is lost by that", () => {
  for (const state of ["image", "booting", "installer", "formatting"] as const) {
    assertMatch(go(state), /^check the network\nrun the same command line again/);
  }
  assertMatch(go("installer"), /again: it goes on in the installer$/);
});

Deno.test("outcomeOf() adds nothing to a hint where nothing was begun, or where it knows better", () => {
  for (const state of ["uncontacted", "untouched", "rebooting", "done"] as const) {
    assertEquals(go(state), "check the network");
  }
  const knows = new BootError("no", {
    hint: "run with --phases reboot --force",
    outcome: "stayed",
  });
  assertEquals(go("installed", PHASES, knows), knows.hint);
  assertEquals(go("booting", PHASES, new HostIdentityError("no", options)), "mend it");
});

Deno.test("outcomeOf() says after an interruption how to go on, in every state", () => {
  const interrupted = new InterruptedError("interrupted by SIGTERM", { hint: "" });
  const hints = states.map((state) => go(state, PHASES, interrupted));
  assertEquals(
    hints.filter((hint) => /^run (the same command line|it) again/.test(hint)).length,
    9,
  );
  assertEquals(new Set(hints.slice(-2)).size, 1);
});

Deno.test("outcomeOf() escapes what comes from outside, and shows where a bug is", () => {
  const error = new ConnectionError("bad \x1b[2J", { hint: "look \x07" });
  const outcome = outcomeOf(error, "untouched", PHASES);
  assertEquals([outcome.error, outcome.hints], ["bad \\x1b[2J", ["look \\x07"]]);
  const bug = outcomeOf(new TypeError("oops"), "untouched", PHASES);
  assertMatch(bug.error, /^TypeError: oops\n {4}at /);
  assertMatch(bug.hints[0] ?? "", /report it/);
});
