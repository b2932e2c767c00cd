/** The kernel and the modules that the machine's virtual hardware needs. */
import { unpackKernelPackage } from "./packages.ts";
import { run } from "./run.ts";

/** A bzImage and its modules, in the order in which insmod has to see them. */
export interface Kernel {
  readonly bzImage: string;
  readonly version: string;
  readonly modules: readonly string[];
}

const WANTED = ["virtio_pci", "virtio_net", "virtio_blk", "virtio-rng"];

/** Fetches Debian's cloud kernel into a folder. */
export async function fetchKernel(folder: string, signal?: AbortSignal): Promise<Kernel> {
  await unpackKernelPackage(folder, signal);
  const [version] = [...Deno.readDirSync(`${folder}/lib/modules`)].map((entry) => entry.name);
  if (version === undefined) throw new Error("Cannot find modules in the kernel's package");
  await run("depmod", ["-b", folder, version], { signal });
  const root = `${folder}/lib/modules/${version}`;
  const needs = new Map<string, string[]>();
  for (const line of (await Deno.readTextFile(`${root}/modules.dep`)).split("\n")) {
    const [module, rest] = line.split(":");
    if (module && rest !== undefined) {
      needs.set(
        module,
        rest.trim().split(" ").filter((name) => name !== ""),
      );
    }
  }
  const order = new Set<string>();
  const add = (module: string): void => {
    for (const needed of needs.get(module) ?? []) add(needed);
    order.add(module);
  };
  for (const wanted of WANTED) {
    const module = [...needs.keys()].find((path) => path.endsWith(`/${wanted}.ko`));
    if (module === undefined) {
      throw new Error(`Cannot find the module ${wanted} in the kernel's package`);
    }
    add(module);
  }
  return {
    version,
    bzImage: `${folder}/boot/vmlinuz-${version}`,
    modules: [...order].map((module) => `${root}/${module}`),
  };
}
