/**
 * The small programs that ssh calls back: the one that gives the password and the one that knows a
 * fingerprint. POSIX sh, since they run on whatever machine the user sits at.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { quote } from "./quote.ts";

/** Whose password it is. */
export interface Asked {
  readonly user: string;
  readonly hostname: string;
  /** Whether other machines may ask for theirs on the way there. */
  readonly jumps: boolean;
}

/**
 * Writes ssh's askpass program into `folder` and returns the variables that make ssh use it. The password
 * is in the environment of that ssh alone, never in a file or an argument. Only questions for a password
 * get it; a key's passphrase is another secret, and so is the password of a machine on the way.
 */
export async function askpass(
  folder: string,
  password: string,
  { user, hostname, jumps }: Asked,
): Promise<Record<string, string>> {
  if (/[\n\r\0]/.test(password)) {
    throw new UsageError("the password holds a line break", {
      hint: "set SSHPASS to the password alone",
    });
  }
  const path = `${folder}/askpass`;
  // As ssh writes it. A server's own questions, as of PAM, have the name in front from OpenSSH 8.5 on.
  const code = `#!/bin/sh
me=${quote(`${user}@${hostname.toLowerCase()}`)}
case "$1" in
*assphrase*) exit 1 ;;
"$me's password:"*|"($me) "*) ;;
*) ${jumps ? "exit 1" : ":"} ;;
esac
# One-time codes are no passwords, and a password that was refused is not sent again: that may lock the account.
case "\${1#"($me) "}" in
*[Cc]ode*|*[Tt]oken*|*OTP*|*[Oo]ne-time*)
  [ -z "$NIXOS_ANYWHERE_ASKED" ] || printf '%.200s' "\${1#"($me) "}" >"$NIXOS_ANYWHERE_ASKED.more"
  exit 1
  ;;
esac
if [ -n "$NIXOS_ANYWHERE_ASKED" ]; then
  [ ! -e "$NIXOS_ANYWHERE_ASKED" ] || exit 1
  umask 077
  : >"$NIXOS_ANYWHERE_ASKED"
fi
printf '%s\\n' "$NIXOS_ANYWHERE_PASSWORD"
`;
  await Deno.writeTextFile(path, code, { mode: 0o700 });
  // DISPLAY for OpenSSH before 8.4, which knows no SSH_ASKPASS_REQUIRE.
  return {
    SSH_ASKPASS: path,
    SSH_ASKPASS_REQUIRE: "force",
    DISPLAY: Deno.env.get("DISPLAY") ?? ":0",
    NIXOS_ANYWHERE_PASSWORD: password,
  };
}

/**
 * The program that ssh asks for known keys (`KnownHostsCommand`, OpenSSH 8.5): it knows the key that the
 * server shows if it has the wanted fingerprint, and no other. Arguments: fingerprint, host, type, key.
 */
export function fingerprintScript(fingerprint = ""): string {
  const wanted = /^SHA256:[A-Za-z0-9+/]{43}$/.test(fingerprint) ? fingerprint : "none";
  return `[ "$1" = '${wanted}' ] && printf '%s %s %s\\n' "$2" "$3" "$4"\nexit 0\n`;
}

/** Writes a file that nobody else can read. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text, { mode: 0o600 });
}
