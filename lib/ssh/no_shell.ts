/**
 * Logins that are granted, and then end without having run anything: forced commands, start-up files that end the
 * shell, expired passwords.
 *
 * @module
 */
import { ConnectionError } from "../errors.ts";
import { TROUBLES } from "../plan/troubles.ts";

/** A login that ran no command. */
export class ShellError extends ConnectionError {
  /** What was said in its place, escaped, one line a line. */
  readonly said: string;

  /** Makes one for what was `said`. */
  constructor(message: string, said: string) {
    super(message, { hint: shellHint(said) });
    this.said = said;
    this.name = "ConnectionError";
  }
}

/** The error of a command that was not begun on `where`. */
export function shellError(where: string, code: number, said: string): ShellError {
  const words = lastWords(said);
  const what = `its login shell ended before the command, with exit code ${code}`;
  return new ShellError(`${where}: ${what}${words === "" ? "" : `: ${words}`}`, said);
}

/** The error of a command during which the connection to `where` ended. */
export function lostConnection(where: string, command: string): ConnectionError {
  return new ConnectionError(`${where}: the connection was lost during ${command}`, {
    hint: "check the network and the machine",
  });
}

/** The error of a server that ends a connection with the first command of it, as tinysshd does. */
export function oneCommand(where: string): ConnectionError {
  return new ConnectionError(`${where}: its ssh server ends each connection after one command`, {
    hint:
      "start another ssh server there, such as OpenSSH's or dropbear, and name its port with -p",
  });
}

/** The line that tells most of what was said. */
export function lastWords(said: string): string {
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const known = lines.find((line) => HINTS.some(([pattern]) => pattern.test(line)));
  return (known ?? lines.at(-1) ?? "").trim();
}

const HINTS: readonly (readonly [RegExp, (match: RegExpExecArray) => string])[] = [
  [
    /login as the user "?([\w.-]+?)"? rather than/i,
    ([, user]) => `log in as ${user}@HOST: the machine's root only shows this message`,
  ],
  [
    /(password|account).{0,40}expired|required to change your password|password change required/i,
    () => "log in once with ssh by hand and set a new password, then run the same command line",
  ],
  [
    /account is (currently )?not available|nologin|not allowed to log ?in/i,
    () => "log in as another user: this one has no login shell",
  ],
];

/** What to do about a login that said this and ran nothing. */
export function shellHint(said: string): string {
  for (const [pattern, hint] of HINTS) {
    const match = pattern.exec(said);
    if (match) return hint(match);
  }
  return TROUBLES.facts.hint;
}
