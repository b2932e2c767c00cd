/**
 * Errors as a caller of the library reads them.
 *
 * @module
 */
import { InstallError } from "../errors.ts";
import { withKeys } from "../plan/library_names.ts";

/** Does `work`; what it throws names options by their keys, and not by the flags of the command line. */
export async function namingKeys<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InstallError) rename(error);
    throw error;
  }
}

/** In place: the error stays the same one, with its class and where it was made. */
function rename(error: InstallError): void {
  const { message, hint } = error;
  const renamed = withKeys(message);
  if (renamed !== message) {
    error.message = renamed;
    if (error.stack) error.stack = error.stack.replace(message, () => renamed);
  }
  (error as { hint: string }).hint = withKeys(hint);
}
