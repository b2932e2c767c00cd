/**
 * How fast closures are copied: each closure over each link, each way in turn.
 *
 * The target is a box on this machine that writes to memory; the link is the relay of tests/relay.ts, see
 * there for what that is not. Both ends share this machine's processors, which no real copy does.
 *
 * @module
 */
import { type Box, startBox } from "../loopback/mod.ts";
import { type Relay, startRelay } from "../relay.ts";
import { NIX_CONFIG } from "../vm/nix.ts";
import type { ClosureName } from "./closure.ts";
import { type Measured, seconds, summary, table } from "./measure.ts";
import { type Way, WAYS } from "./once.ts";

/** A link between the two machines. */
export interface BenchLink {
  readonly name: string;
  /** Milliseconds there and back. */
  readonly rtt: number;
  readonly bytesPerSecond?: number;
}

/** The links of the benchmark. */
export const LINKS: readonly BenchLink[] = [
  { name: "0ms", rtt: 0 },
  { name: "100ms", rtt: 100 },
  { name: "50ms-100Mbit", rtt: 50, bytesPerSecond: 12_500_000 },
  { name: "10ms-1Gbit", rtt: 10, bytesPerSecond: 125_000_000 },
];

/** A way is stopped after so many milliseconds. */
export const PATIENCE = 300_000;

/** One cell of the table. */
export interface Cell {
  readonly closure: ClosureName;
  readonly link: string;
  readonly way: Way;
  /** Milliseconds, the login included; absent when the way was stopped or failed. */
  readonly ms?: Measured;
  /** The most memory our own process had, in bytes. */
  readonly memory?: number;
  /** Bytes that went to the target, the last time. */
  readonly sent?: number;
  readonly problem?: string;
}

/** What is measured. */
export interface CopyingOptions {
  /** The closures' paths, in the store `store`. */
  readonly paths: Readonly<Partial<Record<ClosureName, string>>>;
  readonly store: string;
  readonly runs: number;
  /** Whether a cell is measured. */
  readonly wanted: (name: string) => boolean;
  /** A folder of nix programs that is used on both sides. */
  readonly nix: string | undefined;
  readonly log: (line: string) => void;
}

/** Measures every wanted cell. */
export async function benchCopying(options: CopyingOptions): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const [closure, path] of Object.entries(options.paths)) {
    for (const link of LINKS) {
      for (const way of WAYS) {
        const name = `${closure}/${link.name}/${way}`;
        if (!options.wanted(name)) continue;
        const cell = await measure(closure as ClosureName, path, link, way, options);
        options.log(`${name}: ${cell.problem ?? `${seconds(cell.ms?.median ?? NaN)} s`}`);
        cells.push(cell);
      }
    }
  }
  return cells;
}

async function measure(
  closure: ClosureName,
  path: string,
  link: BenchLink,
  way: Way,
  options: CopyingOptions,
): Promise<Cell> {
  const runs: number[] = [];
  let [memory, sent] = [0, 0];
  for (let run = 0; run < options.runs; run++) {
    const { nix } = options;
    // A new one each time: the closure must not be there yet.
    await using box = await startBox({ setup: nix ? `ln -sf ${nix}/* /usr/local/bin/\n` : "" });
    const { rtt, bytesPerSecond } = link;
    const rate = bytesPerSecond === undefined ? {} : { bytesPerSecond };
    await using relay = link.rtt === 0
      ? undefined
      : await startRelay({ to: box, delayMs: rtt / 2, ...rate });
    const once = await copyOnce(way, path, box, relay, options);
    if (typeof once === "string") return { closure, link: link.name, way, problem: once };
    const { code } = await box.run(`nix-store --check-validity ${path}`);
    if (code !== 0) return { closure, link: link.name, way, problem: "did not arrive" };
    runs.push(once.ms);
    memory = Math.max(memory, once.memory);
    sent = relay?.sent ?? 0;
  }
  const ours = way === "ours" ? { memory } : {};
  return { closure, link: link.name, way, ms: summary(runs), sent, ...ours };
}

async function copyOnce(
  way: Way,
  path: string,
  box: Box,
  relay: Relay | undefined,
  { store, nix }: CopyingOptions,
): Promise<{ ms: number; memory: number } | string> {
  const port = relay?.port ?? box.port;
  const script = new URL("once.ts", import.meta.url).href;
  // `timeout` ends the whole group: nix, its ssh, and what they feed.
  const child = new Deno.Command("timeout", {
    args: [`${PATIENCE / 1000}`, Deno.execPath(), "run", "--quiet", "-A", script]
      .concat([way, path, `${port}`, box.identityFile]),
    env: {
      NIX_CONFIG,
      NIX_REMOTE: store,
      PATH: `${nix ? `${nix}:` : ""}${Deno.env.get("PATH") ?? ""}`,
    },
    stdin: "null",
  });
  const { code, stdout, stderr } = await child.output();
  if (code === 124) return `stopped at ${PATIENCE / 1000} s`;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return code === 0 ? JSON.parse(text(stdout)) : `failed: ${text(stderr).trim().slice(-300)}`;
}

/** The table: a line for each closure and link, a column for each way, and how ours compares with the best. */
export function copyingTable(cells: readonly Cell[]): string {
  const lines = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = `${cell.closure}, ${cell.link}`;
    lines.set(key, [...lines.get(key) ?? [], cell]);
  }
  const head = ["closure, link", ...WAYS, "ours / best other", "ours / ssh"];
  const rows = Array.from(lines, ([key, row]) => {
    const of = (way: Way) => row.find((cell) => cell.way === way);
    const shown = WAYS.map((way) => {
      const cell = of(way);
      if (!cell?.ms) return cell?.problem ?? "";
      return `${seconds(cell.ms.median)} ±${Math.round(50 * cell.ms.spread)} %`;
    });
    const ours = of("ours")?.ms?.median;
    const others = row.flatMap(({ way, ms }) => way !== "ours" && ms ? [ms.median] : []);
    const against = (other: number | undefined) =>
      ours === undefined || other === undefined ? "" : (ours / other).toFixed(2);
    const ssh = of("ssh");
    const stopped = ssh?.problem?.startsWith("stopped") && ours !== undefined;
    return [
      ...[key, ...shown, others.length > 0 ? against(Math.min(...others)) : ""],
      stopped ? `< ${(ours / PATIENCE).toFixed(3)}` : against(ssh?.ms?.median),
    ];
  });
  return table([head, ...rows]);
}
