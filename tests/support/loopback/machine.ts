/**
 * A machine that boots: one container after the other on the same port, each started by what runs on the one
 * before it (`reboot`, or the `run` of a kexec image from `kexec.ts`).
 *
 * @module
 */
import { type Container, prepareContainer, startContainer } from "./container.ts";
import { type KeyPair, makeKey } from "./keys.ts";
import type { ContainerFile, ContainerOptions } from "./options.ts";

/** What a machine boots into when it is told to. Port, identity and host keys stay by default. */
export interface Boot extends ContainerOptions {
  /** Milliseconds that the old system lives on after the signal. @default 100 */
  readonly delay?: number;
  /** Whether root logs in only with the keys, and it shows only the host keys, that the image's `run` has gathered. */
  readonly gathered?: boolean;
  /** Milliseconds between its end and the new one's sshd; `Infinity` for a machine that never returns. @default 50 */
  readonly gap?: number;
}

/** What the installer has from the image that the old system has run. Without a host key it makes one. */
async function gatheredBy(
  { shared }: Container,
  options: ContainerOptions,
): Promise<ContainerOptions> {
  const folder = `${shared}/gathered`;
  const hostKeys: KeyPair[] = [];
  const files: Record<string, ContainerFile> = {};
  // Its ssh server looks for no others.
  for (const type of ["rsa", "ed25519"]) {
    const path = `${folder}/ssh_host_${type}_key`;
    const isFile = (await Deno.lstat(path).catch(() => undefined))?.isFile;
    if (!isFile) continue;
    const args = ["-y", "-P", "", "-f", path];
    const { stdout } = await new Deno.Command("ssh-keygen", { args, stdin: "null" }).output();
    const publicKey = new TextDecoder().decode(stdout).trim().split(" ").slice(0, 2).join(" ");
    // With its comment.
    files[`/etc/ssh/ssh_host_${type}_key.pub`] = await Deno.readTextFile(`${path}.pub`);
    hostKeys.push({ privateKey: await Deno.readTextFile(path), publicKey });
  }
  const text = await Deno.readTextFile(`${folder}/authorized_keys`).catch(() => "");
  return {
    hostKeys: hostKeys.length > 0 ? hostKeys : [await makeKey()],
    users: { ...options.users, root: { ...options.users?.root, keys: "none" } },
    files: { ...files, ...options.files, "/root/.ssh/authorized_keys": { text, mode: 0o600 } },
  };
}

/** A machine; disposal ends whatever system runs. */
export class Machine implements AsyncDisposable {
  /** Every system that has run or runs, in order. */
  readonly containers: Container[];
  readonly #stop = new AbortController();
  readonly #folder: string;
  readonly #watching: Promise<void>;
  #failure: unknown;

  /** Wraps the first system; use {@linkcode startMachine}. */
  constructor(first: Container, folder: string, boots: readonly Boot[]) {
    this.containers = [first];
    this.#folder = folder;
    this.#watching = this.#watch(boots).catch((error) => {
      if (!this.#stop.signal.aborted) this.#failure = error;
    });
  }

  /** The system that runs now, or ran last. */
  get container(): Container {
    return this.containers.at(-1)!;
  }

  /** The address that its sshd listens on. */
  get host(): string {
    return this.container.host;
  }

  /** The port of the first system's sshd, and of the others unless their options say otherwise. */
  get port(): number {
    return this.containers[0]!.port;
  }

  /** The file with the private key that all systems authorise. It stays when a system ends. */
  get identityFile(): string {
    return `${this.#folder}/identity`;
  }

  /** The logins of all systems, each with the number of the boot: `0 root publickey`. */
  async logins(): Promise<string[]> {
    const all = await Promise.all(this.containers.map((container) => container.logins()));
    return all.flatMap((logins, boot) => logins.map((login) => `${boot} ${login}`));
  }

  /** Ends the machine; throws what went wrong with a boot. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
    for (const container of this.containers) await container.end();
    await Deno.remove(this.#folder, { recursive: true });
    if (this.#failure) throw this.#failure;
  }

  async #watch(boots: readonly Boot[]): Promise<void> {
    for (const { delay = 100, gap = 50, gathered = false, ...options } of boots) {
      const old = this.container;
      while ((await old.signals()).length === 0) await this.#wait(5);
      const { port, identity, hostKeys } = old;
      const signalled = performance.now();
      const startedBy = (await old.signals()).includes("kexec") ? "kexec" : "firmware";
      const next = await prepareContainer({
        ...{ port, identity, hostKeys, startedBy, ...options },
        ...(gathered && await gatheredBy(old, options)),
      });
      try {
        await this.#wait(Math.max(0, delay - (performance.now() - signalled)));
        await old.end();
        if (gap === Infinity) return await next.end();
        await this.#wait(gap);
        await next.open();
        this.containers.push(next);
      } catch (error) {
        await next.end();
        throw error;
      }
    }
  }

  #wait(ms: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const stop = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal.addEventListener("abort", stop, { once: true });
    });
  }
}

/** Starts a machine that runs `first` and boots into `boots`, one after the other; then it stays. */
export async function startMachine(first: ContainerOptions, ...boots: Boot[]): Promise<Machine> {
  const container = await startContainer(first);
  const folder = await Deno.makeTempDir({ prefix: "machine-" });
  await Deno.writeTextFile(`${folder}/identity`, container.identity.privateKey, { mode: 0o600 });
  return new Machine(container, folder, boots);
}
