/**
 * The command line's options, declared once: parsing, `--help` and README's reference are made from this
 * table.
 *
 * @module
 */
import type { Declaration } from "./declare.ts";
import { SYSTEM_OPTIONS } from "./declare_system.ts";
import { TARGET_OPTIONS } from "./declare_target.ts";

/** Every option, in the order of the help; within a heading the deprecated ones come last. */
export const DECLARATIONS: readonly Declaration[] = [...TARGET_OPTIONS, ...SYSTEM_OPTIONS];
