/** Ctrl-C at every stage of the command: it ends at once, leaves nothing here, and says what it has left there. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertNothingLeft } from "./checks.ts";
import { startCommand } from "./command.ts";
import type { Fixture } from "./fixture.ts";

/** When the command is interrupted, and what it has to say about the target then. */
export interface Interruption {
  readonly stage: string;
  readonly when: RegExp;
  /** Milliseconds from then. */
  readonly after?: number;
  readonly state: string;
}

/** One for each stage before the reboot, in their order; of that, `faults/` has its own. */
export const INTERRUPTIONS: readonly Interruption[] = [
  {
    stage: "connect",
    when: /^here\$ .*ssh -S /m,
    after: 300,
    state: "nothing was changed on the target",
  },
  {
    stage: "image",
    when: /^### Uploading the kexec image$/m,
    after: 1000,
    state: "an unpacked kexec image may be left on the target; nothing else was changed",
  },
  {
    stage: "kexec",
    when: /machine will boot into nixos/,
    after: 2000,
    state: "the target may be booting the installer; its disks are untouched",
  },
  {
    stage: "disko",
    when: /^disko \| ./m,
    after: 1500,
    state: "the target runs the installer; its disks may be partly formatted",
  },
  {
    stage: "install",
    when: /^### Installing$/m,
    after: 2500,
    state: "the target runs the installer; the new system may be partly installed",
  },
];

/** Interrupts the command at a stage, and looks at what is left here and there; waits for a boot that goes on by itself. */
export async function interrupt(
  fixture: Fixture,
  words: readonly string[],
  { stage, when, after = 0, state }: Interruption,
): Promise<void> {
  const started = performance.now();
  await using running = startCommand(fixture, words);
  await running.said(when);
  await new Promise((resolve) => setTimeout(resolve, after));
  // What is looked for afterwards can be seen now, so its absence means something. Between two tries to log in
  // there is the command alone.
  const deadline = performance.now() + 60_000;
  while ((await fixture.leftProcesses()).length < 2) {
    assert(performance.now() < deadline, "its processes cannot be seen");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert((await fixture.leftFiles()).length > 0, "its files cannot be seen");
  const interrupted = performance.now();
  running.interrupt();
  const { output } = await running.expect(130);
  const took = performance.now() - interrupted;
  assert(took < 30_000, `it took ${took} ms to end`);
  assertMatch(output, /^error: interrupted by SIGINT\nhint: .+\n/m);
  const [last, goOn] = output.trimEnd().split("\n").slice(-2);
  assertEquals(goOn?.startsWith("to go on: ") ? last : goOn, `state: ${state}`);
  await assertNothingLeft(fixture);
  console.log(
    `${stage}: interrupted after ${((interrupted - started) / 1000).toFixed(1)} s, over in ${
      took.toFixed(0)
    } ms`,
  );
  // Half an image is removed by the target itself, as soon as it hears that no more will come.
  if (stage === "image") {
    const left = await fixture.look(
      "for i in 1 2 3 4 5 6 7 8; do ls -d /root/nixos-anywhere.* || break; sleep 0.5; done 2>&1 | tail -n 1",
    );
    assertMatch(left, /No such file/);
  }
  // The machine boots on by itself: the next command finds what came of it.
  if (stage === "kexec") await nextBoot(fixture, /stage: installer/);
}

/** Waits until another boot has said its name and its ssh server answers. */
async function nextBoot({ machine }: Fixture, stage: RegExp): Promise<void> {
  const deadline = performance.now() + 300_000;
  while (!stage.test(await machine.console())) {
    if (performance.now() > deadline) throw new Error(`no ${stage}:\n${await machine.console()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await machine.answers(deadline - performance.now());
}
