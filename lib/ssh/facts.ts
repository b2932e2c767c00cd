/**
 * Learning what machine a target is.
 *
 * @module
 */
import { AnswerError, CommandError, ConnectionError, type InstallError } from "../errors.ts";
import { type Facts, parseFacts, TOOLS } from "../plan/facts.ts";
import { TROUBLES } from "../plan/troubles.ts";
import { serveSudoPassword } from "./sudo.ts";
import type { Session } from "./session.ts";

/** How facts are asked for; everything has a default. */
export interface FactsOptions {
  /** Asked for when sudo wants a password; it stays with the session. @default sudo is of no use then */
  readonly sudoPassword?: (() => Promise<string | undefined>) | undefined;
  /** How long the target may take to answer, in milliseconds. @default 60_000 */
  readonly deadline?: number;
  /** Ends the wait when aborted. */
  readonly signal?: AbortSignal;
}

// Only what every POSIX system has, and only reading. Each value is one line; what is not Linux has few.
const SCRIPT = String.raw`
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin:/run/current-system/sw/bin
fact() { printf 'fact %s %s\n' "$1" "$(printf %s "$2" | tr '\n\r' '  ')"; }
have() { command -v "$1" >/dev/null 2>&1; }
release() { [ ! -r /etc/os-release ] || sed -n "s/^$1=//p" /etc/os-release | tail -n 1 | sed "s/^[\"']//; s/[\"']\$//"; }
yes_if() { if "$@"; then echo y; else echo n; fi; }
fact os "$(uname -s)"
fact arch "$(uname -m)"
fact name "$(release PRETTY_NAME)"
fact nixos "$(yes_if [ "$(release ID)" = nixos ])"
fact installer "$(yes_if [ "$(release VARIANT_ID)" = installer ])"
container=none
if have systemd-detect-virt; then container=$(systemd-detect-virt --container 2>/dev/null) || container=none
elif [ -r /run/systemd/container ]; then read -r container </run/systemd/container
elif [ -e /.dockerenv ]; then container=docker
fi
fact container "$container"
fact user "$(id -un)"
fact uid "$(id -u)"
become=none
if [ "$(id -u)" = 0 ]; then become=root
elif have sudo && sudo -n true >/dev/null 2>&1; then become=sudo
elif have doas && doas -n true >/dev/null 2>&1; then become=doas
elif have sudo; then become=sudo-password
fi
fact become "$become"
for tool in ${TOOLS.filter((tool) => !tool.includes(" ")).join(" ")}; do
  ! have "$tool" || fact tool "$tool"
done
! setsid --wait true 2>/dev/null || fact tool 'setsid --wait'
memory=$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' /proc/meminfo 2>/dev/null) || :
fact memory "${"$"}{memory:-0}"
kexec=possible
switch=/proc/sys/kernel/kexec_load_disabled
if [ ! -e "$switch" ]; then kexec=missing
elif [ "$(cat "$switch")" != 0 ]; then kexec=disabled
elif grep -Eq '\[(integrity|confidentiality)\]' /sys/kernel/security/lockdown 2>/dev/null; then kexec=lockdown
fi
fact kexec "$kexec"
fact boot_id "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo 00000000-0000-0000-0000-000000000000)"
v4=$(awk '$2 == "00000000" && $8 == "00000000" { print "y"; exit }' /proc/net/route 2>/dev/null) || :
v6=$(awk '$1 ~ /^0+$/ && $2 == "00" && $10 != "lo" { print "y"; exit }' /proc/net/ipv6_route 2>/dev/null) || :
fact ipv6_only "$(yes_if [ "$v4$v6" = y -a -z "$v4" ])"
for key in /etc/ssh/ssh_host_*_key.pub; do
  [ ! -r "$key" ] || sed -n 's/^\([a-z0-9@.-]* [A-Za-z0-9+\/=]*\).*$/fact host_key \1/p' "$key"
done
if have lsblk; then
  lsblk -bnP -o NAME,PKNAME,TYPE,SIZE,MODEL,SERIAL,FSTYPE,LABEL,MOUNTPOINT 2>/dev/null | sed 's/^/fact disk /' || :
fi
echo facts end
`;

/**
 * Asks a target what machine it is, in one round trip. Changes nothing on it.
 *
 * Throws an {@linkcode AnswerError} if the answer does not make sense and a {@linkcode ConnectionError}
 * if there is none.
 *
 * @example
 * ```ts ignore
 * import { connect, getFacts } from "@nixos-anywhere/deno";
 * await using target = await connect("root@203.0.113.7");
 * const facts = await getFacts(target);
 * if (facts.installer) console.log("already an installer");
 * ```
 */
export async function getFacts(session: Session, options: FactsOptions = {}): Promise<Facts> {
  const { deadline = 60_000, sudoPassword, signal } = options;
  try {
    const { stdout } = await session.script(SCRIPT, {
      deadline,
      name: "facts",
      ...(signal && { signal }),
    });
    if (!/^facts end$/m.test(stdout)) {
      throw new AnswerError(
        `${session.label}: retrieving host facts via ssh failed: its answer is cut off`,
        {
          hint: TROUBLES.facts.hint,
        },
      );
    }
    const facts = parseFacts(stdout, session.label);
    if (facts.become !== "sudo-password") return facts;
    const password = await sudoPassword?.();
    if (password === undefined) return { ...facts, become: "none" };
    return { ...facts, askpass: await serveSudoPassword(session, password) };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw notAnswered(session, error);
  }
}

function notAnswered(session: Session, error: CommandError): InstallError {
  const said = error.output === "" ? "it said nothing" : error.output.split("\n").at(-1);
  return new ConnectionError(`${session.label}: retrieving host facts via ssh failed: ${said}`, {
    hint: TROUBLES.facts.hint,
    cause: error,
  });
}
