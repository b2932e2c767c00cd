/**
 * What is known of how an installed system boots.
 *
 * @module
 */

/** The entry of a boot loader by which an installed system boots. */
export interface BootEntry {
  /** The file that it is in, as the new system sees it. */
  readonly file: string;
  /** The kernel's file, `/mnt/…`. */
  readonly kernel: string;
  /** The files of its initrds, `/mnt/…`; the kernel is given all of them, in this order. */
  readonly initrds: readonly string[];
  /** The kernel's command line. */
  readonly parameters: string;
}

/**
 * What is known of an installed system: it boots, or it cannot be told and `why`. Where it boots, `entry` is how; of a
 * loader that does more than to start a kernel it is absent, and `why` says so.
 */
export type BootCheck =
  | { readonly answer: "boots"; readonly entry: BootEntry }
  | { readonly answer: "boots"; readonly entry?: undefined; readonly why: string }
  | { readonly answer: "unknown"; readonly entry?: undefined; readonly why: string };
