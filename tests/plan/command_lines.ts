/**
 * Command lines and the plans they must give, or the errors. The rows are in the files behind; here is
 * what a row can hold.
 *
 * @module
 */
import { CONTRADICTIONS } from "./command_lines/contradictions.ts";
import { FLAKES } from "./command_lines/flakes.ts";
import { HOSTS } from "./command_lines/hosts.ts";
import { MISTAKES } from "./command_lines/mistakes.ts";
import { OPTIONS } from "./command_lines/options.ts";
import { SOURCES } from "./command_lines/sources.ts";
import type { Row } from "./command_lines/row.ts";

/** Every row. */
export const ROWS: readonly Row[] = [
  ...HOSTS,
  ...FLAKES,
  ...SOURCES,
  ...OPTIONS,
  ...CONTRADICTIONS,
  ...MISTAKES,
];
