/** One run of QEMU: from its start to its end, and why it ended. */
import { TextLineStream } from "./lines.ts";

/** Instructions for AES but no AVX: libraries choose code for AVX that emulation makes slower. */
const EMULATED_CPU = "Westmere,+rdrand";
/** The same with AVX: what a hash costs on it is several times as much. */
const SLOW_CPU = "Haswell,+rdrand,-hle,-rtm";

/** How one run of QEMU is set up. */
export interface QemuOptions {
  readonly disk: string;
  /** The file that the serial console is appended to. */
  readonly console: string;
  readonly memoryMiB: number;
  readonly kvm: boolean;
  /** Processors. @default {2} */
  readonly cpus?: number | undefined;
  /** Whether the emulated processor has AVX, which makes it slower. @default {false} */
  readonly avx?: boolean | undefined;
  /** Pairs of a port on 127.0.0.1 and the guest's port it leads to. */
  readonly ports: ReadonlyMap<number, number>;
  /** What to boot instead of the disk. */
  readonly direct?: {
    readonly kernel: string;
    readonly initrd: string;
    readonly commandLine: string;
  } | undefined;
}

/** Why QEMU ended: the guest restarted itself, or anything else. */
export type Ending = { readonly reason: "reset" } | {
  readonly reason: "stopped";
  readonly said: string;
};

/** QEMU's arguments; it ends when the guest restarts. */
export function qemuArguments(options: QemuOptions): string[] {
  const { disk, console, memoryMiB, kvm, cpus = 2, avx = false, ports, direct } = options;
  const forwards = [...ports].map(([here, there]) => `,hostfwd=tcp:127.0.0.1:${here}-:${there}`);
  return [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-machine", "pc", "-smp", `${cpus}`, "-m", `${memoryMiB}`],
    ...(kvm
      ? ["-accel", "kvm", "-cpu", "host"]
      : ["-accel", "tcg,thread=multi", "-cpu", avx ? SLOW_CPU : EMULATED_CPU]),
    ...["-chardev", `file,id=console,path=${console},append=on`, "-serial", "chardev:console"],
    // Why the guest stopped is told on this channel only.
    ...["-qmp", "stdio"],
    // The disk is thrown away with the machine: nothing has to reach the hardware.
    ...["-drive", `file=${disk},format=raw,if=none,id=disk,cache=unsafe,discard=unmap`],
    ...["-device", `virtio-blk-pci,drive=disk${direct ? "" : ",bootindex=0"}`],
    ...[
      "-netdev",
      `user,id=net${forwards.join("")}`,
      "-device",
      "virtio-net-pci,netdev=net,romfile=",
    ],
    ...["-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng"],
    ...(direct
      ? ["-kernel", direct.kernel, "-initrd", direct.initrd, "-append", direct.commandLine]
      : []),
  ];
}

/** A running QEMU. */
export class Qemu {
  /** Settles when QEMU has ended, for whatever reason. */
  readonly ended: Promise<Ending>;
  readonly #child: Deno.ChildProcess;
  #gone = false;

  constructor(options: QemuOptions) {
    // The kernel kills QEMU when this process dies, however it dies.
    this.#child = new Deno.Command("setpriv", {
      args: ["--pdeathsig", "KILL", "qemu-system-x86_64", ...qemuArguments(options)],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.ended = this.#watch();
  }

  /** Its process id: `setpriv` becomes QEMU. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Ends QEMU at once, as a power cut would. */
  kill(): void {
    if (this.#gone) return;
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself in the meantime.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async #watch(): Promise<Ending> {
    let reason = "";
    const writer = this.#child.stdin.getWriter();
    // Events flow once capabilities have been negotiated. QEMU may be dead already: its status tells.
    writer.write(new TextEncoder().encode('{"execute":"qmp_capabilities"}\n')).catch(() => {});
    const said = new Response(this.#child.stderr).text();
    const lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(
      new TextLineStream(),
    );
    for await (const line of lines) {
      const event = parse(line);
      if (event.event === "SHUTDOWN") reason = event.data?.reason ?? "";
    }
    const status = await this.#child.status;
    this.#gone = true;
    await writer.close().catch(() => {});
    if (reason === "guest-reset" && status.success) return { reason: "reset" };
    return { reason: "stopped", said: (await said).trim() || reason || `code ${status.code}` };
  }
}

function parse(line: string): { event?: string; data?: { reason?: string } } {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}
