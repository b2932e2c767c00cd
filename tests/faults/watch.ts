/**
 * Looking at every process and every temporary file, again and again, for secrets where they must not be.
 *
 * @module
 */

/** A secret, and the only processes that may have it in their environment. */
export interface Secret {
  readonly name: string;
  readonly text: string;
  /** Whether a process with this command line may have the secret in its environment. */
  readonly mayHave?: (commandLine: string, pid: number) => boolean;
}

/** Looks until it is told to stop. What runs in containers is seen too: they share our /proc. */
export class Watch {
  /** What was found, one sentence each. */
  readonly found = new Set<string>();
  /** How often everything was looked at, and how many processes and files were seen. */
  rounds = 0;
  readonly processes = new Set<string>();
  readonly files = new Set<string>();
  #over = false;
  readonly #watching: Promise<void>;

  constructor(readonly secrets: readonly Secret[], readonly temp: string) {
    this.#watching = this.#watch();
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#over = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#over) {
      for (const { name } of Deno.readDirSync("/proc")) {
        if (/^\d+$/.test(name) && Number(name) !== Deno.pid) this.#process(Number(name));
      }
      this.#folder(this.temp);
      this.rounds++;
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  }

  #process(pid: number): void {
    const line = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
    if (line === "") return;
    const environment = read(`/proc/${pid}/environ`);
    this.processes.add(line.slice(0, 200));
    for (const { name, text, mayHave } of this.secrets) {
      if (line.includes(text)) this.found.add(`${name} in the command line of ${line}`);
      if (!environment.includes(text) || mayHave?.(line, pid)) continue;
      this.found.add(`${name} in the environment of ${line}`);
    }
  }

  #folder(folder: string): void {
    try {
      for (const { name } of Deno.readDirSync(folder)) {
        const path = `${folder}/${name}`;
        const { mode = 0, isDirectory, isSymlink } = Deno.lstatSync(path);
        this.files.add(path.slice(this.temp.length));
        // The mode of a link means nothing.
        if (!isSymlink && mode! & 0o077 && !name.endsWith(".pub")) {
          this.found.add(`${path} has the mode ${(mode! & 0o777).toString(8)}`);
        }
        if (isDirectory) this.#folder(path);
      }
    } catch {
      // It has gone in between.
    }
  }
}

function read(path: string): string {
  try {
    return new TextDecoder().decode(Deno.readFileSync(path));
  } catch {
    return "";
  }
}
