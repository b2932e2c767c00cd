/** Ports on 127.0.0.1. */

/** Ports that nobody listens on; distinct, as all are held until the last is known. */
export function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  try {
    return listeners.map((listener) => listener.addr.port);
  } finally {
    for (const listener of listeners) listener.close();
  }
}

/**
 * Whether an ssh server sends its banner through a port. QEMU accepts connections for a guest that is down: only the
 * banner tells.
 */
export async function sendsBanner(port: number, milliseconds: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const timer = setTimeout(() => connection.close(), milliseconds);
    try {
      const buffer = new Uint8Array(64);
      const count = await connection.read(buffer) ?? 0;
      return new TextDecoder().decode(buffer.subarray(0, count)).startsWith("SSH-");
    } finally {
      clearTimeout(timer);
    }
  } catch {
    return false;
  }
}
