/**
 * A throwaway virtual machine: a plain Linux with an empty disk, reached over ssh, that may be installed over.
 *
 * @module
 */
import type { Images } from "./images.ts";
import { freePorts, sendsBanner } from "./ports.ts";
import { Qemu, type QemuOptions } from "./qemu.ts";
import { seedInitrd } from "./seed.ts";

// The kernel's protection against other users of the processor, page tables for each system call among it, takes a quarter
// of what emulation costs. All three systems have these words.
const COMMAND_LINE =
  "console=ttyS0 panic=30 loglevel=4 no_timer_check mitigations=off init_on_alloc=0";
/** How long the first look waits for the banner. Each later one waits longer: a guest on a busy machine is slow. */
const FIRST_LOOK = 2000;
const LONGEST_LOOK = 30_000;

export interface MachineOptions {
  /** Lines of authorized_keys for root, admin and fisher (sudo) and operator (doas) of the first system. */
  readonly authorizedKeys: readonly string[];
  /** @default {2048} */
  readonly memoryMiB?: number | undefined;
  /** Whether the hardware's virtualisation is used in place of emulation. @default {false} */
  readonly kvm?: boolean | undefined;
  /** Processors. @default {2} */
  readonly cpus?: number | undefined;
  /** Whether the emulated processor has AVX, which makes it slower. @default {false} */
  readonly avx?: boolean | undefined;
  /** @default {2048} */
  readonly diskMiB?: number | undefined;
  /** Lets root, admin and operator log in with a password as well. */
  readonly password?: string | undefined;
  /** Further ports of the guest to reach from here; see {@linkcode Machine.ports}. */
  readonly extraPorts?: readonly number[] | undefined;
  /** How long the first system may take to answer, in milliseconds. @default {600000} */
  readonly timeout?: number | undefined;
  readonly report?: ((line: string) => void) | undefined;
  /** Ends the machine, also later. */
  readonly signal?: AbortSignal | undefined;
}

/** A running machine. When its guest restarts, it starts again from its disk. */
export class Machine implements AsyncDisposable {
  readonly host = "127.0.0.1";
  /** Leads to the guest's port 22, whatever runs there. */
  readonly port: number;
  /** The guest's ports and those on {@linkcode Machine.host} that lead to them. */
  readonly ports: ReadonlyMap<number, number>;
  /** The first system's public host keys: type, key and comment. */
  readonly hostKeys: readonly string[];
  /** Settles when the machine is off for good; its value says why. */
  readonly off: Promise<string>;
  readonly #folder: string;
  readonly #unlisten: () => void;
  #qemu: Qemu;
  #starts = 1;
  #poweredOff = false;

  /** Use {@linkcode startMachine}. */
  constructor(
    folder: string,
    qemu: Qemu,
    options: QemuOptions,
    hostKeys: readonly string[],
    { report = () => {}, signal }: Pick<MachineOptions, "report" | "signal">,
  ) {
    const ports = new Map([...options.ports].map(([here, there]) => [there, here]));
    this.port = ports.get(22) ?? 0;
    this.ports = ports;
    this.hostKeys = hostKeys;
    this.#folder = folder;
    this.#qemu = qemu;
    const onAbort = () => this.powerOff();
    signal?.addEventListener("abort", onAbort);
    this.#unlisten = () => signal?.removeEventListener("abort", onAbort);
    this.off = this.#keepRunning({ ...options, direct: undefined }, report);
  }

  /** How often the machine was switched on or restarted; kexec does not count. */
  get starts(): number {
    return this.#starts;
  }

  /** The emulator's process id. */
  get pid(): number {
    return this.#qemu.pid;
  }

  /** The serial console so far, with sshd's log of every stage and lines that name the stages. */
  async console(): Promise<string> {
    return await Deno.readTextFile(`${this.#folder}/console`).catch(() => "");
  }

  /** Cuts the power at once; the machine stays off. */
  powerOff(): void {
    this.#poweredOff = true;
    this.#qemu.kill();
  }

  /** Waits until an ssh server of the guest answers; throws when the machine is off or the time is up. */
  async answers(timeout: number): Promise<void> {
    const deadline = performance.now() + timeout;
    let off: string | undefined;
    this.off.then((reason) => off = reason);
    for (
      let patience = FIRST_LOOK;
      !await sendsBanner(this.port, patience);
      patience = Math.min(patience * 1.3, LONGEST_LOOK)
    ) {
      const why = off ??
        (performance.now() > deadline ? `nothing within ${timeout / 1000} s` : undefined);
      if (why !== undefined) {
        throw new Error(
          `Cannot reach the machine's ssh server: ${why}\n${(await this.console()).slice(-2000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unlisten();
    this.powerOff();
    await this.off;
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #keepRunning(options: QemuOptions, report: (line: string) => void): Promise<string> {
    while (true) {
      const ending = await this.#qemu.ended;
      if (this.#poweredOff) return "powered off";
      if (ending.reason === "stopped") return ending.said;
      report("the machine restarts from its disk");
      this.#starts++;
      this.#qemu = new Qemu(options);
    }
  }
}

/** Starts a machine; resolves when its first system's ssh server answers. Dispose of it to end it. */
export async function startMachine(images: Images, options: MachineOptions): Promise<Machine> {
  const { memoryMiB = 2048, kvm = false, diskMiB = 2048, extraPorts = [], timeout = 600_000 } =
    options;
  const { cpus, avx, report = () => {}, signal } = options;
  signal?.throwIfAborted();
  const started = performance.now();
  await removeOrphans();
  const folder = await Deno.makeTempDir({ prefix: `vm-machine-${Deno.pid}-` });
  let machine: Machine | undefined;
  try {
    const { initrd, hostKeys } = await seedInitrd(folder, images.targetInitrd, options);
    const disk = `${folder}/disk`;
    await Deno.writeFile(disk, new Uint8Array());
    await Deno.truncate(disk, diskMiB * 1024 * 1024);
    const guestPorts = [22, ...extraPorts];
    const setup: QemuOptions = {
      ...{ disk, memoryMiB, kvm, cpus, avx },
      console: `${folder}/console`,
      ports: new Map(
        freePorts(guestPorts.length).map((port, index) => [port, guestPorts[index] ?? 22]),
      ),
      direct: { kernel: images.kernel, initrd, commandLine: COMMAND_LINE },
    };
    machine = new Machine(folder, new Qemu(setup), setup, hostKeys, { report, signal });
    await machine.answers(timeout);
    signal?.throwIfAborted();
  } catch (error) {
    if (machine) await machine[Symbol.asyncDispose]();
    else await Deno.remove(folder, { recursive: true });
    throw error;
  }
  report(
    `the machine answers on port ${machine.port} after ${
      ((performance.now() - started) / 1000).toFixed(1)
    } s`,
  );
  return machine;
}

/** Removes what processes left behind that were killed; their QEMU died with them. */
async function removeOrphans(): Promise<void> {
  const parent = Deno.env.get("TMPDIR") || "/tmp";
  for await (const { name } of Deno.readDir(parent)) {
    const pid = /^vm-(?:machine|scene)-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || await Deno.stat(`/proc/${pid}`).then(() => true, () => false)) {
      continue;
    }
    await Deno.remove(`${parent}/${name}`, { recursive: true }).catch(() => {});
  }
}
