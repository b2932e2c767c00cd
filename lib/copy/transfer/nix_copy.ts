/**
 * Copying closures with `nix copy`, which knows every kind of store.
 *
 * @module
 */
import { AnswerError, CommandError } from "../../errors.ts";
import { nixCommand, type NixOptions, runNix, withHint } from "../../nix/command.ts";
import { hintOn } from "../../nix/hints.ts";
import { storeUri } from "../../nix/store.ts";
import type { Stage } from "../../report/events.ts";
import type { StorePath } from "../../plan/store_path.ts";
import { internals, type Session } from "../../ssh/session.ts";
import { classify } from "./stall_timer.ts";

/** How `nix copy` is called. */
export interface NixCopyOptions extends NixOptions {
  readonly root: string;
  /** The stage that the copy belongs to. */
  readonly stage: Stage;
  readonly from: string | undefined;
  readonly substitute: boolean;
  readonly storeSettings: readonly { readonly name: string; readonly value: string }[];
  /** The words that make a command of the target run as root. Default: [] */
  readonly become?: readonly string[] | undefined;
  /** How another way to copy them has failed before. Default: there was none */
  readonly before?: CommandError | undefined;
}

const OTHERWISE = "see nix's own output; --debug shows every command";

/** Copies closures with `nix copy` by way of a session. */
export async function copyByNix(
  session: Session,
  wanted: readonly StorePath[],
  options: NixCopyOptions,
): Promise<void> {
  const { root, stage, from, substitute, become = [] } = options;
  // nix hands these words to the login shell.
  const program = [...become, "nix-daemon"].join(" ");
  const storeSettings = become.length === 0
    ? options.storeSettings
    : [{ name: "remote-program", value: program }, ...options.storeSettings];
  const args = [
    ...(from === undefined ? [] : ["--from", from]),
    "--to",
    storeUri({ root, settings: storeSettings }),
    // Built here, so signed by nobody; who may log in as root may add any path.
    "--no-check-sigs",
    ...(substitute ? ["--substitute-on-destination"] : []),
    // Without it, nix 2.8 takes a derivation for its output.
    ...(wanted.some((path) => path.endsWith(".drv")) ? ["--derivation"] : []),
    ...wanted,
  ];
  const env = { NIX_SSHOPTS: session.sshOptions };
  // nix' own ssh takes a channel of the connection like any other command.
  using _channel = await internals(session).channels.enter(
    options.signal ?? new AbortController().signal,
  );
  try {
    await runNix(nixCommand("copy", args, options), options, { env, stage });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (session.greeting !== "") throw greetingError(session, error);
    // nix names its own way to the target, by which nobody knows it, and newer ones leave out what was wrong there.
    const { output = "", where = session.label } = options.before ?? {};
    const hint = hintOn(error.message, where, hintOn(output, where, OTHERWISE));
    const named = withHint(error, hint, `${session.label}: ${error.message}`);
    throw await classify(session, named);
  }
}

/** nix' own ssh reads what start-up files print as if nix had said it over there. */
function greetingError(session: Session, cause: CommandError): Error {
  const [line = ""] = session.greeting.split("\n");
  return new AnswerError(
    `${session.label}: nix copy cannot read a target whose login shell prints ${
      JSON.stringify(line.slice(0, 80))
    } before every command`,
    {
      hint: "have its start-up files (.bashrc, config.fish, .cshrc) print on terminals only",
      cause,
    },
  );
}
