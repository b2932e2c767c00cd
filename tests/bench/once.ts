/**
 * One copy of a closure, in a process of its own; prints its milliseconds, its peak of memory and its seconds of processors as JSON.
 *
 * Each way pays for its own login. Arguments: the way, the closure's path, host, port, identity file.
 *
 * @module
 */
import { copyByStream } from "../../lib/copy/transfer/stream_copy.ts";
import { storePath } from "../../lib/plan/store_path.ts";
import { silent } from "../../lib/report/events.ts";
import { hasAesHere } from "../../lib/ssh/fast_cipher.ts";
import { logIn } from "../../lib/steps/connect.ts";
import { copyClosure } from "../../lib/copy/transfer/copy_closure.ts";

/** The ways to copy a closure that are compared: ours, ours with one format whatever the link, and what can be had without. */
export const WAYS = ["ours", "plain", "zstd", "ssh", "ssh-ng", "export"] as const;
/** A way to copy a closure. */
export type Way = typeof WAYS[number];

// As simple as it gets: everything in one pipe, asking nothing.
const EXPORT = `
nix-store --export $(nix-store -qR "$1") | zstd -1 -c |
ssh -F "$2" target 'zstd -dc | nix-store --import' >/dev/null
`;

async function copy(
  way: Way,
  path: string,
  host: string,
  port: number,
  identityFile: string,
): Promise<void> {
  if (way === "ours" || way === "plain" || way === "zstd") {
    // As to an installer, whose processor is known.
    const login = { port, identityFile, hostKey: "off", aes: await hasAesHere() } as const;
    await using session = await logIn(`root@${host}`, login);
    if (way === "ours") return await copyClosure(session, path);
    const fixed = { plain: "none", zstd: "zstd" } as const;
    await copyByStream(session, [storePath(path)], {
      ...{ root: "/", substitute: true, fresh: false, link: {}, stall: 60_000 },
      ...{ stage: "disko", report: silent, policy: () => fixed[way] },
    });
    return;
  }
  const config = await Deno.makeTempFile({ prefix: "bench-ssh-" });
  const lines = ["Host *", `HostName ${host}`, `Port ${port}`, "User root"].concat([
    ...[`IdentityFile ${identityFile}`, "IdentitiesOnly yes", "StrictHostKeyChecking no"],
    ...["UserKnownHostsFile /dev/null", "LogLevel ERROR", ""],
  ]);
  await Deno.writeTextFile(config, lines.join("\n"));
  const store = way === "ssh" ? "ssh://target?compress=true" : "ssh-ng://target";
  const [program = "", ...args] = way === "export"
    ? ["sh", "-c", EXPORT, "export", path, config]
    : ["nix", "copy", "--no-check-sigs", "--to", store, path];
  const child = new Deno.Command(program, {
    args,
    env: { NIX_SSHOPTS: `-F ${config}` },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  const { success, stderr } = await child.output();
  await Deno.remove(config);
  if (!success) throw new Error(new TextDecoder().decode(stderr).slice(-1000));
}

/** Seconds of processors that a process has had, its children that have ended among them. */
export function processorTime(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 15);
  return fields.reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

/** The most memory that a process has had, in bytes. */
export function peakMemory(status: string): number {
  return 1024 * Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? NaN);
}

if (import.meta.main) {
  const [way, path = "", host = "", port, identityFile = ""] = Deno.args;
  const began = performance.now();
  await copy(way as Way, path, host, Number(port), identityFile);
  const ms = performance.now() - began;
  const memory = peakMemory(await Deno.readTextFile("/proc/self/status"));
  const devices = await Deno.readTextFile("/proc/self/net/dev");
  const sent = Number(/^ *link1:(?: *\d+){8} +(\d+)/m.exec(devices)?.[1] ?? 0);
  const cpu = processorTime(await Deno.readTextFile("/proc/self/stat"));
  console.log(JSON.stringify({ ms, memory, sent, cpu }));
}
