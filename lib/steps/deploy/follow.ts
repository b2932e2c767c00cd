/**
 * Following an activation on a target, over whatever login reaches it.
 *
 * @module
 */
import { Scope } from "../../async.ts";
import { ConnectionError } from "../../errors.ts";
import { isStorePath, type StorePath } from "../../plan/store_path.ts";
import type { Report } from "../../report/events.ts";
import type { Session } from "../../ssh/session.ts";
import { CONFIRM, FOLLOW } from "./activation_scripts.ts";

/** One activation on a target. */
export interface Activation {
  /** Its name there. */
  readonly token: string;
  /** The lines of its log that were reported. */
  shown: number;
  readonly report: Report;
}

/** How an activation stands. */
export interface Standing {
  /**
   * `waiting`: for a new login; `gone`: what it kept is not there; `unknown`: the target did not answer; else how it has
   * ended.
   */
  readonly state: "waiting" | "gone" | "unknown" | "active" | "back" | "broken" | "kept";
  /** The exit code of switch-to-configuration, where it has ended. */
  readonly exitCode?: number;
  /** The ssh host keys that the target has now, each `TYPE BASE64`. */
  readonly hostKeys: readonly string[];
  /** Where what was kept is gone: what the target runs, and what its system profile is, as far as it says. */
  readonly left?: { readonly running?: StorePath; readonly profile?: StorePath };
}

/** Milliseconds without a word after which a connection is not relied on. */
const SILENCE = 8000;

/**
 * Reports the log of an activation until it has ended or, unless its outcome alone is asked for, waits for a new login.
 * `undefined` where the connection is lost or silent.
 */
export async function follow(
  session: Session,
  activation: Activation,
  become: readonly string[],
  signal: AbortSignal,
  until: "any" | "outcome" = "any",
): Promise<Standing | undefined> {
  using scope = new Scope(signal);
  let heard = performance.now();
  const timer = setInterval(() => {
    if (performance.now() - heard > SILENCE) scope.abort(SILENT);
  }, 500);
  try {
    const { stdout } = await session.script(FOLLOW, {
      become,
      name: "follow the activation",
      args: [activation.token, String(activation.shown), until],
      signal: scope.signal,
      onLine: (line, stream) => {
        heard = performance.now();
        if (stream !== "stdout" || !line.startsWith("log ")) return;
        activation.shown++;
        activation.report({ type: "output", source: "activation", line: line.slice(4) });
      },
    });
    return parseStanding(stdout);
  } catch (error) {
    signal.throwIfAborted();
    if (error === SILENT || error instanceof ConnectionError) return undefined;
    throw error;
  } finally {
    clearInterval(timer);
  }
}

const SILENT = new Error("the connection is silent");

/** Reads how an activation stands; what makes no sense is not there. */
export function parseStanding(answer: string): Standing {
  const hostKeys = Array.from(
    answer.matchAll(/^host_key ([a-z0-9@.-]{1,60} [A-Za-z0-9+/]{16,4000}={0,3})$/gm),
    ([, key = ""]) => key,
  ).slice(0, 20);
  const code = /^status (\d{1,3})$/m.exec(answer)?.[1];
  const pathOf = (key: string) => {
    const path = new RegExp(`^${key} (.*)$`, "m").exec(answer)?.[1] ?? "";
    return isStorePath(path) ? { [key]: path } : {};
  };
  const state = /^(waiting)$|^outcome (active|back|broken|kept)$/m.exec(answer);
  return {
    state: (state?.[1] ?? state?.[2] ?? "gone") as Standing["state"],
    ...(code !== undefined && { exitCode: Number(code) }),
    hostKeys,
    ...(/^gone$/m.test(answer) && { left: { ...pathOf("running"), ...pathOf("profile") } }),
  };
}

/** Confirms an activation; returns the system that runs, or nothing where the target has decided to go back. */
export async function confirm(
  session: Session,
  { token }: Activation,
  become: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ readonly running: StorePath | undefined } | undefined> {
  const { stdout } = await session.script(CONFIRM, {
    become,
    name: "confirm the activation",
    args: [token],
    timeout: 60_000,
    signal,
  });
  if (!/^confirmed$/m.test(stdout)) return undefined;
  const running = /^running (.*)$/m.exec(stdout)?.[1] ?? "";
  return { running: isStorePath(running) ? running : undefined };
}
