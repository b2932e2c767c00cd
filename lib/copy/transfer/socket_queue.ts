/**
 * How many bytes wait in the kernel for the link, or on it: Linux tells that of every connection.
 *
 * @module
 */

/** A connection over TCP, as Linux lists it. */
export interface ListedSocket {
  /** The number that its process knows it by. */
  readonly inode: number;
  /** Bytes that were written and that the other end has not acknowledged. */
  readonly waiting: number;
}

const LISTS = ["/proc/net/tcp", "/proc/net/tcp6"];

/** A list that is longer, in characters, is not read ten times a second. */
const LONGEST = 256 * 1024;

/** Parses the established connections of such a list. */
export function parseSockets(list: string): ListedSocket[] {
  const line = /^ *\d+: \S+ \S+ 01 ([0-9A-F]{8}):[0-9A-F]{8} \S+ \S+ +\d+ +\d+ (\d+) /gm;
  return Array.from(list.matchAll(line), ([, waiting = "", inode]) => ({
    ...{ waiting: parseInt(waiting, 16), inode: Number(inode) },
  }));
}

/** The one connection of a process. */
export class SocketQueue {
  private constructor(readonly list: string, readonly inode: number) {}

  /**
   * Finds the connection of a process; nothing where it has none or several, as behind a ProxyCommand, or where this may
   * not be read.
   */
  static async of(pid: number): Promise<SocketQueue | undefined> {
    try {
      if (!await mayRead()) return undefined;
      const inodes = new Set<number>();
      for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
        const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "");
        const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
        if (inode !== undefined) inodes.add(Number(inode));
      }
      const found: SocketQueue[] = [];
      for (const list of LISTS) {
        const text = await Deno.readTextFile(list).catch(() => "");
        if (text.length > LONGEST) return undefined;
        const own = parseSockets(text).filter(({ inode }) => inodes.has(inode));
        found.push(...own.map(({ inode }) => new SocketQueue(list, inode)));
      }
      return found.length === 1 ? found[0] : undefined;
    } catch {
      return undefined;
    }
  }

  /** Bytes that wait now; nothing when the connection is gone. */
  async waiting(): Promise<number | undefined> {
    const text = await Deno.readTextFile(this.list).catch(() => "");
    return parseSockets(text).find(({ inode }) => inode === this.inode)?.waiting;
  }
}

/** Whether /proc may be read: asked for first, since on a terminal Deno would ask its user. */
async function mayRead(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  return (await Deno.permissions.query({ name: "read", path: "/proc" })).state === "granted";
}
