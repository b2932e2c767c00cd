/**
 * The servers of one copy: the store here, and those that are started on the target.
 *
 * @module
 */
import { type NixOptions, settingArgs } from "../nix/command.ts";
import { storeArgs } from "../nix/store.ts";
import { start } from "../process.ts";
import type { Report } from "../report/events.ts";
import type { Session } from "../ssh/session.ts";
import { unpacking } from "./push.ts";
import { shownWords } from "../ssh/command_line.ts";
import { Dialogue } from "./server.ts";
import { carrying, CHANNELS, joining, Stripes } from "./stripes.ts";
import { hello } from "./wire.ts";

/** Without these a server answers the same question the same way for as long as it lives, whatever came meanwhile. */
const UNCACHED = ["negative", "positive"].flatMap((kind) => [
  "--option",
  `narinfo-cache-${kind}-ttl`,
  "0",
]);

/** Starts servers. Whoever asked for one disposes of it. */
export class Servers {
  /** `root` is the folder on the target that is `/` for the store; `signal` ends all servers. */
  constructor(
    readonly session: Session,
    readonly options: NixOptions & { readonly root: string; readonly report: Report },
    readonly signal: AbortSignal,
  ) {}

  /** The store of this machine. */
  here(): Dialogue {
    const command = ["nix-store", ...settingArgs(this.options), "--serve"];
    const { options: { report }, signal } = this;
    report({ type: "command", command, where: "here" });
    const begin = (input: ReadableStream<Uint8Array>) => start(command, { stdin: input });
    const server = new Dialogue(begin, { command, where: "here", report, signal });
    server.tell(hello());
    return server;
  }

  /** The target's store, with nix settings of its own: by default one that looks anew at every question. */
  there(settings: readonly string[] = UNCACHED): Dialogue {
    const server = this.#onTarget(this.#command(settings));
    server.tell(hello());
    return server;
  }

  /** The target's store, for one packed stream, in which the greeting is. */
  packing(): Dialogue {
    return this.#onTarget(unpacking(this.#command(UNCACHED)));
  }

  /** The same for a stream over several channels. */
  striped(): Stripes {
    const folder = `/tmp/nixos-anywhere.${crypto.randomUUID()}`;
    const others = Array.from({ length: CHANNELS - 1 }, (_, index) => carrying(folder, index + 1));
    const begun: Promise<boolean>[] = [];
    // One that waited for another one's end would wait for itself.
    const start = (command: readonly string[]) => this.#onTarget(command, begun);
    const main = start(joining(folder, this.#command(UNCACHED)));
    const carriers = others.map(start);
    const opened = Promise.all(begun).then((all) => all.every(Boolean));
    return new Stripes(main, carriers, opened);
  }

  /** Starts a command; with `begun`, now or not at all, and whether it was begun is added to that. */
  #onTarget(command: readonly string[], begun?: Promise<boolean>[]): Dialogue {
    const { session, options: { report }, signal } = this;
    const begin = (input: ReadableStream<Uint8Array>) => {
      const remote = session.start(command, input, { now: begun !== undefined });
      begun?.push(remote.begun);
      return remote;
    };
    return new Dialogue(begin, {
      command: shownWords(command),
      where: session.label,
      report,
      signal,
    });
  }

  #command(settings: readonly string[]): string[] {
    const words = [...settingArgs(this.options), ...settings, ...storeArgs(this.options.root)];
    return ["nix-store", ...words, "--serve", "--write"];
  }
}
