/**
 * The servers of one copy: the store here, and those that are started on the target.
 *
 * @module
 */
import { type NixOptions, settingArgs } from "../../nix/command.ts";
import { storeArgs } from "../../nix/store.ts";
import { start } from "../../process.ts";
import type { Report } from "../../report/events.ts";
import { shownWords } from "../../ssh/command_line.ts";
import { internals, type Session } from "../../ssh/session.ts";
import { clientGreeting } from "../protocol/serve_requests.ts";
import { decompressing } from "./send_stream.ts";
import { ServeClient } from "./serve_client.ts";

/** Without these a server answers the same question the same way for as long as it lives, whatever came meanwhile. */
const UNCACHED = ["negative", "positive"].flatMap((kind) => [
  "--option",
  `narinfo-cache-${kind}-ttl`,
  "0",
]);

const NAMED = `echo "serve $$" >&2; exec "$@"`;

/** The process of a server on the target, in the line that tells it. */
export function pidOf(line: string): number | undefined {
  const pid = /^serve (\d{1,9})$/.exec(line)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** Starts servers. Whoever asked for one disposes of it. */
export class StoreServers {
  /** `root` is the folder on the target that is `/` for the store; `signal` ends all servers. */
  constructor(
    readonly session: Session,
    readonly options: NixOptions & {
      readonly root: string;
      readonly report: Report;
      readonly become?: readonly string[] | undefined;
    },
    readonly signal: AbortSignal,
  ) {}

  /** The store of this machine. */
  local(): ServeClient {
    const command = ["nix-store", ...settingArgs(this.options), "--serve"];
    const { options: { report }, signal } = this;
    report({ type: "command", command, where: "here" });
    const client = new ServeClient((input) => start(command, { stdin: input }), {
      ...{ command, where: "here", report, signal },
    });
    client.write(clientGreeting());
    return client;
  }

  /** The target's store, with nix settings of its own: by default one that looks anew at every question. */
  remote(settings: readonly string[] = UNCACHED): ServeClient {
    const client = this.#onTarget(this.#command(settings));
    client.write(clientGreeting());
    return client;
  }

  /** The target's store, with settings; `translate` is told its number first, {@linkcode pidOf}, then all that it says. */
  named(settings: readonly string[], translate: (line: string) => readonly string[]): ServeClient {
    const { become = [] } = this.options;
    const words = this.#words(settings);
    const client = this.#onTarget([...become, "sh", "-c", NAMED, "named", ...words], translate);
    client.write(clientGreeting());
    return client;
  }

  /** The target's store for one compressed stream, in which the greeting is. */
  receiver(): ServeClient {
    return this.#onTarget(decompressing(this.#command(UNCACHED)));
  }

  #onTarget(
    command: readonly string[],
    translate?: (line: string) => readonly string[],
  ): ServeClient {
    const { session, options: { report }, signal } = this;
    return new ServeClient((input) => internals(session).start(command, input), {
      ...{ command: shownWords(command), where: session.label, report, signal, translate },
    });
  }

  #command(settings: readonly string[]): string[] {
    return [...this.options.become ?? [], ...this.#words(settings)];
  }

  #words(settings: readonly string[]): string[] {
    const words = [...settingArgs(this.options), ...settings, ...storeArgs(this.options.root)];
    return ["nix-store", ...words, "--serve", "--write"];
  }
}
