/**
 * What a test of a whole installation has: a machine, a key that it lets in, a known_hosts file with its host keys, a
 * flake, and a folder for temporary files of its own, so that whatever the command leaves behind is seen.
 *
 * @module
 */
import { run } from "./build/run.ts";
import { buildImages, flakeFor, type Images } from "./images.ts";
import { type Machine, type MachineOptions, startMachine } from "./machine.ts";
import { NIX_CONFIG } from "./nix.ts";

/** Everything of one test; disposal ends the machine and removes the files. */
export class Fixture implements AsyncDisposable {
  readonly identity: string;
  /** Holds the first system's host keys, and nothing else. */
  readonly knownHosts: string;
  /** The only folder for temporary files that the command is told of. */
  readonly temporary: string;

  /** Use {@linkcode openScene}. */
  constructor(
    readonly folder: string,
    readonly images: Images,
    readonly machine: Machine,
    readonly publicKey: string,
    readonly flake: string,
  ) {
    this.identity = `${folder}/id`;
    this.knownHosts = `${folder}/known_hosts`;
    this.temporary = `${folder}/tmp`;
  }

  /** The variables that the command is run with. Nobody's agent helps it to log in. */
  get variables(): Record<string, string> {
    return { TMPDIR: this.temporary, NIX_CONFIG, SSH_AUTH_SOCK: "" };
  }

  /** The options that bring the command to this machine, whose host keys are known and have to stay. */
  get reach(): string[] {
    const port = String(this.machine.port);
    return [
      ...["-i", this.identity, "-p", port, "--post-kexec-ssh-port", port],
      ...this.sshOptions.flatMap((option) => ["--ssh-option", option]),
    ];
  }

  /** The same for ssh, and for the library. */
  get sshOptions(): string[] {
    return [`UserKnownHostsFile=${this.knownHosts}`, "StrictHostKeyChecking=yes"];
  }

  /** Runs a command on the machine, by a login of its own that has nothing to do with what is tested. */
  async look(command: string, options: { user?: string; anyHostKey?: boolean } = {}) {
    const { user = "root", anyHostKey = false } = options;
    const trust = anyHostKey
      ? ["UserKnownHostsFile=/dev/null", "StrictHostKeyChecking=no", "LogLevel=ERROR"]
      : this.sshOptions;
    return (await run("ssh", [
      ...["-F", "none", "-i", this.identity, "-p", String(this.machine.port)],
      ...["IdentitiesOnly=yes", "BatchMode=yes", "ConnectTimeout=120", "ServerAliveInterval=5"]
        .concat(trust).flatMap((option) => ["-o", option]),
      `${user}@${this.machine.host}`,
      command,
    ], { env: { SSH_AUTH_SOCK: "" } })).trimEnd();
  }

  /** Builds parts of a configuration's `system.build` here. */
  async build(configuration: string, ...attributes: string[]): Promise<string[]> {
    const paths: string[] = [];
    for (const attribute of attributes) {
      const target =
        `path:${this.flake}#nixosConfigurations.${configuration}.config.system.build.${attribute}`;
      const said = await run("nix", ["build", "--json", "--no-link", target], {
        env: { NIX_CONFIG },
      });
      paths.push(JSON.parse(said)[0].outputs.out);
    }
    return paths;
  }

  /** Calls the library with the variables that the command would have. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    const before = Object.keys(this.variables).map((name) => [name, Deno.env.get(name)] as const);
    for (const [name, value] of Object.entries(this.variables)) Deno.env.set(name, value);
    try {
      return await work();
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) Deno.env.delete(name);
        else Deno.env.set(name, value);
      }
    }
  }

  /** Names of what lies in the folder for temporary files. */
  async leftFiles(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.temporary))).map(({ name }) => name);
  }

  /** Command lines of running processes that descend from a command of this scene: they have its variables. */
  async leftProcesses(): Promise<string[]> {
    const found: string[] = [];
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const read = (file: string) => Deno.readTextFile(`/proc/${name}/${file}`).catch(() => "");
      if (!(await read("environ")).split("\0").includes(`TMPDIR=${this.temporary}`)) continue;
      const line = (await read("cmdline")).replaceAll("\0", " ").trim();
      // The machine itself, where it was switched on again while this process had those variables.
      if (!line.startsWith("qemu-system")) found.push(line);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Starts a machine that lets one key in, unless told otherwise. */
export async function openFixture(options: Partial<MachineOptions> = {}): Promise<Fixture> {
  const images = await buildImages({ report: console.log });
  // Short: a control socket's path in it must not become too long. The number lets others clean up after a kill.
  const folder = await Deno.makeTempDir({ prefix: `vm-scene-${Deno.pid}-` });
  try {
    await Deno.mkdir(`${folder}/tmp`);
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "scene", "-f", `${folder}/id`]);
    const publicKey = (await Deno.readTextFile(`${folder}/id.pub`)).trim();
    const flake = await flakeFor(images, { authorizedKeys: [publicKey], dir: `${folder}/flake` });
    // One processor: emulating two takes more time of ours, and the tests wait for each other anyway.
    const machine = await startMachine(images, {
      ...{ authorizedKeys: [publicKey], cpus: 1 },
      ...options,
    });
    const known = machine.hostKeys.map((key) => `[${machine.host}]:${machine.port} ${key}\n`);
    await Deno.writeTextFile(`${folder}/known_hosts`, known.join(""));
    return new Fixture(folder, images, machine, publicKey, flake);
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}
