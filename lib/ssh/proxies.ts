/**
 * The programs that make the connection of an ssh: its ProxyCommand, or the ssh to a machine on the way.
 *
 * @module
 */

/** Generations of programs: a shell, what it runs, what that runs. */
const DEEP = 4;

/**
 * Ends the programs that an ssh has started, by SIGHUP, as ssh does itself when it gives up. An ssh that is ended
 * before it has logged in leaves them to themselves. Only on Linux, where the kernel tells which they are.
 */
export function endProxies(ssh: number): void {
  if (Deno.permissions.querySync({ name: "run" }).state !== "granted") return;
  let parents = [ssh];
  const all: number[] = [];
  for (let generation = 0; generation < DEEP && parents.length > 0; generation++) {
    parents = parents.flatMap(childrenOf);
    all.push(...parents);
  }
  for (const pid of all) {
    try {
      Deno.kill(pid, "SIGHUP");
    } catch {
      // It has ended in between, or may not be ended by us.
    }
  }
}

function childrenOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  // Nobody is asked for a permission for this.
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return [];
  try {
    const text = Deno.readTextFileSync(path);
    return text.split(" ").map(Number).filter((one) => one > 1);
  } catch {
    return [];
  }
}
