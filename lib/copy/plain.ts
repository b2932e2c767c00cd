/**
 * Copying closures with `nix copy`, which knows every kind of store.
 *
 * @module
 */
import { nixCommand, type NixOptions, runNix } from "../nix/command.ts";
import { storeUri } from "../nix/store.ts";
import type { StorePath } from "../plan/store_path.ts";
import type { Session } from "../ssh/session.ts";

/** How `nix copy` is called. */
export interface PlainOptions extends NixOptions {
  readonly root: string;
  readonly from: string | undefined;
  readonly substitute: boolean;
  readonly storeSettings: readonly { readonly name: string; readonly value: string }[];
}

/** Copies closures with `nix copy` by way of a session. */
export async function copyByNix(
  session: Session,
  wanted: readonly StorePath[],
  options: PlainOptions,
): Promise<void> {
  const { root, from, substitute, storeSettings } = options;
  const args = [
    ...(from === undefined ? [] : ["--from", from]),
    "--to",
    storeUri({ root, settings: storeSettings }),
    // Built here, so signed by nobody; who may log in as root may add any path.
    "--no-check-sigs",
    ...(substitute ? ["--substitute-on-destination"] : []),
    // Without it, nix 2.8 takes a derivation for its output.
    ...(wanted.some((path) => path.endsWith(".drv")) ? ["--derivation"] : []),
    ...wanted,
  ];
  await runNix(nixCommand("copy", args, options), options, { NIX_SSHOPTS: session.sshOptions });
}
