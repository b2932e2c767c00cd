/**
 * How fast closures are copied: each closure over each link, each way in turn.
 *
 * The target is a container on this machine that writes to memory, in a network namespace of its own with a link between
 * (wide_area.ts). Both ends share this machine's processors, which no real copy does.
 *
 * @module
 */
import { startContainer } from "../support/loopback/mod.ts";
import { NIX_CONFIG } from "../vm/nix.ts";
import type { ClosureName } from "./closure.ts";
import { type Host, HOSTS, loadAverage, startLoad } from "./host_load.ts";
import { type Measured, seconds, summary, table } from "./measure.ts";
import { processorTime, WAYS } from "./once.ts";
import { startWideArea } from "./wide_area.ts";

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
  { name: "5ms-100Mbit", rtt: 5, bytesPerSecond: 12_500_000 },
  { name: "10ms-1Gbit", rtt: 10, bytesPerSecond: 125_000_000 },
  { name: "30ms-1Gbit", rtt: 30, bytesPerSecond: 125_000_000 },
  { name: "50ms-100Mbit", rtt: 50, bytesPerSecond: 12_500_000 },
  { name: "100ms-1Gbit", rtt: 100, bytesPerSecond: 125_000_000 },
  { name: "200ms-1Gbit", rtt: 200, bytesPerSecond: 125_000_000 },
];

/** A way is stopped after so many milliseconds. */
export const PATIENCE = 300_000;

/** One cell of the table. */
export interface Cell {
  readonly closure: ClosureName;
  readonly link: string;
  readonly host: Host;
  readonly way: string;
  /** Milliseconds, the login included; absent when the way was stopped or failed. */
  readonly ms?: Measured;
  /** The most memory our own process had, in bytes. */
  readonly memory?: number;
  /** Bytes that went over the link to the target, the last time. */
  readonly sent?: number;
  /** Seconds of processors that both ends took: the median. */
  readonly cpu?: number | undefined;
  /** This machine's load average, over a minute, when a copy ended: the median. With the copy's own it is about 1.5 on a quiet one. */
  readonly load?: number;
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
  /** Folders of other checkouts, whose own way is measured too, by the names it gets. */
  readonly checkouts: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

/** The ways to copy that are compared. */
function waysOf({ checkouts }: Pick<CopyingOptions, "checkouts">): string[] {
  return [...Object.keys(checkouts), ...WAYS];
}

/** All that is the same for the ways that are compared. */
interface Place {
  readonly link: BenchLink;
  readonly host: Host;
}

const PLACES: readonly Place[] = LINKS.flatMap((link) => HOSTS.map((host) => ({ link, host })));

function cellName(closure: ClosureName, { link, host }: Place, way: string): string {
  return `${closure}/${link.name}/${host}/${way}`;
}

/** The names of all cells of a closure. */
export function copyingNames(
  closure: ClosureName,
  options: Pick<CopyingOptions, "checkouts">,
): string[] {
  return PLACES.flatMap((place) => waysOf(options).map((way) => cellName(closure, place, way)));
}

/** Measures every wanted cell: each way once, and all of that again, so that all ways see the same load. */
export async function benchCopying(options: CopyingOptions): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const [closure, path] of Object.entries(options.paths)) {
    for (const place of PLACES) {
      const ways = waysOf(options).filter((way) =>
        options.wanted(cellName(closure as ClosureName, place, way))
      );
      cells.push(...await measure(closure as ClosureName, path, place, ways, options));
    }
  }
  return cells;
}

/** What one copy has taken. */
interface Once {
  readonly ms: number;
  readonly memory: number;
  readonly sent: number;
  readonly load: number;
  /** Absent where a checkout does not tell. */
  readonly cpu: number | undefined;
}

