/** What every whole installation has to have done. */
import { assert, assertEquals } from "@std/assert";
import type { InstallReport } from "../../mod.ts";
import { type BootLogins, showLogins } from "./logins.ts";
import type { Fixture } from "./fixture.ts";

const MOST_LOGINS = 3;

/** At most three logins a boot, and at least one on every stage that is named. */
export function assertFewLogins(boots: readonly BootLogins[], stages: readonly string[]): void {
  assertEquals(boots.map(({ stage }) => stage), stages);
  for (const { stage, accepted } of boots) {
    const text = `${stage}: ${accepted.length} logins:\n${accepted.join("\n")}`;
    assert(accepted.length >= 1 && accepted.length <= MOST_LOGINS, text);
  }
}

/** No process and no file of the command is left on this machine. */
export async function assertNothingLeft(fixture: Fixture): Promise<void> {
  assertEquals(await fixture.leftProcesses(), [], "processes are left");
  assertEquals(await fixture.leftFiles(), [], "temporary files are left");
}

/** The machine runs this system, from its disk, and will again; nothing of the installation lies on it. */
export async function assertInstalled(
  fixture: Fixture,
  system: string,
  options: { anyHostKey?: boolean } = {},
): Promise<void> {
  const said = await fixture.look(
    "readlink -f /run/current-system; readlink -f /nix/var/nix/profiles/system; " +
      "findmnt -no SOURCE /; stat -c '%a %u:%g' /; " +
      "find / -xdev -name '*nixos-anywhere*' -not -path '/nix/*'",
    options,
  );
  assertEquals(said, `${system}\n${system}\n/dev/vda1\n755 0:0`);
}

/** Prints how long the stages of an installation took. */
export function printTimes(
  title: string,
  times: InstallReport["times"],
  boots: readonly BootLogins[],
): void {
  const parts = Object.entries(times).map(([stage, ms]) => `${stage} ${(ms / 1000).toFixed(1)} s`);
  console.log(`${title}: ${parts.join(", ")}; logins: ${showLogins(boots)}`);
}

/** The times that the command printed, by the titles it gives its stages. */
export function printedTimes(output: string): Record<string, number> {
  const done = output.matchAll(/^### (.+): done \((\d+\.\d) s\)$/gm);
  return Object.fromEntries([...done].map(([, title, seconds]) => [title, Number(seconds) * 1000]));
}
