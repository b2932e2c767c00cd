/**
 * Becoming root where sudo wants a password.
 *
 * The password goes over a channel of its own, once, into the memory of a small shell on the target; that
 * shell hands it out through a pipe which only the user can read: to sudo's askpass program, or, where sudo knows none,
 * to a script that gives it to `sudo -S` in front of what the command reads. So it is in no argument list, no file, and
 * never in the same stream as a payload from here. All of it goes with the session.
 *
 * @module
 */
import { within } from "../async.ts";
import { LoginError } from "../errors.ts";
import { eachLine } from "../lines.ts";
import { becomeHint } from "../plan/become.ts";
import { lastWords } from "./no_shell.ts";
import { internals, type Session } from "./session.ts";
import { CHECK_SUDO, SERVE_PASSWORD } from "./sudo_scripts.ts";

/** How sudo gets its password on a target while the session lasts: one of the two. */
export interface SudoHelper {
  /** sudo's askpass program there. */
  readonly askpass?: string;
  /** A script there that runs `sudo -S`, and the word that it is given first. */
  readonly sudoScript?: readonly [path: string, mode: string];
}

/** Milliseconds for the helper, and for the check of the password, which sudo may delay. */
const DEADLINE = 60_000;

/**
 * Starts the helper on the target and finds out which way its sudo takes the password; a password that is refused is
 * tried once. Throws a {@linkcode LoginError} with sudo's own words if it makes this user not root.
 */
export async function serveSudoPassword(session: Session, password: string): Promise<SudoHelper> {
  const input = new TransformStream<Uint8Array, Uint8Array>();
  const writer = input.writable.getWriter();
  const write = (line: string) =>
    writer.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  const name = `nixos-anywhere.${crypto.randomUUID()}`;
  const helper = internals(session).start(
    ["sh", "-c", SERVE_PASSWORD, "sudo-helper", name],
    input.readable,
  );
  internals(session).own(helper);
  const said: string[] = [];
  eachLine(helper.stderr, (line) => said.push(line)).catch(() => {});
  write(password);
  const answer = await within(firstLine(helper.stdout), DEADLINE) ?? "";
  const [, kind, folder] = /^(exec|noexec) (\/[A-Za-z0-9/._+@-]+)$/.exec(answer) ?? [];
  if (folder === undefined || kind === undefined) {
    throw new LoginError(
      `${session.label}: there is no folder for what gives sudo its password: ${
        lastWords(said.join("\n")) || "none can be written"
      }`,
      { hint: "see that the user can write to its home or to /tmp, or log in as root" },
    );
  }
  // On a server that grants few channels the helper goes on without one.
  internals(session).channels.crowded.then(() => write("detach"));
  const { stdout } = await session.script(CHECK_SUDO, {
    name: "check sudo's password",
    inline: true,
    args: [folder, kind, name],
    timeout: DEADLINE,
  });
  const mode = /^mode (askpass|quiet|plain)$/m.exec(stdout)?.[1];
  if (mode === "askpass") return { askpass: `${folder}/askpass` };
  if (mode !== undefined) return { sudoScript: [`${folder}/sudo`, mode] };
  throw refused(session.label, Array.from(stdout.matchAll(/^said (.*)$/gm), (one) => one[1]));
}

function refused(label: string, said: readonly (string | undefined)[]): LoginError {
  const words = lastWords(said.join("\n"));
  const wrong = words === "" || /password|authenticat|try again/i.test(words);
  const what = wrong ? "sudo does not take the password" : "sudo does not make this user root";
  return new LoginError(`${label}: ${what}${words && `: ${words}`}`, {
    hint: becomeHint(words) ??
      "check the password, and that the user may use sudo; a password is tried once",
  });
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
    .getReader();
  let text = "";
  while (!text.includes("\n") && text.length < 4096) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  return text.split("\n")[0] ?? "";
}
