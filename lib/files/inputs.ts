/**
 * The local inputs of a plan, read and checked before anything is contacted.
 *
 * @module
 */
import { dirname, resolve } from "../std_path.ts";
import { UsageError } from "../errors.ts";
import { mustBePermitted } from "../permission.ts";
import type { PlanOptions } from "../plan/options.ts";
import { neededParts } from "../plan/phases.ts";
import type { Plan } from "../plan/plan.ts";
import { TROUBLES } from "../plan/troubles.ts";
import type { StorePath } from "../plan/store_path.ts";
import { type DiskKeyContent, readKeys } from "./keys.ts";
import { readTree, type Tree } from "./tree.ts";

type StorePaths = NonNullable<PlanOptions["storePaths"]>;

/** What was read. */
export interface Inputs {
  readonly extraFiles: Tree | undefined;
  readonly keys: readonly DiskKeyContent[];
  /** The plan's source, with store paths in their right order. */
  readonly source: Plan["source"];
  /** Whether the two store paths were given in the other order. */
  readonly swapped: boolean;
}

/** Reads what the plan names on this machine. Throws a {@linkcode UsageError} on the first thing missing. */
export async function readInputs(plan: Plan): Promise<Inputs> {
  const { identityFile } = plan.ssh;
  if (identityFile !== undefined) {
    await mustBeFile(
      identityFile,
      "-i",
      "give the path of a private key, or of the .pub of an agent's key",
    );
  }
  // For a key of our own, where the user's may not open the installer: known when the image is on the target.
  if (plan.phases.includes("kexec") && !plan.dryRun) await mustBePermitted("ssh-keygen");
  const { image } = plan.kexec;
  if (image?.kind === "file") {
    const hint = "give the path or the URL of a kexec image";
    // It is read more than once.
    await mustBeFile(image.location, "--kexec", hint, "it is no file");
  }
  const { hardware } = plan.build;
  if (hardware && !plan.dryRun) await mustBeWritable(hardware.path, "--generate-hardware-config");
  const { updateKnownHosts, knownHosts } = plan.ssh;
  // What is there and is no file, such as /dev/null, keeps nothing.
  const keeps = knownHosts !== undefined &&
    await Deno.stat(knownHosts).then(
      ({ isFile, isDirectory }) => isFile || isDirectory,
      () => true,
    );
  if (updateKnownHosts && keeps && !plan.dryRun) {
    await mustBeWritable(knownHosts, "--known-hosts");
  }
  const { extraFiles } = plan.install;
  const tree = extraFiles === undefined ? undefined : await readTree(extraFiles);
  const [source, swapped] = await settleSource(plan);
  return { extraFiles: tree, keys: await readKeys(plan.install.keys), source, swapped };
}

/** The file is written when the target runs the installer, or later: too late to hear that it cannot be. */
async function mustBeWritable(path: string, flag: string): Promise<void> {
  // What a link leads to is written.
  let folder = dirname(await Deno.realPath(path).catch(() => resolve(path)));
  const isThere = (one: string) => Deno.lstat(one).then(() => true, () => false);
  while (folder !== dirname(folder) && !(await isThere(folder))) folder = dirname(folder);
  try {
    const info = await Deno.stat(resolve(path)).catch(() => undefined);
    if (info && !info.isFile) {
      throw new Error(info.isDirectory ? "it is a folder" : "it is no file");
    }
    await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".nixos-anywhere-" }));
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new UsageError(
      `${flag}: cannot write ${JSON.stringify(path)}: ${reason}`,
      { hint: "give the path of a file in a folder that can be written to", cause },
    );
  }
}

async function mustBeFile(
  path: string,
  flag: string,
  hint: string,
  noFile?: string,
): Promise<void> {
  try {
    const info = noFile === undefined ? undefined : await Deno.stat(path);
    if (info && !info.isFile && !info.isDirectory) throw new Error(noFile);
    const file = await Deno.open(path);
    const { isDirectory } = await file.stat();
    file.close();
    if (!isDirectory) return;
    throw new Error("it is a folder");
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : (cause as Error).message;
    throw new UsageError(`${flag}: cannot read ${JSON.stringify(path)}: ${reason}`, {
      hint,
      cause,
    });
  }
}

/** Follows links to store paths, such as `./result`: what is left is checked with the plan. */
export async function followStorePaths({ disko, system }: StorePaths): Promise<StorePaths> {
  const follow = (path: string) => Deno.realPath(path).catch(() => path);
  return { disko: await follow(disko), system: await follow(system) };
}

/** The architectures that the headers of ELF files name, by their number for it; little-endian, 64-bit as 2. */
const ELF: Readonly<Record<string, string>> = {
  "62/2": "x86_64-linux",
  "183/2": "aarch64-linux",
  "243/2": "riscv64-linux",
  "258/2": "loongarch64-linux",
};

/**
 * What a built NixOS system runs on, `x86_64-linux`; `undefined` where it is not here or does not say. Its file
 * `system` names the kernel's platform, wherever it was built; without one, the header of its systemd tells.
 */
export async function systemOf(system: StorePath): Promise<string | undefined> {
  const text = (await Deno.readTextFile(`${system}/system`).catch(() => "")).trim();
  if (/^[A-Za-z0-9_]+-[A-Za-z0-9_]+$/.test(text)) return text;
  try {
    using file = await Deno.open(`${system}/systemd/lib/systemd/systemd`);
    const header = new Uint8Array(20);
    if (await file.read(header) !== header.length) return undefined;
    const view = new DataView(header.buffer);
    // The magic number, then the class and the byte order.
    if (view.getUint32(0) !== 0x7f454c46 || header[5] !== 1) return undefined;
    return ELF[`${view.getUint16(18, true)}/${header[4]}`];
  } catch {
    return undefined;
  }
}

/** The version of a built system's kernel, `6.18.38`, by its modules; `undefined` where it is not here. */
export async function kernelOf(system: StorePath): Promise<string | undefined> {
  const modules = Deno.readDir(`${system}/kernel-modules/lib/modules`);
  const names = await Array.fromAsync(modules, ({ name }) => name).catch(() => []);
  return names.find((name) => /^\d+\.\d+[\w.+-]{0,100}$/.test(name));
}

/**
 * A system holds `nixos-version` and `init`, a disko script is a file: that tells which is which. Only what the
 * phases use has to be there.
 */
async function settleSource(plan: Plan): Promise<[Plan["source"], boolean]> {
  const { source } = plan;
  if (source.kind !== "paths" || plan.copy.from !== undefined) return [source, false];
  const swapped = !await isSystem(source.system) && await isSystem(source.disko);
  const settled = swapped ? { ...source, disko: source.system, system: source.disko } : source;
  const needed = neededParts(plan);
  for (const part of needed) {
    if (await Deno.lstat(settled[part]).catch(() => undefined)) continue;
    throw new UsageError(
      `<disko_script> and <nixos_system> must be existing store-paths: ${
        settled[part]
      } is not here`,
      {
        hint: TROUBLES.storePaths.hint,
      },
    );
  }
  if (!needed.includes("system") || await isSystem(settled.system)) return [settled, swapped];
  throw new UsageError(`--store-paths: ${settled.system} is no NixOS system`, {
    hint:
      "give the disko script first (system.build.diskoScript), then the system (system.build.toplevel)",
  });
}

async function isSystem(path: StorePath): Promise<boolean> {
  const found = await Deno.stat(`${path}/nixos-version`).catch(() => undefined);
  return found !== undefined ||
    (await Deno.stat(`${path}/init`).catch(() => undefined)) !== undefined;
}
