/**
 * Two network namespaces and a link between them: TCP of the kernel with slow start, loss at a full queue and windows
 * of its own, as between two machines far from each other. `wide_area_link.ts` is the link; needs root.
 *
 * @module
 */

/** What a link is like. */
export interface LinkShape {
  /** Milliseconds there and back. */
  readonly rtt: number;
  /** Bytes a second each way. @default no limit */
  readonly bytesPerSecond?: number | undefined;
}

/** A link between two namespaces. Disposal ends both. */
export interface WideArea extends AsyncDisposable {
  /** The address on the target's side. */
  readonly address: string;
  /** The words that run a command on the target's side. */
  readonly there: readonly string[];
  /** The words that run a command on the other side. */
  readonly here: readonly string[];
}

const ADDRESS = "198.18.0.1";

/** As Linux distributions have them, whatever this machine was told. */
const TCP = [
  "net.ipv4.tcp_rmem 4096 131072 6291456",
  "net.ipv4.tcp_wmem 4096 16384 4194304",
];
const settings = TCP.map((line) => {
  const [name = "", ...value] = line.split(" ");
  return `echo ${value.join(" ")} >/proc/sys/${name.replaceAll(".", "/")}`;
}).join("\n");
const side = (name: string, own: string, other: string) =>
  ["set -e", settings, `ip link set lo up`, `ip link set ${name} mtu 1500 up`].concat([
    `ip address add ${own}/32 dev ${name}`,
    `ip route add ${other} dev ${name} src ${own} congctl cubic`,
  ]).join("\n");

/** Makes both namespaces and the link. */
export async function startWideArea({ rtt, bytesPerSecond }: LinkShape): Promise<WideArea> {
  await using stack = new AsyncDisposableStack();
  const hold = (args: string[]) => {
    const child = new Deno.Command("unshare", { args, stdin: "piped", stdout: "piped" }).spawn();
    stack.defer(async () => {
      await child.stdin.close().catch(() => {});
      await child.status;
    });
    return child;
  };
  const far = hold(["--net", "sh", "-c", "echo; exec cat"]);
  const link = hold(
    ["--net", Deno.execPath(), "run", "--quiet", "-A"].concat([
      new URL("wide_area_link.ts", import.meta.url).href,
      ...[`${rtt}`, `${bytesPerSecond ?? Infinity}`],
    ]),
  );
  for (const { stdout } of [far, link]) {
    const reader = stdout.getReader();
    if ((await reader.read()).done) throw new Error("no link: it needs root and /dev/net/tun");
    stack.defer(() => reader.cancel());
  }
  const enter = (pid: number) => ["nsenter", `--net=/proc/${pid}/ns/net`, "--"];
  const [there, here] = [enter(link.pid), enter(far.pid)];
  await sh(there, `ip link set link1 netns ${far.pid}`);
  await sh(there, side("link0", ADDRESS, "198.18.0.2"));
  await sh(here, side("link1", "198.18.0.2", ADDRESS));
  const owned = stack.move();
  return {
    ...{ address: ADDRESS, there, here },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function sh([program = "", ...args]: readonly string[], code: string): Promise<void> {
  const child = new Deno.Command(program, { args: [...args, "sh", "-c", code], stdin: "null" });
  const { success, stderr } = await child.output();
  if (!success) throw new Error(`no link: ${new TextDecoder().decode(stderr)}`);
}
