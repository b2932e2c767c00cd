/**
 * An installer that shows a host key which the machine did not have.
 *
 * @module
 */
import { HostIdentityError } from "../../errors.ts";

/** The same failure or, where it is about the host key, one with what that means of an installer. */
export function otherKey(error: unknown): unknown {
  if (!(error instanceof HostIdentityError)) return error;
  return new HostIdentityError(error.message, {
    hint:
      "the installer has to show a key that the machine had: its image may not take them over, or another machine " +
      "answers at that address; compare the fingerprint on the console; --host-key off believes any key",
    fingerprint: error.fingerprint,
    cause: error,
  });
}