async function measure(
  closure: ClosureName,
  path: string,
  place: Place,
  ways: readonly string[],
  options: CopyingOptions,
): Promise<Cell[]> {
  const runs = new Map<string, Once[]>(ways.map((way) => [way, []]));
  const problems = new Map<string, string>();
  for (let run = 0; run < options.runs; run++) {
    for (const way of ways) {
      if (problems.has(way)) continue;
      const once = await copyOnce(way, path, place, options);
      const what = typeof once === "string" ? once : `${seconds(once.ms)} s, load ${once.load}`;
      options.log(`${cellName(closure, place, way)}: ${what}`);
      if (typeof once === "string") problems.set(way, once);
      else runs.get(way)?.push(once);
    }
  }
  return Array.from(runs, ([way, all]) => {
    const problem = problems.get(way);
    const cell = { closure, link: place.link.name, host: place.host, way };
    if (problem !== undefined) return { ...cell, problem };
    const ours = way === "ours" && { memory: Math.max(...all.map(({ memory }) => memory)) };
    const load = summary(all.map((one) => one.load)).median;
    const times = all.flatMap(({ cpu }) => cpu === undefined ? [] : [cpu]);
    const cpu = times.length > 0 ? summary(times).median : undefined;
    const ms = summary(all.map((one) => one.ms));
    return { ...cell, ms, sent: all.at(-1)!.sent, load, cpu, ...ours };
  });
}

async function copyOnce(
  way: string,
  path: string,
  { link, host }: Place,
  { store, nix, checkouts }: CopyingOptions,
): Promise<Once | string> {
  await using area = link.rtt === 0 ? undefined : await startWideArea(link);
  // A new one each time: the closure must not be there yet.
  await using container = await startContainer({
    setup: nix ? `ln -sf ${nix}/* /usr/local/bin/\n` : "",
    ...area && { address: area.address, port: 22, enter: area.there },
  });
  await using _load = startLoad(host);
  const own = new URL("once.ts", import.meta.url).href;
  const other = checkouts[way];
  const script = other === undefined ? own : `${other}/tests/bench/once.ts`;
  // `timeout` ends the whole group: nix, its ssh, and what they feed.
  const [program = "", ...args] = [...area?.here ?? [], "timeout", `${PATIENCE / 1000}`].concat([
    ...[Deno.execPath(), "run", "--quiet", "-A", script],
    ...[
      other === undefined ? way : "ours",
      path,
      container.host,
      `${container.port}`,
      container.identityFile,
    ],
  ]);
  const child = new Deno.Command(program, {
    args,
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
  if (code !== 0) return `failed: ${text(stderr).trim().slice(-300)}`;
  const there = await container.run(`nix-store --check-validity ${path}`);
  if (there.code !== 0) return "did not arrive";
  const stats = (await container.run("cat /proc/[0-9]*/stat 2>/dev/null")).stdout.trim().split(
    "\n",
  );
  const far = stats.reduce((sum, line) => sum + processorTime(line), 0);
  const once = JSON.parse(text(stdout));
  return {
    ...once,
    cpu: once.cpu === undefined ? undefined : once.cpu + far,
    load: loadAverage(),
  };
}

/** The table, with seconds of processors in brackets: a line for each closure, link and host, a column for each way, and how ours compares with the best. */
export function copyingTable(cells: readonly Cell[]): string {
  const lines = Map.groupBy(cells, ({ closure, link, host }) => `${closure}, ${link}, ${host}`);
  const ways = [...new Set(cells.map(({ way }) => way))];
  const head = ["closure, link, host", ...ways, "ours / best of plain nix", "load"];
  const rows = Array.from(lines, ([key, row]) => {
    const shown = ways.map((way) => {
      const cell = row.find((cell) => cell.way === way);
      if (!cell?.ms) return cell?.problem ?? "";
      const cpu = cell.cpu === undefined ? "" : ` (${cell.cpu.toFixed(1)})`;
      return `${seconds(cell.ms.median)} ±${Math.round(50 * cell.ms.spread)} %${cpu}`;
    });
    const ours = row.find(({ way }) => way === "ours")?.ms?.median;
    const nix = row.flatMap(({ way, ms }) => NIX.includes(way) && ms ? [ms.median] : []);
    const compared = ours && nix.length > 0 ? (ours / Math.min(...nix)).toFixed(2) : "";
    const loads = row.flatMap(({ load }) => load === undefined ? [] : [load]);
    return [
      key,
      ...shown,
      compared,
      `${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`,
    ];
  });
  return table([head, ...rows]);
}

const NIX = ["ssh", "ssh-ng"];
