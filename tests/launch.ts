/**
 * Runs Deno with a registry that answers.
 *
 * `deno run -A tests/launch.ts ARGS…` is `deno ARGS…`, after one decision: where `@std` comes from.
 * JSR, when everything this tree imports from it loads (Deno's cache counts, so an offline machine
 * that has been online is fine). Otherwise the small stand-ins in `tests/jsr`, through `JSR_URL`.
 * A `JSR_URL` that is set already is left alone.
 *
 * `NIXOS_ANYWHERE_TEST_REGISTRY` names a registry to try first in the place of JSR; the launcher's
 * own test uses it.
 *
 * Nothing here may import `@std`: this file runs before there is a registry.
 *
 * @module
 */

/** When the probe is given up, counted from the launcher's start: three seconds are promised. */
const DEADLINE_MILLISECONDS = 2_300;
const ROOT = new URL("../", import.meta.url);
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** The folder that stands in for the registry, as the value `JSR_URL` takes. */
export const STAND_INS: string = new URL("./jsr/", import.meta.url).href;

/** Every `@std/…` specifier the given files and folders import, sorted. */
export async function importedFromStd(paths: readonly URL[]): Promise<string[]> {
  const found = new Set<string>();
  for (const path of paths) await collect(path, found);
  return [...found].sort();
}

async function collect(path: URL, found: Set<string>): Promise<void> {
  const info = await Deno.stat(path).catch(() => undefined);
  if (info?.isDirectory) {
    const folder = new URL(`${path.href.replace(/\/$/, "")}/`);
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.startsWith(".")) await collect(new URL(encodeURIComponent(name), folder), found);
    }
  } else if (info?.isFile && path.pathname.endsWith(".ts")) {
    const source = await Deno.readTextFile(path);
    for (const match of source.matchAll(/\b(?:from|import\(?)\s*"(@std\/[\w./-]+)"/g)) {
      if (match[1]) found.add(match[1]);
    }
  }
}

/** The environment to add for the child: empty for JSR, else a `JSR_URL`. */
export async function chooseRegistry(): Promise<Record<string, string>> {
  if (Deno.env.get("JSR_URL")) return {};
  const first = Deno.env.get("NIXOS_ANYWHERE_TEST_REGISTRY");
  const registry: Record<string, string> = first ? { JSR_URL: first } : {};
  return await loads(registry) ? registry : { JSR_URL: STAND_INS };
}

/**
 * Whether a Deno with this environment can import what the tree imports. Another process, as an
 * import cannot be abandoned: on a network that accepts and never answers it would go on.
 */
async function loads(env: Record<string, string>): Promise<boolean> {
  const sources = ["mod.ts", "cli.ts", "lib", "tests", "examples"];
  const specifiers = await importedFromStd(sources.map((name) => new URL(name, ROOT)));
  await using probe = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", import.meta.url, "--probe", ...specifiers],
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(
      () => resolve(false),
      Math.max(1, DEADLINE_MILLISECONDS - performance.now()),
    );
  });
  const answer = await Promise.race([probe.status.then(({ success }) => success), late]);
  clearTimeout(timer);
  if (!answer) kill(probe, "SIGKILL");
  return answer;
}

/**
 * Hands the signals this process gets on to a child, until it is disposed of. Ctrl-C on a terminal
 * reaches the child on its own, and twice would mean "now" to it: there an interrupt is only
 * survived, for the child to say how it ends.
 */
export function supervise(child: Deno.ChildProcess, onSignal = () => {}): Disposable {
  const terminal = [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
  const listeners = SIGNALS.map((signal) => {
    const listener = () => {
      onSignal();
      if (signal !== "SIGINT" || !terminal) kill(child, signal);
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  return { [Symbol.dispose]: () => listeners.forEach((remove) => remove()) };
}

async function run(args: readonly string[], env: Record<string, string>): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env,
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  using _signals = supervise(child);
  return (await child.status).code;
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended already, which is what was wanted.
  }
}

if (import.meta.main) {
  const [first, ...rest] = Deno.args;
  if (first === "--probe") {
    await Promise.all(rest.map((specifier) => import(specifier)));
    Deno.exit(0);
  }
  Deno.exit(await run(Deno.args, await chooseRegistry()));
}
