/**
 * A port that nothing listens on.
 *
 * @module
 */

/** Finds a free TCP port of `address`. It may be taken by someone else in the next moment. */
export function freePort(address: string = "127.0.0.1"): number {
  using listener = Deno.listen({ hostname: address, port: 0 });
  return listener.addr.port;
}
