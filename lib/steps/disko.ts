/**
 * Formatting and mounting the target's disks.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import { type DiskKeyContent, readKeys } from "../files/keys.ts";
import type { DiskKey } from "../plan/options.ts";
import { type StorePath, storePath } from "../plan/store_path.ts";
import { hintFor } from "../plan/troubles.ts";
import { TIMEOUTS } from "../plan/timeouts.ts";
import { Stages } from "../report/stages.ts";
import type { Session } from "../ssh/session.ts";
import { noteStoreDisk, STORE_DISK } from "../ssh/mounted.ts";
import { untilEnded } from "../ssh/script_end.ts";

/** How the disko script is run; everything has a default. */
export interface DiskoOptions {
  /** Disk encryption keys that the script reads. Default: [] */
  readonly keys?: readonly DiskKey[] | undefined;
  /**
   * What the script is told when it asks for a passphrase on its input, as often as it asks; one line. It is in no
   * argument and no log. Default: its input is empty
   */
  readonly passphrase?: string | undefined;
  /** How long the script may take, in milliseconds. Default: {@linkcode TIMEOUTS}.disko */
  readonly timeout?: number | undefined;
  /** Ends the wait, and what runs here, when aborted. */
  readonly signal?: AbortSignal | undefined;
}

const HINT =
  "the disks may be half formatted: mend the disko configuration, or what its output names";
const MOUNT_HINT =
  "nothing was formatted: see whether the disks are as the configuration says, and what its output names";

/** What a disko script has left. */
export interface Formatted {
  /** Whether there is no nix store in `/mnt` yet. */
  readonly newStore: boolean;
}

// $1 the script, $2 what is said when there is no store, $3 what is said before what the store is on, $4 the passphrase
// or nothing. A line is there whenever the last one was taken, as if somebody typed it: programs that read more than a
// line would swallow the next answers. After a hundred the input ends, so that nothing reads for ever. A shell that
// cannot look ahead gives all at once.
const RUN = `
if [ -z "$4" ]; then "$1"
else
  umask 077
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"; kill "$feeder" 2>/dev/null || :' EXIT
  feeder=
  mkfifo "$folder/input"
  exec 4<>"$folder/input"
  ( given=0
    while [ "$given" -lt 100 ]; do
      if ! read -t 0 <&4; then
        printf '%s\\n' "$4" >&4
        given=$((given + 1))
      fi
      sleep 0.1
    done
  ) >/dev/null 2>&1 &
  feeder=$!
  exec 5<"$folder/input" 4<&-
  rm -rf "$folder"
  status=0
  "$1" <&5 5<&- || status=$?
  exec 5<&-
  kill "$feeder" 2>/dev/null || :
  trap - EXIT
  [ "$status" = 0 ] || exit "$status"
fi
[ -e /mnt/nix/store ] || echo "$2"
${STORE_DISK}
printf %s "$3"
store_disk || echo
`;

// Written aside with its final mode and renamed: nobody ever sees half a key, or one that others can read.
const WRITE_KEY = `
umask 077
[ ! -d "$1" ] || { echo "$1 is a folder" >&2; exit 1; }
mkdir -p "$(dirname "$1")"
aside=$(mktemp "$1.XXXXXX")
trap 'rm -f "$aside"' EXIT
trap 'exit 143' HUP TERM PIPE
cat >"$aside"
[ "$(wc -c <"$aside")" -eq "$2" ] || { echo "the key arrived incomplete" >&2; exit 1; }
mv -f "$aside" "$1"
trap - EXIT
`;

/**
 * Puts the disk encryption keys in place (mode 0600) and runs a disko script that is in the target's store.
 * **With disko's default script all data on the disks it names is gone.** The file systems are mounted
 * at `/mnt` afterwards; whether a nix store was found there is returned.
 *
 * Throws a {@linkcode UsageError} if a key cannot be read (before anything is sent) or the passphrase is no line, and a
 * {@linkcode CommandError} if the script fails.
 *
 * @example
 * ```ts ignore
 * import { copyClosure, runDisko } from "@nixos-anywhere/deno";
 * await copyClosure(installer, disko);
 * await runDisko(installer, disko, { keys: [{ remote: "/tmp/disk.key", local: "./disk.key" }] });
 * ```
 */
export async function runDisko(
  installer: Session,
  script: StorePath | string,
  options: DiskoOptions = {},
): Promise<Formatted> {
  return await runDiskoScript(installer, script, options);
}

/** What only a whole install tells. */
interface DiskoScriptOptions extends DiskoOptions {
  /** Whether the script mounts what is formatted, and does nothing else. Default: false */
  readonly mounts?: boolean | undefined;
}

/** The same, for any of a configuration's scripts. */
export async function runDiskoScript(
  installer: Session,
  script: StorePath | string,
  options: DiskoScriptOptions = {},
): Promise<Formatted> {
  const { keys = [], passphrase = "", mounts = false, timeout = TIMEOUTS.disko, signal } = options;
  const path = storePath(script, "the disko script");
  if (/[\0\r\n]/.test(passphrase)) {
    throw new UsageError("the passphrase of the disks has more than one line", {
      hint: "disko reads it as one line: leave line feeds out",
    });
  }
  const content = await readKeys(keys);
  const stages = Stages.of(installer.report);
  return await stages.run("disko", async () => {
    await writeKeys(installer, content, signal);
    if (!mounts) stages.reach("formatting");
    const hint = mounts ? MOUNT_HINT : HINT;
    const formatted = await runScript(installer, path, { passphrase, hint, timeout, signal });
    stages.reach("formatted");
    return formatted;
  }, signal);
}

async function writeKeys(
  installer: Session,
  keys: readonly DiskKeyContent[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { remote, content } of keys) {
    const stream = new Blob([content as BufferSource]).stream();
    await installer.pipe(stream, ["sh", "-euc", WRITE_KEY, "key", remote, String(content.length)], {
      timeout: 120_000,
      shown: ["sh", "-c", `'cat >${remote}'`],
      hint: "see whether the folder of the key's remote path can be made",
      signal,
    });
  }
}

async function runScript(
  installer: Session,
  path: StorePath,
  { passphrase, hint, timeout, signal }: {
    readonly passphrase: string;
    readonly hint: string;
    readonly timeout: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Formatted> {
  const none = `no store: ${crypto.randomUUID()}`;
  const disk = `${none} on `;
  let newStore = false;
  const work = (ended: () => void, within: AbortSignal) =>
    installer.script(RUN, {
      args: [path, none, disk, passphrase],
      name: "disko",
      // Over the connection: arguments can be seen by all.
      inline: passphrase === "",
      shown: [path],
      timeout,
      killOnDisconnect: true,
      hint: (output) => hintFor(output, hint),
      onLine: (line, stream) => {
        // Behind the script's last line, which may have no end.
        const at = line.indexOf(none);
        const said = at < 0 ? line : line.slice(0, at);
        if (at !== 0) installer.report({ type: "output", source: "disko", stream, line: said });
        if (at < 0) return;
        if (line.startsWith(disk, at)) {
          noteStoreDisk(installer, line.slice(at + disk.length));
          ended();
        } else newStore = true;
      },
      signal: within,
    });
  await untilEnded(work, signal);
  return { newStore };
}
