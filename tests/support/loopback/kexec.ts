/**
 * Small kexec images: what they hold is named as in the real ones, and their `run` tells the machine
 * that the container is, instead of the kernel, to boot.
 *
 * @module
 */
import type { ContainerFile } from "./options.ts";

/** What an image is made of; everything has a default. */
export interface KexecOptions {
  /** The script `kexec/run`. @default {@linkcode RUN} */
  readonly run?: string;
  /** More members, or others, by path; `null` leaves one out. */
  readonly members?: Readonly<Record<string, ContainerFile | null>>;
  /** Bytes of random data in the initrd. @default 65_536 */
  readonly size?: number;
}

/**
 * Gathers keys and host keys as the published image does, into `/run/container/gathered`: plain keys, those of the sudo user
 * too, and links as links.
 */
const GATHER = String.raw`gathered=/run/box/gathered
rm -rf "$gathered"
mkdir -m 700 "$gathered"
plain() {
  for file in "$1/.ssh/authorized_keys" "$1/.ssh/authorized_keys2"; do
    [ ! -e "$file" ] || grep -o '\(\(ssh\|ecdsa\|sk\)-[^ ]* .*\)' "$file" >>"$gathered/authorized_keys" || :
  done
}
user=$(printenv DOAS_USER || printenv SUDO_USER || :)
plain /root
[ -z "$user" ] || plain "$(sh -c "echo ~$user")"
for file in /etc/ssh/authorized_keys.d/root /etc/ssh/authorized_keys.d/"$user"; do
  [ ! -f "$file" ] || cat "$file" >>"$gathered/authorized_keys"
done
for file in /etc/ssh/ssh_host_*; do [ ! -e "$file" ] || cp -a "$file" "$gathered"; done
echo "keys gathered: $(grep -c . "$gathered/authorized_keys" 2>/dev/null || :)"`;

/** Does what the contract says of `run`, except for the kexec itself. */
export const RUN = `#!/bin/sh
set -eu
flags=
while [ $# -gt 0 ]; do
  case $1 in
  --kexec-extra-flags) flags=$2; shift 2 ;;
  *) echo "unknown option $1" >&2; exit 1 ;;
  esac
done
here=$(dirname "$0")
for file in kexec ip bzImage initrd; do test -s "$here/$file"; done
for command in cpio gzip mktemp; do command -v "$command" >/dev/null; done
test "$(id -u)" = 0
work=$(mktemp -d)
rm -r "$work"
printf 'run flags=%s work=%s user=%s\\n' "$flags" "$work" "\${SUDO_USER-}\${DOAS_USER-}" \\
  >>/run/box/commands
${GATHER}
echo "machine will boot into nixos in 6s..."
echo kexec >>/run/box/signals
`;

/** Writes an image to `path`, compressed as its name says (.tar, .tar.gz, .tar.xz, .tar.zst). */
export async function writeKexec(path: string, options: KexecOptions = {}): Promise<string> {
  const { run = RUN, size = 65_536, members = {} } = options;
  const initrd = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) {
    crypto.getRandomValues(initrd.subarray(at, at + 65_536));
  }
  const program = { text: "#!/bin/sh\nexit 0\n", mode: 0o755 };
  const all: Record<string, ContainerFile | null> = {
    "kexec/run": { text: run, mode: 0o755 },
    "kexec/kexec": program,
    "kexec/ip": program,
    "kexec/bzImage": "no kernel\n",
    "kexec/initrd": { text: initrd },
    ...members,
  };
  const folder = await Deno.makeTempDir({ prefix: "kexec-" });
  try {
    const names: string[] = [];
    for (const [name, file] of Object.entries(all)) {
      if (file === null) continue;
      const { text, mode = 0o644 } = typeof file === "object" ? file : { text: file };
      const whole = `${folder}/${name}`;
      await Deno.mkdir(whole.slice(0, whole.lastIndexOf("/")), { recursive: true });
      const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
      await Deno.writeFile(whole, bytes);
      await Deno.chmod(whole, mode);
      names.push(name);
    }
    const args = ["--auto-compress", "-cf", path, "-C", folder, "--", ...names];
    const { success } = await new Deno.Command("tar", { args, stdin: "null" }).output();
    if (!success) throw new Error(`tar cannot write ${path}`);
    return path;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
