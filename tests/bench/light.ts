/**
 * How light the command is: its start, and its memory while much goes through it.
 *
 * @module
 */
import { archive } from "../../lib/files/archive.ts";
import { readTree } from "../../lib/files/tree.ts";
import { start } from "../../lib/process.ts";
import { connect } from "../../lib/steps/connect.ts";
import { startContainer } from "../support/loopback/mod.ts";
import { type Measured, seconds, summary, table } from "./measure.ts";
import { peakMemory } from "./once.ts";

const MIB = 1024 * 1024;
const CLI = new URL("../../cli.ts", import.meta.url).href;

/** What was measured. */
export interface Light {
  /** Milliseconds of `--help`, from start to end. */
  readonly help: Measured;
  /** Milliseconds from the start of the command to its connection to the target. */
  readonly firstByte: Measured;
  /** Milliseconds to send {@linkcode Light.bytes} of extra files. */
  readonly files: Measured;
  /** Milliseconds that `tar | ssh tar` takes for the same files. */
  readonly tar: Measured;
  readonly bytes: number;
  /** The most memory our process had meanwhile, in bytes. */
  readonly memory: number;
}

/** Measures start and memory. `mebibytes` is how much is sent. */
export async function benchLight(runs: number, mebibytes: number): Promise<Light> {
  const help: number[] = [];
  await run([Deno.execPath(), "run", "--quiet", "-A", CLI, "--help"]); // the cache
  for (let i = 0; i < Math.max(9, runs); i++) {
    help.push((await run([Deno.execPath(), "run", "--quiet", "-A", CLI, "--help"])).ms);
  }
  const firstByte: number[] = [];
  for (let i = 0; i < Math.max(9, runs); i++) firstByte.push(await connectOnce());
  const folder = await Deno.makeTempDir({ prefix: "bench-files-", dir: "/dev/shm" });
  try {
    await Deno.mkdir(`${folder}/files`);
    const block = crypto.getRandomValues(new Uint8Array(64 * 1024));
    for (let i = 0; i < 8; i++) {
      using file = await Deno.create(`${folder}/files/${i}`);
      const blocks = Array.from({ length: mebibytes * MIB / 8 / block.length }, () => block);
      await ReadableStream.from(blocks).pipeTo(file.writable, { preventClose: true });
    }
    const [files, tar]: [number[], number[]] = [[], []];
    let memory = 0;
    for (let i = 0; i < runs; i++) {
      await using container = await startContainer();
      const args = [`${folder}/files`, `${container.port}`, container.identityFile];
      const once = await run([Deno.execPath(), "run", "--quiet", "-A", import.meta.url, ...args]);
      const { ms, memory: peak } = JSON.parse(once.stdout);
      files.push(ms);
      memory = Math.max(memory, peak);
      await container.run("rm -rf /root/files");
      const ssh = "ssh -i $3 -p $2 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null";
      const pipe = `tar -C "$1" -c . | ${ssh} -o LogLevel=ERROR root@127.0.0.1 ${RECEIVE}`;
      tar.push((await run(["sh", "-c", pipe, "tar", ...args])).ms);
    }
    const bytes = mebibytes * MIB;
    return {
      ...{ help: summary(help), firstByte: summary(firstByte) },
      ...{ files: summary(files), tar: summary(tar), bytes, memory },
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** How long the command takes until it connects to its target; it is ended then. */
async function connectOnce(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "bench-flake-" });
  try {
    const flake = "{ outputs = _: { nixosConfigurations.x.config.system.build = { }; }; }";
    await Deno.writeTextFile(`${folder}/flake.nix`, flake);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    // Nothing is evaluated for kexec alone.
    const phases = ["--flake", `path:${folder}#x`, "--phases", "kexec"];
    const words = [...phases, "-p", `${listener.addr.port}`, "root@127.0.0.1"];
    const began = performance.now();
    await using child = start([Deno.execPath(), "run", "--quiet", "-A", CLI, ...words]);
    const said = [child.stdout, child.stderr].map((output) => new Response(output).bytes());
    const connection = await Promise.race([listener.accept(), child.status]);
    const ms = performance.now() - began;
    if ("code" in connection) {
      throw new Error(`it ended with ${connection.code} instead of connecting`);
    }
    connection.close();
    await Promise.all([...said, child.status]);
    return ms;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const RECEIVE = "'mkdir /root/files && tar -C /root/files -x'";

/** The numbers as a table. */
export function lightTable({ help, firstByte, files, tar, bytes, memory }: Light): string {
  const size = `${bytes / MIB} MiB of files`;
  return table([
    ["what", "measured"],
    ["--help", `${help.median.toFixed(0)} ms`],
    ["first byte to the target", `${firstByte.median.toFixed(0)} ms`],
    [`${size}, ours`, `${seconds(files.median)} s`],
    [`${size}, tar | ssh tar`, `${seconds(tar.median)} s`],
    ["our rate / tar's", (tar.median / files.median).toFixed(2)],
    ["our peak of memory", `${(memory / MIB).toFixed(0)} MiB`],
  ]);
}

async function run([program = "", ...args]: string[]): Promise<{ ms: number; stdout: string }> {
  const began = performance.now();
  const child = new Deno.Command(program, { args, stdin: "null" });
  const { success, stdout, stderr } = await child.output();
  const ms = performance.now() - began;
  if (!success) throw new Error(new TextDecoder().decode(stderr).slice(-1000));
  return { ms, stdout: new TextDecoder().decode(stdout) };
}

if (import.meta.main) {
  const [folder = "", port, identityFile = ""] = Deno.args;
  const began = performance.now();
  const options = { port: Number(port), identityFile, hostKey: "off" } as const;
  await using session = await connect("root@127.0.0.1", options);
  const stream = await archive(await readTree(folder));
  await session.pipe(stream, ["sh", "-c", "mkdir /root/files && tar -C /root/files -x"]);
  const ms = performance.now() - began;
  const memory = peakMemory(await Deno.readTextFile("/proc/self/status"));
  console.log(JSON.stringify({ ms, memory }));
}
