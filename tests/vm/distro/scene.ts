/**
 * A machine that runs Debian, with all that a test of a whole installation has.
 *
 * @module
 */
import { run } from "../build/run.ts";
import { buildImages, flakeFor } from "../images.ts";
import { Machine } from "../machine.ts";
import { freePorts, sendsBanner } from "../ports.ts";
import { Qemu, type QemuOptions } from "../qemu.ts";
import { Fixture } from "../fixture.ts";
import { buildDebian, type DebianImage } from "./image.ts";

// Its journal goes to the console as well: that is where the logins of a machine are read that is gone afterwards.
// Services are given the time that emulation takes.
const COMMAND_LINE = [
  "root=/dev/vda1 ro console=ttyS0 panic=30 no_timer_check",
  "systemd.journald.forward_to_console=1 systemd.show_status=no",
  "systemd.default_timeout_start_sec=900 systemd.default_device_timeout_sec=900",
].join(" ");
/** Emulated, on busy processors, it boots for minutes. */
const BOOT_TIMEOUT = 900_000;

/** How the machine is started; everything has a default. */
export interface DebianFixtureOptions {
  /** @default the release that the variable DEBIAN_RELEASE names, or else this machine's */
  readonly release?: string | undefined;
  /** Packages that it has besides. @default none */
  readonly packages?: readonly string[] | undefined;
  /** @default {2048} */
  readonly memoryMiB?: number | undefined;
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A running Debian. Disposal ends it. */
export class DebianFixture extends Fixture {
  /** Use {@linkcode openDebian}. */
  constructor(readonly debian: DebianImage, ...args: ConstructorParameters<typeof Fixture>) {
    super(...args);
  }
}

/** Starts a machine that runs Debian from its first disk; resolves when its ssh server answers. */
export async function openDebian(options: DebianFixtureOptions = {}): Promise<DebianFixture> {
  const { release = Deno.env.get("DEBIAN_RELEASE"), memoryMiB = 2048 } = options;
  const { packages, report = console.log, signal } = options;
  const debian = await buildDebian({ release, packages, report, signal });
  const images = await buildImages({ report, signal });
  const folder = await Deno.makeTempDir({ prefix: `vm-scene-${Deno.pid}-` });
  let machine: Machine | undefined;
  try {
    await Deno.mkdir(`${folder}/tmp`);
    await Deno.copyFile(debian.identity, `${folder}/id`);
    await Deno.chmod(`${folder}/id`, 0o600);
    const publicKey = (await Deno.readTextFile(`${debian.identity}.pub`)).trim();
    const flake = await flakeFor(images, { authorizedKeys: [publicKey], dir: `${folder}/flake` });
    const started = performance.now();
    machine = await start(debian, { memoryMiB, report, signal });
    await answers(machine);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    report(`Debian ${debian.release} answers on port ${machine.port} after ${seconds} s`);
    const known = machine.hostKeys.map((key) => `[${machine?.host}]:${machine?.port} ${key}\n`);
    await Deno.writeTextFile(`${folder}/known_hosts`, known.join(""));
    return new DebianFixture(debian, folder, images, machine, publicKey, flake);
  } catch (error) {
    await machine?.[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/** Waits for a machine that may need half a minute to greet; each try costs it one connection. */
async function answers(machine: Machine): Promise<void> {
  const deadline = performance.now() + BOOT_TIMEOUT;
  let off: string | undefined;
  machine.off.then((reason) => off = reason);
  while (!await sendsBanner(machine.port, 60_000)) {
    const late = performance.now() > deadline ? `nothing within ${BOOT_TIMEOUT / 1000} s` : off;
    if (late !== undefined) {
      const console = (await machine.console()).slice(-3000);
      throw new Error(`Cannot reach the machine's ssh server: ${late}\n${console}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

async function start(
  debian: DebianImage,
  { memoryMiB, report, signal }:
    & Required<Pick<DebianFixtureOptions, "memoryMiB" | "report">>
    & Pick<DebianFixtureOptions, "signal">,
): Promise<Machine> {
  const folder = await Deno.makeTempDir({ prefix: `vm-machine-${Deno.pid}-` });
  try {
    const disk = `${folder}/disk`;
    await run("cp", ["--sparse=always", "--reflink=auto", debian.disk, disk], { signal });
    const setup: QemuOptions = {
      ...{ disk, memoryMiB: memoryMiB ?? 2048, kvm: false },
      console: `${folder}/console`,
      ports: new Map(freePorts(1).map((port) => [port, 22])),
      direct: { kernel: debian.kernel, initrd: debian.initrd, commandLine: COMMAND_LINE },
    };
    return new Machine(folder, new Qemu(setup), setup, debian.hostKeys, { report, signal });
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/** What sshd's log tells of a boot, the first one being Debian's. */
export interface DebianLogins {
  readonly stage: string;
  /** How many connections came, whatever became of them. */
  readonly connections: number;
  /** Lines such as `Accepted publickey for root from …`. */
  readonly accepted: readonly string[];
  /** Lines of connections that sshd shut out. */
  readonly dropped: readonly string[];
}

/** Reads the logins of all boots so far from the console. */
export async function readLogins(machine: Machine): Promise<DebianLogins[]> {
  const [first = "", ...others] = (await machine.console()).split(/^=== stage: /m);
  return [`target ${first}`, ...others].map((text) => {
    const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([line]) => line.trim());
    return {
      stage: text.slice(0, text.indexOf(" ")),
      // One that is let in is logged once, one that is not as closed, reset or timed out.
      connections: new Set(all(/(?<=from |by (?:\w+ user \S+ )?)[\d.]+ port \d+/g)).size,
      accepted: all(/Accepted \S+ for .*$/gm),
      dropped: all(/.*(?:MaxStartups|drop connection|penalt).*$/gim),
    };
  });
}
