/**
 * A store of this machine's own for the tests of copying, and targets to copy to.
 *
 * @module
 */
import { copyClosure, type CopyOptions } from "../../lib/copy/transfer/copy_closure.ts";
import { rootedStore } from "../../lib/nix/store.ts";
import type { ReportEvent } from "../../lib/report/events.ts";
import type { Session } from "../../lib/ssh/session.ts";
import { importClosure, type Item } from "../bench/closure.ts";
import type { Container } from "../support/loopback/mod.ts";
import { NIX_CONFIG } from "../vm/nix.ts";
import { ignore } from "../ssh/fixture.ts";

/** Makes the store in which {@linkcode make} puts paths the one of every nix here, while the file's tests run. */
export function ownStore(): (items: readonly Item[]) => Promise<string> {
  let folder = "";
  const before = new Map<string, string | undefined>();
  const set = (name: string, value: string | undefined) => {
    before.set(name, before.has(name) ? before.get(name) : Deno.env.get(name));
    if (value === undefined) Deno.env.delete(name);
    else Deno.env.set(name, value);
  };
  if (!ignore) {
    Deno.test.beforeAll(async () => {
      folder = await Deno.makeTempDir({ prefix: "store-" });
      set("NIX_REMOTE", `local?root=${folder}`);
      set("NIX_CONFIG", NIX_CONFIG);
    });
    Deno.test.afterAll(async () => {
      for (const [name, value] of before) set(name, value);
      // Store paths are read-only, folders too.
      await new Deno.Command("chmod", { args: ["-R", "u+w", folder] }).output();
      await Deno.remove(folder, { recursive: true });
    });
  }
  return (items) => importClosure(items, `local?root=${folder}`);
}

/** A path of `bytes` that refers to others by index. */
export function item(name: string, bytes: number, references: readonly number[] = []): Item {
  return { name, bytes, references };
}

/** What a copy reported. */
export interface Told {
  readonly events: readonly ReportEvent[];
  /** Paths sent from here, as the log says. */
  readonly sent: number | undefined;
  /** Paths that the target fetched itself. */
  readonly substituted: number | undefined;
  /** Lines of the log that are warnings. */
  readonly warnings: readonly string[];
  /** Milliseconds. */
  readonly took: number;
}

/** Copies, and says what was reported. */
export async function copy(
  session: Session,
  path: string | readonly string[],
  options: CopyOptions = {},
): Promise<Told> {
  const events: ReportEvent[] = [];
  const began = performance.now();
  await copyClosure(session, path, { ...options, report: (event) => void events.push(event) });
  const took = performance.now() - began;
  const logs = events.flatMap((event) => event.type === "log" ? [event] : []);
  const counts = logs.flatMap(({ text }) => {
    const match = /^(\d+) of \d+ store paths sent, (\d+) fetched by the target$/.exec(text);
    return match ? [{ sent: Number(match[1]), substituted: Number(match[2]) }] : [];
  })[0];
  const warnings = logs.filter(({ level }) => level === "warning").map(({ text }) => text);
  return { events, sent: counts?.sent, substituted: counts?.substituted, warnings, took };
}

/** The formats of the streams that paths were sent in. */
export function packed(events: readonly ReportEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "log" ? /packed by (\w+)/.exec(event.text)?.[1] ?? [] : []
  );
}

/** How many paths are valid in a store of a container, and whether `path` is one, with all it refers to. */
export async function stored(container: Container, path: string, root = "/"): Promise<number> {
  const store = `--store '${rootedStore(root)}'`;
  const { stdout, code } = await container.run(
    `nix-store ${store} -qR ${path} >/tmp/closure && nix-store ${store} --check-validity $(cat /tmp/closure) &&` +
      ` nix-store ${store} --verify --check-contents >&2 && wc -l </tmp/closure`,
  );
  return code === 0 ? Number(stdout) : 0;
}
