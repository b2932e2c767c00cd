/** A new folder that is gone at the end of its block. */
export class Folder implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "files " });

  /** A path in it. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Writes a file, with the folders above it. */
  write(name: string, content: string | Uint8Array = name, mode = 0o644): string {
    const path = this.at(name);
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    Deno.writeFileSync(path, bytes);
    Deno.chmodSync(path, mode);
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Runs a program and returns what it printed; fails if it does. */
export async function sh(code: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", code, "sh", ...args],
  }).output();
  if (!success) throw new Error(`${code}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Runs a program that reads a stream, and returns what it printed. */
export async function feed(
  stream: ReadableStream<Uint8Array>,
  command: readonly string[],
): Promise<string> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = child.output();
  await stream.pipeTo(child.stdin);
  const { success, stdout, stderr } = await said;
  if (!success) throw new Error(`${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Everything in a folder: path, mode, kind, seconds since 1970, and content or where a link leads. */
export function contents(folder: string, below = ""): string[] {
  const names = [...Deno.readDirSync(`${folder}/${below}`)].map(({ name }) => name).sort();
  return names.flatMap((name) => {
    const path = below === "" ? name : `${below}/${name}`;
    const { mode, isDirectory, isSymlink, mtime } = Deno.lstatSync(`${folder}/${path}`);
    if (isSymlink) return [`${path} -> ${Deno.readLinkSync(`${folder}/${path}`)}`];
    const seconds = Math.floor((mtime?.getTime() ?? 0) / 1000);
    const line = `${path} ${((mode ?? 0) & 0o7777).toString(8)} ${seconds}`;
    if (isDirectory) return [line, ...contents(folder, path)];
    return [`${line} ${Deno.readFileSync(`${folder}/${path}`).toHex().slice(0, 1000)}`];
  });
}
