/**
 * The addresses of stores.
 *
 * @module
 */

/** Which store of a target is meant; everything has a default. */
export interface StoreOptions {
  /** The folder that is `/` for the store: `/mnt` for the system that is being installed. Default: "/" */
  readonly root?: string | undefined;
  /** Settings for the end of the address, such as `compress=true`. Default: [] */
  readonly settings?: readonly { readonly name: string; readonly value: string }[] | undefined;
}

/** The address of the store below a folder, for nix on the machine that has it. */
export function rootedStore(root: string): string {
  return `local?root=${encodeURIComponent(root).replaceAll("%2F", "/")}`;
}

/** The arguments that make a command of a target use the store below a folder there. */
export function storeArgs(root: string): string[] {
  return root === "/" ? [] : ["--store", rootedStore(root)];
}

/**
 * The address of a target's store for nix, by way of a session: the host is a fixed name, since the
 * session's ssh configuration knows the way whatever host is named, and no real name then has to be
 * written as a URL (`localhost`, zones of IPv6 addresses and ssh aliases cannot be).
 */
export function storeUri({ root = "/", settings = [] }: StoreOptions = {}): string {
  const parameters = [
    ...(root === "/" ? [] : [["remote-store", rootedStore(root)] as const]),
    ...settings.map(({ name, value }) => [name, value] as const),
  ].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return `ssh-ng://target${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`;
}
