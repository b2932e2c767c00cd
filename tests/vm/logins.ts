/** What sshd's log on the console tells of the logins of each boot. */
import type { Machine } from "./machine.ts";

/** The logins of one boot: its stage is `target`, `installer` or `installed`. */
export interface BootLogins {
  readonly stage: string;
  readonly bootId: string;
  /** Lines of sshd, `Accepted publickey for root from …`. */
  readonly accepted: readonly string[];
}

/** Counts logins from now on; those of before do not matter. */
export async function countLogins(machine: Machine): Promise<() => Promise<BootLogins[]>> {
  const { length } = await machine.console();
  return async () => {
    const boots: { stage: string; bootId: string; accepted: string[] }[] = [];
    const console = await machine.console();
    for (
      const match of console.matchAll(/^=== stage: (\w+) boot_id: (\S+) ===|Accepted \S+ for .*$/gm)
    ) {
      const [line, stage, bootId = ""] = match;
      if (stage !== undefined) boots.push({ stage, bootId, accepted: [] });
      else if (match.index >= length) boots.at(-1)?.accepted.push(line.trim());
    }
    return boots;
  };
}

/** Such as `target 1, installer 1, installed 1`. */
export function showLogins(boots: readonly BootLogins[]): string {
  return boots.map(({ stage, accepted }) => `${stage} ${accepted.length}`).join(", ");
}
