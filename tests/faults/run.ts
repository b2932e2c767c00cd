/**
 * Running a fault and looking at everything that it must, and must not, leave.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { STATES } from "../../lib/report/states.ts";
import type { Parts } from "../support/install/parts.ts";
import { Fixture } from "../support/install/fixture.ts";
import type { Fault } from "./fault.ts";

/** What came of a fault: a line of the table. */
export interface Outcome {
  readonly phase: string;
  readonly fault: string;
  readonly exit: number;
  readonly seconds: number;
  readonly state: string;
  readonly again: string;
}

/** Secrets that every run is given and none may show. */
export const SECRETS = {
  SSHPASS: "planted-login-password",
  SUDO_PASSWORD: "planted-sudo-password",
  DISK_KEY: "planted-disk-key",
} as const;

/** Where what lets us back into the installer is kept. */
function keptFile({ relay, otherPort = relay.port }: Fixture): string {
  return `state/nixos-anywhere/127%2E0%2E0%2E1%3A${otherPort}.json`;
}

/** Runs a fault, then perhaps the same command line again; throws where something is not as it must be. */
export async function runFault(fault: Fault, parts: Parts, twice: boolean): Promise<Outcome> {
  await using fixture = await Fixture.open({ parts, ...fault.fixture });
  const { sandbox } = fixture;
  const key = `${sandbox.folder}/disk.key`;
  await Deno.writeTextFile(key, SECRETS.DISK_KEY, { mode: 0o600 });
  await fault.before?.(fixture);
  const words = typeof fault.words === "function"
    ? [...await fault.words(fixture)]
    : [...fault.words ?? [], ...fixture.words];
  if (!words.includes("--phases")) words.push("--disk-encryption-keys", "/run/disk.key", key);
  const env = {
    SSHPASS: SECRETS.SSHPASS,
    SUDO_PASSWORD: SECRETS.SUDO_PASSWORD,
    ...fault.env?.(fixture),
  };
  const secrets = [...Object.values(SECRETS), fixture.key.split("\n")[1] ?? ""];
  const running = fixture.start(words, env, fault.bound ?? 30);
  const acting = (async () => await fault.act?.(fixture, running))();
  acting.catch(() => {});
  const { code, stdout, stderr, ms, hung } = await running.end;
  const said = `\n${stderr.slice(-4000)}\n${stdout}`;
  assert(!hung, `it did not end by itself:${said}`);
  await acting;
  const line = new RegExp(`^error: ${fault.error.source}`, `m${fault.error.flags}`);
  assertMatch(stderr, line, said);
  assertMatch(stderr, fault.hint ?? /^hint: \S+/m, said);
  assertEquals(code, fault.code, said);
  if (!fault.here) assertMatch(stderr, /^error: .*root@127\.0\.0\.1/m);
  const last = stderr.replace(/^to go on: .*\n$/m, "").trimEnd().split("\n").at(-1) ?? "";
  const states = [fault.state, fault.orState].filter((state) => state !== undefined);
  const state = states.find((state) => last === `state: ${STATES[state]}`) ?? fault.state;
  if (state) assertEquals(last, `state: ${STATES[state]}`, said);
  else assertMatch(last, /^hint: /, said);
  for (const secret of secrets) assert(!(stderr + stdout).includes(secret), `it shows ${secret}`);
  assertEquals(await sandbox.left(), fault.kept ? [keptFile(fixture)] : [], said);
  if (!fault.gone) assertEquals(await leftThere(fixture), "", said);
  const again = fault.again === "none" || !twice
    ? undefined
    : await runAgain(fault, fixture, words, env);
  return {
    phase: fault.phase,
    fault: fault.fault,
    exit: code,
    seconds: ms / 1000,
    state: state ?? "-",
    again: again === undefined ? "-" : String(again),
  };
}

/** A deadline that the fault had to run into is none for the run after it, on whatever busy machine. */
function patient(word: string): string {
  return word.replace(/^(image|kexec|boot|disko|copy|install|reboot|connect|build)=\d+$/, "$1=100");
}

async function runAgain(
  fault: Fault,
  fixture: Fixture,
  words: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  await fault.mend?.(fixture);
  const { code, stderr, hung } = await fixture.run(
    fault.again ? words : words.map(patient),
    env,
    120,
  );
  assert(!hung, `the second run did not end:\n${stderr.slice(-4000)}`);
  assertEquals(code, fault.again ?? 0, `the second run:\n${stderr.slice(-4000)}`);
  const { folder } = fixture.sandbox;
  const rebooted = !words.includes("--phases");
  const left = await fixture.sandbox.left();
  if (code === 0) {
    assertEquals(left, rebooted ? [] : [keptFile(fixture)], `${folder}: the second run`);
  }
  return code;
}

/** What still runs on the target, or lies about there, some moments later. */
async function leftThere(fixture: Fixture): Promise<string> {
  const look = "ls -d /root/nixos-anywhere.* /root/.nixos-anywhere.* 2>/dev/null; " +
    "ps -eo args | grep -E '^(sleep 300|tar|curl|wget|.*-disko$)' || :";
  let left = "";
  for (let tries = 0; tries < 40; tries++) {
    left = (await fixture.machine.container.run(look)).stdout;
    if (left === "") break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return left;
}
