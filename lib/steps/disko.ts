/**
 * Formatting and mounting the target's disks.
 *
 * @module
 */
import { type DiskKeySource, readKeys } from "../files/keys.ts";
import { type StorePath, storePath } from "../plan/store_path.ts";
import { hintFor } from "../plan/troubles.ts";
import type { Session } from "../ssh/session.ts";

/** How the disko script is run; everything has a default. */
export interface DiskoOptions {
  /** Disk encryption keys that the script reads. @default [] */
  readonly keys?: readonly DiskKeySource[];
  /** How long the script may take, in milliseconds. @default 3_600_000 */
  readonly deadline?: number | undefined;
  /** Ends the wait, and what runs here, when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** What a disko script has left. */
export interface Formatted {
  /** Whether there is no nix store in `/mnt` yet. */
  readonly newStore: boolean;
}

// $1 the script, $2 what is said when there is no store.
const RUN = `
"$1"
[ -e /mnt/nix/store ] || echo "$2"
`;

// Written aside with its final mode and renamed: nobody ever sees half a key, or one that others can read.
const WRITE_KEY = `
umask 077
[ ! -d "$1" ] || { echo "$1 is a folder" >&2; exit 1; }
mkdir -p "$(dirname "$1")"
aside=$(mktemp "$1.XXXXXX")
trap 'rm -f "$aside"' EXIT
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
 * Throws a {@linkcode UsageError} if a key cannot be read (before anything is sent) and a
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
  const { keys = [], deadline = 3_600_000, signal } = options;
  const path = storePath(script, "the disko script");
  for (const { remote, content } of await readKeys(keys)) {
    const stream = new Blob([content as BufferSource]).stream();
    await installer.pipe(stream, ["sh", "-euc", WRITE_KEY, "key", remote, String(content.length)], {
      deadline: 120_000,
      called: `sh -c 'cat >${remote}'`,
      hint: "see whether the folder of the key's remote path can be made",
      ...(signal && { signal }),
    });
  }
  const hint =
    "the disks may be half formatted: mend the disko configuration, or what its output names";
  const none = `no store: ${crypto.randomUUID()}`;
  let newStore = false;
  await installer.run(["sh", "-euc", RUN, "disko", path, none], {
    shown: [path],
    deadline,
    tied: true,
    hint: (output) => hintFor(output, hint),
    onLine: (line, stream) => {
      if (line === none) newStore = true;
      else installer.report({ type: "output", source: "disko", stream, line });
    },
    ...(signal && { signal }),
  });
  return { newStore };
}
