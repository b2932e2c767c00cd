/**
 * Whether what is copied below /mnt will be on a disk.
 *
 * @module
 */
import { PreflightError } from "../errors.ts";
import type { RemoteOptions, Session } from "./session.ts";

/**
 * Shell code for a function that prints `KIND TYPE WHERE` of the file system that the store of /mnt is in, or will be:
 * `memory`, `own` (the installer's root, where nothing is mounted), or `disk` for everything else: what is not known
 * to be memory may be a disk.
 */
export const STORE_DISK = `
file_system() {
  at= type= source= options=
  while read -r _ _ _ _ point rest; do
    case $point in *\\\\*) point=$(printf "$(printf '%s' "$point" | sed 's/%/%%/g')") ;; esac
    case $1/ in "\${point%/}"/*) ;; *) continue ;; esac
    [ "\${#point}" -ge "\${#at}" ] || continue
    at=$point rest=\${rest#* - }
    type=\${rest%% *} rest=\${rest#* }
    source=\${rest%% *} options=\${rest#* }
  done </proc/self/mountinfo
}
store_disk() {
  folder=/mnt/nix/store
  while [ ! -d "\${folder:-/}" ]; do folder=\${folder%/*}; done
  folder=$(cd -P "\${folder:-/}" && pwd -P) || folder=/mnt
  file_system "$folder"
  shown="$type $at" kind=disk
  if [ "$at" = / ]; then kind=own; fi
  if [ "$kind $type" = 'disk overlay' ]; then
    case ,$options in
      *,upperdir=/*) upper=\${options#*upperdir=}; file_system "\${upper%%,*}" ;;
    esac
  fi
  case $type in tmpfs|ramfs|rootfs|devtmpfs) [ "$kind" = own ] || kind=memory ;; esac
  case $source in /dev/zram[0-9]*|/dev/ram[0-9]*) kind=memory ;; esac
  printf '%s %s\\n' "$kind" "$shown"
}
`;

/** Sessions whose /mnt is known to be a disk. */
const known = new WeakSet<Session>();

/** Takes in what `store_disk` has printed in a session's script. */
export function noteStoreDisk(installer: Session, answer: string): void {
  if (answer.startsWith("disk ")) known.add(installer);
}

/**
 * Checks that the store below `/mnt` is in a file system that is mounted there and that is not memory: a disk that was
 * formatted and not mounted would else be left as it is, and the installer's memory filled. A root in memory with
 * `/mnt/nix` on a disk is right. Changes nothing; asks nothing where {@linkcode runDisko} has seen the disk.
 *
 * Throws a {@linkcode PreflightError} if it is certain that there is no disk.
 *
 * @example
 * ```ts ignore
 * import { checkMounted, copyClosure } from "@nixos-anywhere/deno";
 * await checkMounted(installer);
 * await copyClosure(installer, system, { root: "/mnt" });
 * ```
 */
export async function checkMounted(
  installer: Session,
  { timeout = 60_000, signal }: Pick<RemoteOptions, "timeout" | "signal"> = {},
): Promise<void> {
  if (known.has(installer)) return;
  const mark = `store ${crypto.randomUUID()} `;
  const { stdout } = await installer.script(`${STORE_DISK}\nprintf %s "$1"\nstore_disk`, {
    name: "look at /mnt",
    inline: true,
    args: [mark],
    allowFailure: true,
    timeout,
    signal,
  });
  const answer = stdout.slice(stdout.indexOf(mark)).slice(mark.length).split("\n")[0] ?? "";
  const [, kind, type = "", at = ""] =
    /^(own|memory) ([\w.-]{1,40}) (\/[\w./-]{0,200})$/.exec(answer) ?? [];
  if (kind === undefined) return noteStoreDisk(installer, answer);
  const what = kind === "own"
    ? "nothing is mounted at /mnt: the system would be copied into the installer's own root"
    : `the store of /mnt would be in memory (${type} at ${at}), not on a disk`;
  throw new PreflightError(`${installer.label}: ${what}`, {
    hint:
      "mount the new system's disks first: --phases disko,install,reboot with --disko-mode mount mounts disks " +
      "that are formatted, with --disko-mode disko it wipes, formats and mounts them",
  });
}
