/** Faults of an image that is fetched from a server, by the target or here. */
import type { Fixture } from "../../support/install/fixture.ts";
import type { Fault } from "../fault.ts";

const phase = "download";
const failed = { code: 1, state: "image", error: /root@127\.0\.0\.1: sh -c / } as const;

/** How the first answer of a server goes wrong; all others are right. */
type Trouble = "none" | "missing" | "cut" | "corrupt" | "stalls";

/** Words that have the image fetched from a server whose first answer is in trouble. */
function from(trouble: Trouble, ...more: readonly string[]) {
  return (fixture: Fixture): string[] => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const open: Deno.Conn[] = [];
    fixture.owned.defer(() => {
      for (const one of [listener, ...open]) {
        try {
          one.close();
        } catch {
          // It has ended by itself.
        }
      }
    });
    let now = trouble;
    (async () => {
      for await (const conn of listener) {
        open.push(conn);
        answer(conn, fixture.image, now).then(() => answered(fixture)).catch(() => {});
        now = "none";
      }
    })().catch(() => {});
    const url = `http://127.0.0.1:${listener.addr.port}/image.tar.gz`;
    return ["--debug", "--phases", "kexec", "--kexec", url, ...more, ...fixture.reach];
  };
}

/** Notes that the server has said what it says. */
const answered = ({ sandbox }: Fixture) => Deno.writeTextFile(`${sandbox.folder}/answered`, "");

/** Sends a signal when the server has stalled. */
function whenAnswered(name: Deno.Signal): Fault["act"] {
  return async ({ sandbox }, running) => {
    const there = () => Deno.stat(`${sandbox.folder}/answered`).then(() => true, () => false);
    await running.until(there);
    running.signal(name);
  };
}

async function answer(conn: Deno.Conn, image: string, trouble: Trouble): Promise<void> {
  await conn.read(new Uint8Array(65_536));
  const say = async (bytes: Uint8Array<ArrayBuffer>) => {
    await new Blob([bytes]).stream().pipeTo(conn.writable, { preventClose: true });
  };
  const head = (text: string) => say(new TextEncoder().encode(`HTTP/1.1 ${text}\r\n\r\n`));
  const bytes = await Deno.readFile(image);
  const half = bytes.length >> 1;
  if (trouble === "corrupt") bytes[half] = (bytes[half] ?? 0) ^ 0xff;
  if (trouble === "missing") await head("404 Not Found\r\nContent-Length: 0");
  else {
    await head(`200 OK\r\nConnection: close\r\nContent-Length: ${bytes.length}`);
    await say(trouble === "cut" || trouble === "stalls" ? bytes.slice(0, half) : bytes);
  }
  if (trouble !== "stalls") conn.close();
}

const nothing = { fixture: { target: { without: ["curl", "wget"] } } } as const;

export const DOWNLOAD: readonly Fault[] = [
  { phase, fault: "the server has no such image", words: from("missing"), ...failed },
  { phase, fault: "image truncated by the server", words: from("cut"), ...failed },
  { phase, fault: "image corrupt", words: from("corrupt"), ...failed },
  {
    phase,
    fault: "wrong checksum",
    words: from("none", "--kexec-sha256", "0".repeat(64)),
    ...failed,
    again: 1,
  },
  {
    phase,
    fault: "the server stalls",
    words: from("stalls", "--timeout", "image=2"),
    ...failed,
    error: /root@127\.0\.0\.1: sh -c .* did not end within 2 s$/,
  },
  ...(["SIGINT", "SIGTERM"] as const).map((name): Fault => ({
    phase,
    fault: name,
    words: from("stalls"),
    act: whenAnswered(name),
    ...failed,
    error: new RegExp(`interrupted by ${name}$`),
    here: true,
    code: 130,
  })),
  {
    phase,
    fault: "fetched here: the server has no such image",
    words: from("missing"),
    ...nothing,
    ...failed,
    error: /cannot fetch http:\S+: the server answers 404$/,
    here: true,
    again: "none",
  },
  {
    phase,
    fault: "fetched here: image truncated by the server",
    words: from("cut"),
    ...nothing,
    ...failed,
    error: /cannot fetch http:\S+: /,
    here: true,
    again: "none",
  },
  {
    phase,
    fault: "fetched here: the server stalls",
    words: from("stalls", "--timeout", "image=2"),
    ...nothing,
    ...failed,
    error: /.* within 2 s$/,
    here: true,
    again: "none",
  },
  {
    phase,
    fault: "fetched here: the disk here is full",
    words: from("none"),
    before: async ({ sandbox, owned }) => {
      const folder = `${sandbox.folder}/cache`;
      const args = ["-t", "tmpfs", "-o", "size=16k", "cache", folder];
      await new Deno.Command("mount", { args }).output();
      owned.defer(async () => {
        await new Deno.Command("umount", { args: [folder] }).output();
      });
    },
    ...nothing,
    ...failed,
    error: /cannot fetch http:\S+: .*No space left on device/,
    here: true,
    again: "none",
  },
];
