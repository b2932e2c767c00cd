/**
 * Learning what machine a target is.
 *
 * @module
 */
import { AnswerError, CommandError, ConnectionError, type InstallError } from "../errors.ts";
import { type Facts, parseFacts, TOOLS } from "../plan/facts.ts";
import { TROUBLES } from "../plan/troubles.ts";
import { TIMEOUTS } from "../plan/timeouts.ts";
import { FIND_CONTAINER } from "./container.ts";
import { LIST_DISKS } from "./disk_listing.ts";
import { lastWords, ShellError } from "./no_shell.ts";
import { READ_RELEASE } from "./release.ts";
import { serveSudoPassword } from "./sudo.ts";
import type { Session } from "./session.ts";

/** How facts are asked for; everything has a default. */
export interface FactsOptions {
  /** Asked for when sudo wants a password; it stays with the session. Default: sudo is of no use then */
  readonly sudoPassword?: (() => Promise<string | undefined>) | undefined;
  /** How long the target may take to answer, in milliseconds. Default: {@linkcode TIMEOUTS}.connect */
  readonly timeout?: number | undefined;
  /** Ends the wait when aborted. */
  readonly signal?: AbortSignal | undefined;
}

// Only what every POSIX system has, and only reading. Each value is one line; what is not Linux has few. Files
// are read by the shell itself: dozens of programs would be started else, each of which a slow machine feels.
const SCRIPT = `
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin:/run/current-system/sw/bin
# Not all letters are between a and z elsewhere.
LC_ALL=C
export LC_ALL
fact() { printf 'fact %s %s\\n' "$1" "$2"; }
have() { command -v "$1" >/dev/null 2>&1; }
first_line() { line=; [ ! -r "$1" ] || IFS= read -r line <"$1" || :; } 2>/dev/null
fact os "$(uname -s)"
machine=$(uname -m)
fact arch "$machine"
${READ_RELEASE}
fact name "$release_name"
nixos=n installer=n
[ "$release_id" != nixos ] || nixos=y
[ "$release_variant" != installer ] || installer=y
fact nixos "$nixos"
fact installer "$installer"
${FIND_CONTAINER}
uid=$(id -u)
fact user "$(id -un)"
fact uid "$uid"
become=none said= feed='
'
if [ "$uid" = 0 ]; then become=root; fi
if [ "$become" = none ] && have sudo; then
  # Not just any command: a shell is what runs as root later.
  if said=$(sudo -n -- sh -c : 2>&1); then become=sudo
  else
    case $said in *' tty'*|*sudoers*|*'not allowed'*|*'may not run'*) ;; *) become=sudo-password ;; esac
  fi
fi
case $become in none|sudo-password)
  if have doas; then
    if doas_said=$(doas -n -- sh -c : 2>&1); then become=doas; else said=\${said:-$doas_said}; fi
  fi ;;
esac
fact become "$become"
fact become_said "$(printf '%.300s' "\${said##*"$feed"}")"
for tool in ${TOOLS.filter((tool) => !tool.includes(" ")).join(" ")}; do
  ! have "$tool" || fact tool "$tool"
done
! setsid --wait true 2>/dev/null || fact tool 'setsid --wait'
first_line /sys/class/dmi/id/sys_vendor
model=\${line:-}
first_line /sys/class/dmi/id/product_name
model="$model \${line:-}"
[ "$model" != ' ' ] || { first_line /proc/device-tree/model; model=\${line:-}; }
fact model "$(printf '%.200s' "$model")"
aes=n
if [ -r /proc/cpuinfo ]; then
  while IFS= read -r line; do
    case $line in flags*|Features*) ;; *) continue ;; esac
    case "$line " in *' aes '*) case "$line " in *' pclmulqdq '*|*' pmull '*) aes=y ;; esac ;; esac
    break
  done </proc/cpuinfo
fi
fact aes "$aes"
firmware=unknown
case $machine in
x86_64|i?86) if [ -d /sys/firmware/efi ]; then firmware=efi; elif [ -d /sys/firmware ]; then firmware=bios; fi ;;
esac
fact firmware "$firmware"
memory=0
if [ -r /proc/meminfo ]; then
  while read -r key value unit; do [ "$key $unit" != 'MemTotal: kB' ] || memory=$value; done </proc/meminfo
  case $memory in ''|*[!0-9]*) memory=0 ;; esac
fi
fact memory "$memory"
kexec=possible
switch=/proc/sys/kernel/kexec_load_disabled
if [ ! -e "$switch" ]; then
  # The switch is as old as Linux 3.14; a part of /proc may be hidden.
  kexec=unknown
  first_line /proc/sys/kernel/osrelease
  case $line in ''|2.*|3.?|3.?[!0-9]*|3.1[0-3]|3.1[0-3][!0-9]*) ;; *) kexec=missing ;; esac
else
  first_line "$switch"
  if [ "$line" != 0 ]; then kexec=disabled
  else
    first_line /sys/kernel/security/lockdown
    case $line in *'[integrity]'*|*'[confidentiality]'*) kexec=lockdown ;; esac
  fi
fi
fact kexec "$kexec"
first_line /proc/sys/kernel/random/boot_id
fact boot_id "\${line:-00000000-0000-0000-0000-000000000000}"
v4= v6=
if [ -r /proc/net/route ]; then
  while read -r _ to _ _ _ _ _ mask _; do [ "$to $mask" != '00000000 00000000' ] || v4=y; done </proc/net/route
fi
if [ -r /proc/net/ipv6_route ]; then
  while read -r to length _ _ _ _ _ _ _ device; do
    case $to in *[!0]*) continue ;; esac
    [ "$length" != 00 ] || [ "$device" = lo ] || v6=y
  done </proc/net/ipv6_route
fi
# The interface with the address that this login came to, and whether an installer could use it.
link_name= link=unknown
set -- \${SSH_CONNECTION:-}
address=\${3:-}
address=\${address#::ffff:}
case $address in
*%*) link_name=\${address#*%} ;;
?*) ! have ip || link_name=$(ip -o addr show to "$address" 2>/dev/null | sed -n '1s/^[0-9]*: *\\([^ :@]*\\).*/\\1/p') ;;
esac
case $link_name in *[!A-Za-z0-9_.-]*) link_name= ;; esac
net=/sys/class/net/$link_name
if [ -n "$link_name" ] && [ -d "$net" ]; then
  link=wired type=1 devtype=
  first_line "$net/type"
  type=$line
  if [ -r "$net/uevent" ]; then
    while IFS== read -r key value; do [ "$key" != DEVTYPE ] || devtype=$value; done <"$net/uevent"
  fi
  case $devtype in wlan) link=wifi ;; wwan) link=mobile ;; wireguard) link=tunnel ;; vlan) link=vlan ;; esac
  if [ -e "$net/wireless" ] || [ -e "$net/phy80211" ]; then link=wifi; fi
  if [ -e "$net/tun_flags" ]; then link=tunnel; fi
  # Numbers of linux/if_arp.h: 512 ppp, 519 raw IP of modems, 768 to 778 tunnels, 823 GRE, 65534 none.
  case $type in 512|768|769|776|778|823|65534) link=tunnel ;; 519) link=mobile ;; 801|802|803) link=wifi ;; esac
fi
fact login_link "$link $link_name"
ipv6_only=n
[ "$v4$v6" != y ] || [ -n "$v4" ] || ipv6_only=y
fact ipv6_only "$ipv6_only"
for file in /etc/ssh/ssh_host_*_key.pub; do
  [ -r "$file" ] || continue
  while read -r type key _; do
    case $type in ''|*[!a-z0-9@.-]*) continue ;; esac
    case $key in ''|*[!A-Za-z0-9+/=]*) continue ;; esac
    fact host_key "$type $key"
  done <"$file"
done
${LIST_DISKS}
list_disks | sed 's/^/fact disk /' || :
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
  const { timeout = TIMEOUTS.connect, sudoPassword, signal } = options;
  try {
    const { stdout } = await session.script(SCRIPT, {
      timeout,
      name: "facts",
      inline: true,
      signal,
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
    return { ...facts, ...await serveSudoPassword(session, password) };
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof ShellError)) throw error;
    throw notAnswered(session, error);
  }
}

function notAnswered(session: Session, error: CommandError | ShellError): InstallError {
  const { label } = session;
  const said = error instanceof ShellError
    ? error.message.replace(`${label}: `, "")
    : lastWords(error.output) || "it said nothing";
  return new ConnectionError(`${label}: retrieving host facts via ssh failed: ${said}`, {
    hint: error instanceof ShellError ? error.hint : TROUBLES.facts.hint,
    cause: error,
  });
}
