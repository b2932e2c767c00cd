/**
 * One machine, the network to it, and the user who installs it.
 *
 * @module
 */
import {
  type ContainerOptions,
  freePort,
  type KexecOptions,
  type Machine,
  startMachine,
  writeKexec,
} from "../loopback/mod.ts";
import type { InstallSettings } from "../../../lib/plan/options.ts";
import { type Relay, startRelay } from "../relay.ts";
import { type Breakpoint, STOPPING_RUN, systems, type SystemsOptions } from "./systems.ts";
import { type Ended, type Running, Sandbox } from "./sandbox.ts";

/** What a fixture is made of. */
export interface FixtureOptions extends SystemsOptions {
  /** More of the kexec image. */
  readonly image?: KexecOptions | undefined;
  /** What the image's file is called. @default "image.tar.gz" */
  readonly imageName?: string | undefined;
  /** Whether the machine runs the installer from the start. @default false */
  readonly inInstaller?: boolean | undefined;
  /** Whether installer and new system have an ssh port of their own, past the relay. @default false */
  readonly otherPort?: boolean | undefined;
  /** How fast the network is. @default no limit */
  readonly bytesPerSecond?: number | undefined;
}

function boot(options: FixtureOptions, same: ContainerOptions = {}): Promise<Machine> {
  const [target, installer, installed] = systems(options);
  return options.inInstaller
    ? startMachine({ ...installer, ...same }, installed)
    : startMachine({ ...target, ...same }, installer, installed);
}

/** A machine that can be installed, and a place to do it from. Disposal ends and removes all of it. */
export class Fixture implements AsyncDisposable {
  /** Of the relay: bytes after which it cuts or freezes everything. */
  cutAt = Infinity;
  freezeAt = Infinity;

  /** What goes with the fixture. */
  readonly owned: AsyncDisposableStack = new AsyncDisposableStack();
  readonly #key: string;

  private constructor(
    readonly options: FixtureOptions,
    readonly sandbox: Sandbox,
    public machine: Machine,
    public relay: Relay,
    /** The file of the kexec image. */
    readonly image: string,
  ) {
    this.#key = machine.container.identity.privateKey;
  }

  /** Opens a fixture. */
  static async open(given: FixtureOptions): Promise<Fixture> {
    const port2 = given.otherPort ? freePort() : undefined;
    const options: FixtureOptions = port2 === undefined ? given : {
      ...given,
      installer: { ...given.installer, port: port2 },
      installed: { ...given.installed, port: port2 },
    };
    await using stack = new AsyncDisposableStack();
    const sandbox = stack.use(await Sandbox.make());
    const image = `${sandbox.folder}/${options.imageName ?? "image.tar.gz"}`;
    await writeKexec(image, { run: STOPPING_RUN, ...options.image });
    const machine = stack.use(await boot(options));
    const { host, port } = machine;
    const thresholds = { cut: () => Infinity, freeze: () => Infinity };
    const relay = stack.use(
      await startRelay({
        to: { host, port },
        ...(options.bytesPerSecond && { bytesPerSecond: options.bytesPerSecond }),
        get cutAfterBytes() {
          return thresholds.cut();
        },
        get freezeAfterBytes() {
          return thresholds.freeze();
        },
      }),
    );
    const fixture = new Fixture(options, sandbox, machine, relay, image);
    thresholds.cut = () => fixture.cutAt;
    thresholds.freeze = () => fixture.freezeAt;
    stack.move();
    return fixture;
  }

  /** The ssh port of the installer and the new system, where they have one of their own. */
  get otherPort(): number | undefined {
    return this.options.installer?.port;
  }

  /** The words that reach the machine. */
  get reach(): string[] {
    const { sandbox, relay: { host, port } } = this;
    return [
      ...["-p", `${port}`, "--post-kexec-ssh-port", `${port}`],
      ...["--known-hosts", `${sandbox.folder}/known_hosts`, `root@${host}`],
    ];
  }

  /** The options that reach the machine, by way of the relay or, with `machine`, without it. */
  by(way: "relay" | "machine"): InstallSettings {
    const { sandbox, image } = this;
    const { host, port } = this[way];
    return {
      host: `root@${host}`,
      sshPort: port,
      postKexecSshPort: port,
      privateKey: this.key,
      knownHosts: `${sandbox.folder}/known_hosts`,
      kexec: image,
    };
  }

  /** The words that install store paths on the machine. */
  get words(): string[] {
    const { disko, system } = this.options.parts;
    return ["--debug", "--kexec", this.image, "-s", disko, system, ...this.reach];
  }

  /** The text of the key that lets the user in. */
  get key(): string {
    return this.#key;
  }

  /** Starts the command with the user's key in its environment. */
  start(words: readonly string[], env: Record<string, string> = {}, bound?: number): Running {
    return this.sandbox.start(words, { SSH_PRIVATE_KEY: this.key, ...env }, bound);
  }

  /** Waits until a run has come to a gate. */
  async at(breakpoint: Breakpoint, running: Running): Promise<void> {
    await running.until(() => this.passed(breakpoint), 20);
  }

  /** Runs the command to its end. */
  run(words: readonly string[], env?: Record<string, string>, bound?: number): Promise<Ended> {
    return this.start(words, env, bound).end;
  }

  /** Whether a run has come to a gate, on whatever system. */
  async passed(breakpoint: Breakpoint): Promise<boolean> {
    const texts = this.machine.containers.map(({ shared }) =>
      Deno.readTextFile(`${shared}/gates`).catch(() => "")
    );
    return (await Promise.all(texts)).some((text) => text.split("\n").includes(breakpoint));
  }

  /** Ends the machine as when the power goes: nobody says goodbye. */
  async powerOff(): Promise<void> {
    this.relay.freeze();
    await this.machine.container.end();
  }

  /** Turns the machine on again: it runs its old system. */
  async powerOn(): Promise<void> {
    const { port, identity, hostKeys } = this.machine.container;
    await this.machine[Symbol.asyncDispose]();
    this.machine = await boot({ ...this.options, breakpoints: {} }, { port, identity, hostKeys });
    this.relay.cut();
    this.relay.thaw();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.owned.disposeAsync();
    await this.relay[Symbol.asyncDispose]();
    await this.machine[Symbol.asyncDispose]();
    await this.sandbox[Symbol.asyncDispose]();
  }
}
