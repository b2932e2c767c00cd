/**
 * How many commands may run over one connection at the same time. Servers limit that (MaxSessions in sshd_config, 10 by
 * default, and the login itself takes one); how many they grant is learnt from what they refuse.
 *
 * @module
 */
import { abortable, delay } from "../async.ts";
import { ConnectionError } from "../errors.ts";

/** Milliseconds for which one refusal after the other is believed to be about a command that has just ended. */
const PATIENCE = 20_000;

/** The right to run one command. Disposal gives it back. */
export interface Channel extends Disposable {
  /** The server granted it. */
  granted(): void;
  /** The server refused it: it is given back. Resolves when another try is worth it, rejects when none is. */
  refused(): Promise<void>;
}

/** The channels of a connection. */
export class Channels {
  #limit = Infinity;
  #active = 0;
  #granted = false;
  readonly #waiting: (() => void)[] = [];
  readonly #crowded = Promise.withResolvers<void>();
  #madeRoom = false;
  #count = 0;
  #refusedSince: number | undefined;

  /** `makeRoom` is called once, when the server grants none beside the login itself. */
  constructor(readonly label: string, readonly makeRoom: () => Promise<void>) {}

  /** Whether a command was ever begun. */
  get granted(): boolean {
    return this.#granted;
  }

  /** Whether the server grants one at a time, and has granted one command in all. */
  get grantedOne(): boolean {
    return this.#madeRoom && this.#count === 1;
  }

  /** Resolves when a command has to wait for another one's end: whoever needs no channel just now gives it back. */
  get crowded(): Promise<void> {
    return this.#crowded.promise;
  }

  /** Waits for a channel; with `first` in front of others that wait. */
  async enter(signal: AbortSignal, options: { first?: boolean } = {}): Promise<Channel> {
    signal.throwIfAborted();
    let { first = false } = options;
    while (this.#active >= this.#limit) {
      this.#crowded.resolve();
      const turn = Promise.withResolvers<void>();
      if (first) this.#waiting.unshift(turn.resolve);
      else this.#waiting.push(turn.resolve);
      try {
        await abortable(turn.promise, signal);
        first = true;
      } catch (error) {
        const at = this.#waiting.indexOf(turn.resolve);
        // Its turn had come already: it is the next one's.
        if (at >= 0) this.#waiting.splice(at, 1);
        else this.#wake();
        throw error;
      }
    }
    this.#active++;
    return this.#channel(signal);
  }

  #channel(signal: AbortSignal): Channel {
    let open = true;
    const leave = () => {
      if (open) this.#active--;
      if (open) this.#wake();
      open = false;
    };
    return {
      granted: () => {
        this.#granted = true;
        this.#count++;
        this.#refusedSince = undefined;
      },
      refused: async () => {
        const others = this.#active - 1;
        this.#limit = Math.max(1, Math.min(this.#limit, others));
        this.#crowded.resolve();
        if (others === 0 && !this.#granted) {
          // Given back afterwards: meanwhile nothing else is tried over the old connection.
          using _ = { [Symbol.dispose]: leave };
          if (this.#madeRoom) throw this.#none();
          this.#madeRoom = true;
          return await this.makeRoom();
        }
        leave();
        if (others > 0) return;
        // One that has ended here may not have ended there yet.
        this.#refusedSince ??= performance.now();
        if (performance.now() - this.#refusedSince > PATIENCE) throw this.#none();
        await delay(200, signal);
      },
      [Symbol.dispose]: leave,
    };
  }

  #wake(): void {
    this.#waiting.shift()?.();
  }

  #none(): ConnectionError {
    return new ConnectionError(`${this.label}: its ssh server grants no session for a command`, {
      hint: "set MaxSessions in its sshd_config to 2 or more, or log in as another user",
    });
  }
}
