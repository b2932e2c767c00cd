/**
 * A disk with Debian as its packages make it: systemd, logind, ifupdown, udev, sshd and sudo with the settings they come with.
 *
 * It is made by mmdebstrap from this machine's own mirror, once, and kept in the cache. Keys and the password are
 * made with it: the machine is reached from here alone.
 *
 * @module
 */
import { mirror } from "../../support/debian.ts";
import { run } from "../build/run.ts";

/** Beside what every Debian has: what its installer adds to a machine that is reached over ssh, and what these recommend. */
const PACKAGES = [
  ...["linux-image-cloud-amd64", "openssh-server", "sudo", "curl"],
  ...["apparmor", "dbus", "libpam-systemd", "systemd-timesyncd"],
];
const CUSTOMIZE = new URL("./customize.sh", import.meta.url);
const DISK = "3G";
const CLERK_PASSWORD = "correct horse";

/** Files of a Debian. They are shared and must not be changed. */
export interface DebianImage {
  /** Its release: bookworm, trixie. */
  readonly release: string;
  /** A disk with one partition, for a copy. */
  readonly disk: string;
  /** Its own kernel and initramfs. */
  readonly kernel: string;
  readonly initrd: string;
  /** A private key that root and admin let in; admin is in sudoers without a password. */
  readonly identity: string;
  /** The password of clerk, who has no key and whose sudo asks for it. */
  readonly password: string;
  /** The public host keys: type, key and comment. */
  readonly hostKeys: readonly string[];
}

/** How an image is made. */
export interface DebianOptions {
  /** @default this machine's release */
  readonly release?: string | undefined;
  /** Packages that it has besides; an image with others is another image. @default none */
  readonly packages?: readonly string[] | undefined;
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Makes the image, which takes minutes, or finds it in the cache. Throws with what mmdebstrap said. */
export async function buildDebian(options: DebianOptions = {}): Promise<DebianImage> {
  const { release = await ownRelease(), packages: more = [], report = () => {}, signal } = options;
  const packages = [...PACKAGES, ...more];
  const recipe = [release, DISK, CLERK_PASSWORD, ...packages, await Deno.readTextFile(CUSTOMIZE)];
  const bytes = new TextEncoder().encode(recipe.join("\n"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 16);
  const cache = `${cacheFolder()}/debian`;
  const name = [release, ...more].join("+");
  const folder = `${cache}/${name}-${digest}`;
  // A folder gets its name when it is complete.
  if (await exists(folder)) return await imageIn(folder, release);
  const started = performance.now();
  report(`making a disk with Debian ${name}`);
  await Deno.mkdir(cache, { recursive: true });
  const aside = await Deno.makeTempDir({ dir: cache, prefix: `new-${name}-` });
  try {
    await makeKeys(`${aside}/keys`, signal);
    await Deno.mkdir(`${aside}/work`);
    const hook = ["sh", CUSTOMIZE.pathname, '"$1"', aside, `${aside}/keys`, DISK].join(" ");
    await run("mmdebstrap", [
      ...["--quiet", "--format=null", `--include=${packages.join(",")}`],
      // A mirror that lags behind is good enough; signatures are checked all the same.
      '--aptopt=Acquire::Check-Valid-Until "false"',
      ...[`--customize-hook=${hook}`, release, "-", await mirror()],
    ], { env: { TMPDIR: `${aside}/work` }, signal, seconds: 3600 });
    await remove(`${aside}/work`);
    for await (const { name: other } of Deno.readDir(cache)) {
      if (other.startsWith(`${name}-`)) await remove(`${cache}/${other}`);
    }
    await Deno.rename(aside, folder);
  } catch (error) {
    await remove(aside);
    throw error;
  }
  report(`made Debian ${name} in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return await imageIn(folder, release);
}

async function makeKeys(folder: string, signal?: AbortSignal): Promise<void> {
  await Deno.mkdir(folder);
  for (const [type, name] of [["ed25519", "id"], ...HOST_KEYS] as const) {
    const words = ["-q", "-t", type, "-N", "", "-C", "root@target", "-f", `${folder}/${name}`];
    await run("ssh-keygen", words, { signal });
  }
  await Deno.copyFile(`${folder}/id.pub`, `${folder}/authorized_keys`);
  await Deno.writeTextFile(`${folder}/password`, `${CLERK_PASSWORD}\n`, { mode: 0o600 });
}

/** What Debian makes when its server is installed. */
const HOST_KEYS = ["rsa", "ecdsa", "ed25519"].map((type) =>
  [type, `ssh_host_${type}_key`] as const
);

async function imageIn(folder: string, release: string): Promise<DebianImage> {
  const keys = HOST_KEYS.map(([, name]) => Deno.readTextFile(`${folder}/keys/${name}.pub`));
  return {
    release,
    disk: `${folder}/disk`,
    kernel: `${folder}/kernel`,
    initrd: `${folder}/initrd`,
    identity: `${folder}/keys/id`,
    password: CLERK_PASSWORD,
    hostKeys: (await Promise.all(keys)).map((key) => key.trim()),
  };
}

/** The name of this machine's release; bookworm where it is no Debian. */
async function ownRelease(): Promise<string> {
  const text = await Deno.readTextFile("/etc/os-release").catch(() => "");
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1];
  return /^ID=debian$/m.test(text) && codename !== undefined ? codename : "bookworm";
}

function cacheFolder(): string {
  const home = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? "/tmp"}/.cache`;
  return `${home}/nixos-anywhere-deno`;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function remove(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(() => {});
}
