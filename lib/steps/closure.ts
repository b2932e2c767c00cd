/**
 * Copying closures to a target.
 *
 * @module
 */
import { nixCommand, type NixOptions, runNix } from "../nix/command.ts";
import { storeUri } from "../nix/store.ts";
import { type StorePath, storePath } from "../plan/store_path.ts";
import type { Session } from "../ssh/session.ts";

/** How a closure is copied; everything has a default. */
export interface CopyOptions extends NixOptions {
  /** The folder that is `/` for the store that is filled. @default "/" */
  readonly root?: string | undefined;
  /** The store to copy from, as nix addresses it. @default this machine's */
  readonly from?: string | undefined;
  /** Whether the target may fetch paths from its substituters instead. @default true */
  readonly substitute?: boolean | undefined;
  /** Settings for the end of the store's address, such as `compress` `true`. @default [] */
  readonly storeSettings?: readonly { readonly name: string; readonly value: string }[] | undefined;
}

/**
 * Copies a store path and everything it refers to into a store of the target; paths that are there
 * already stay. With `root: "/mnt"` the store of the system that is being installed is filled.
 *
 * Throws a {@linkcode CommandError} with nix's message if a path is missing here or the copy fails.
 *
 * @example
 * ```ts ignore
 * import { connect, copyClosure } from "@nixos-anywhere/deno";
 * await using installer = await connect("root@203.0.113.7");
 * await copyClosure(installer, "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-nixos-system-web", { root: "/mnt" });
 * ```
 */
export async function copyClosure(
  session: Session,
  path: StorePath | string,
  options: CopyOptions = {},
): Promise<void> {
  const { root, from, substitute = true, storeSettings } = options;
  const args = [
    ...(from === undefined ? [] : ["--from", from]),
    "--to",
    storeUri({ root, settings: storeSettings }),
    // Built here, so signed by nobody; who may log in as root may add any path.
    "--no-check-sigs",
    ...(substitute ? ["--substitute-on-destination"] : []),
    storePath(path),
  ];
  await runNix(nixCommand("copy", args, options), { report: session.report, ...options }, {
    NIX_SSHOPTS: session.sshOptions,
  });
}
