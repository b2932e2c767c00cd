/**
 * Becoming root where sudo wants a password.
 *
 * The password goes over a channel of its own, once, into the memory of a small shell on the target; that
 * shell hands it to sudo's askpass program through a pipe which only the user can read. So it is in no
 * argument list, no file, and never in the same stream as a payload. All of it goes with the session.
 *
 * @module
 */
import { LoginError } from "../errors.ts";
import type { Session } from "./session.ts";

const SERVE = `
umask 077
folder=$(mktemp -d "$HOME/.nixos-anywhere.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/pipe" || exit 1
printf '#!/bin/sh\\nexec cat "%s/pipe"\\n' "$folder" >"$folder/askpass"
# A wrong password is tried once: a third time may lock the account.
printf '#!/bin/sh\\n[ ! -e "%s/asked" ] || exit 1\\n: >"%s/asked"\\nexec cat "%s/pipe"\\n' "$folder" "$folder" "$folder" >"$folder/askonce"
chmod 700 "$folder/askpass" "$folder/askonce"
IFS= read -r password || exit 1
( trap - EXIT; while printf '%s\\n' "$password" >"$folder/pipe"; do sleep 0.1 2>/dev/null || sleep 1; done ) >/dev/null 2>&1 &
echo "askpass $folder/askpass"
# Ends when the session ends.
cat >/dev/null
kill $!
`;

/**
 * Starts the helper on the target and returns the path of its askpass program there. Throws a
 * {@linkcode LoginError} if sudo does not take the password.
 */
export async function serveSudoPassword(session: Session, password: string): Promise<string> {
  const input = new TransformStream<Uint8Array, Uint8Array>();
  const writer = input.writable.getWriter();
  const helper = session.start(["sh", "-c", SERVE], input.readable);
  session.own(helper);
  helper.stderr.pipeTo(new WritableStream()).catch(() => {});
  writer.write(new TextEncoder().encode(`${password}\n`)).catch(() => {});
  const path = await firstLine(helper.stdout);
  const askpass = /^askpass (\/[^\p{Cc}'"\\]+)$/u.exec(path)?.[1];
  const check = askpass &&
    await session.run([
      "env",
      `SUDO_ASKPASS=${askpass.replace(/askpass$/, "askonce")}`,
      "sudo",
      "-A",
      "--",
      "true",
    ], {
      allowFailure: true,
      deadline: 60_000,
    });
  if (!askpass || !check || check.code !== 0) {
    throw new LoginError(`${session.label}: sudo does not take the password`, {
      hint: "check the password, and that the user may use sudo",
    });
  }
  return askpass;
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
