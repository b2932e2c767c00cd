/**
 * The fault table: for each phase what can go wrong, what the command makes of it, and whether the same
 * command line goes on from there. `FAULT=pattern` picks rows, `TEST_SEED=number` repeats a run.
 */
import { ignore } from "../ssh/fixture.ts";
import { buildParts } from "../support/install/parts.ts";
import { BOOT } from "./cases/boot.ts";
import { BUILD } from "./cases/build.ts";
import { CONNECT } from "./cases/connect.ts";
import { COPY } from "./cases/copy.ts";
import { DISKO } from "./cases/disko.ts";
import { DOWNLOAD } from "./cases/download.ts";
import { IMAGE } from "./cases/image.ts";
import { INSTALL } from "./cases/install.ts";
import { KEXEC } from "./cases/kexec.ts";
import { REBOOT } from "./cases/reboot.ts";
import { type Fault, random, SEED } from "./fault.ts";
import { type Outcome, runFault } from "./run.ts";
import { printTable } from "./table.ts";

const AT_ONCE = 3;
const asked = Deno.env.get("FAULT");
const pick = new RegExp(asked ?? "");
const all = [CONNECT, BUILD, IMAGE, DOWNLOAD, KEXEC, BOOT, COPY, DISKO, INSTALL, REBOOT].flat()
  .filter(({ phase, fault }) => pick.test(`${phase}: ${fault}`));
const twice = asked === undefined ? secondRuns(all) : new Set(all);
const parts = ignore ? { disko: "", system: "" } : await buildParts();
const began = performance.now();
const started: Promise<Outcome>[] = [];
const outcomes: (Outcome | Fault)[] = [];
const running = new Set<Promise<void>>();

/**
 * The rows whose command line is run a second time: all after which something has to be mended, and of the others that
 * leave a target in the same state one, by the seed. Rows that were asked for are all run twice.
 */
function secondRuns(rows: readonly Fault[]): ReadonlySet<Fault> {
  const alike = Map.groupBy(rows, ({ phase, state, again }) => `${phase} ${state} ${again}`);
  const chosen = [...alike.values()].map((group) => group[random.below(group.length)]);
  return new Set([
    ...rows.filter(({ mend }) => mend),
    ...chosen.filter((row) => row !== undefined),
  ]);
}

/** Starts rows, in their order, as long as not too many run. */
function startMore(): void {
  while (running.size < AT_ONCE && started.length < all.length) {
    const fault = all[started.length] as Fault;
    const row = runFault(fault, parts, twice.has(fault));
    started.push(row);
    const over = row.then(() => {}, () => {}).finally(() => {
      running.delete(over);
      startMore();
    });
    running.add(over);
  }
}

for (const [index, row] of all.entries()) {
  Deno.test({
    name: `the command, ${row.phase}: ${row.fault}`,
    ignore,
    // Rows that were started ahead run on while this one is waited for.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      startMore();
      while (started.length <= index) await Promise.race(running);
      outcomes[index] = row;
      outcomes[index] = await (started[index] as Promise<Outcome>);
    },
  });
}

if (!ignore) Deno.test.afterAll(() => printTable(outcomes, SEED, performance.now() - began));
