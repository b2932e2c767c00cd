/**
 * Installing the system whose closure is in /mnt.
 *
 * @module
 */
import { archive, archiveSize } from "../files/archive.ts";
import { countBytes } from "../files/stream.ts";
import { readTree, type Tree } from "../files/tree.ts";
import type { Chown, Setting } from "../plan/options.ts";
import { type StorePath, storePath } from "../plan/store_path.ts";
import { TIMEOUTS } from "../plan/timeouts.ts";
import { Stages } from "../report/stages.ts";
import type { Session } from "../ssh/session.ts";
import { checkMounted } from "../ssh/mounted.ts";
import { untilEnded } from "../ssh/script_end.ts";

/** How a system is installed; everything has a default. */
export interface InstallStepOptions {
  /** A folder whose contents are copied onto `/` of the new system, owned by root. Default: none */
  readonly extraFiles?: string | undefined;
  /** Whom paths of the new system shall belong to, with all below them, in this order. Default: [] */
  readonly chown?: readonly Chown[] | undefined;
  /** Whether the installer's host keys, which are the machine's own, are kept. Default: false */
  readonly copyHostKeys?: boolean | undefined;
  /** The value of NIXOS_NO_CHECK for nixos-install. Default: not set */
  readonly noCheck?: string | undefined;
  /** Nix options for nixos-install. Default: [] */
  readonly nixOptions?: readonly Setting[] | undefined;
  /** Whether the store of /mnt may be in the installer's memory, see {@linkcode checkMounted}. Default: false */
  readonly inMemory?: boolean | undefined;
  /** How long nixos-install may take, in milliseconds. Default: {@linkcode TIMEOUTS}.install */
  readonly timeout?: number | undefined;
  /** Ends the wait, and what runs here, when aborted. */
  readonly signal?: AbortSignal | undefined;
}

// Pairs of path and owner.
const CHOWN = `
PATH=$PATH:/run/current-system/sw/bin
while [ $# -gt 1 ]; do
  chown -hR -- "$2" "/mnt/\${1#/}"
  shift 2
done
`;

// $1 system, $2 "y" to keep host keys, $3 "y" to set NIXOS_NO_CHECK to $4, $5 what is said at the end; the rest are arguments for nixos-install.
const INSTALL = `
system=$1 keep_keys=$2 set_check=$3 check=$4 end=$5
shift 5
PATH=$PATH:/run/current-system/sw/bin
export PATH
# Initrd secrets are gathered there.
[ -d /mnt/tmp ] || { mkdir -p /mnt/tmp && chmod 1777 /mnt/tmp; }
if [ "$keep_keys" = y ]; then
  mkdir -p /mnt/etc && { [ -d /mnt/etc/ssh ] || mkdir -m 755 /mnt/etc/ssh; }
  for key in /etc/ssh/ssh_host_*; do
    # One that was made for the installer alone is nobody's.
    ! grep -qs nixos-anywhere-temporary-host-key "\${key%.pub}.pub" || continue
    [ ! -e "$key" ] || [ -e "/mnt$key" ] || [ -h "/mnt$key" ] || cp -p "$key" "/mnt$key"
  done
fi
if [ "$set_check" = y ]; then
  NIXOS_NO_CHECK=$check
  export NIXOS_NO_CHECK
fi
nixos-install --no-root-passwd --no-channel-copy --system "$system" "$@"
echo "$end"
`;

/**
 * Copies the extra files, sets owners, keeps host keys if asked to, and runs `nixos-install` for a system
 * whose closure is in the store of `/mnt`. Host keys that are there already, from extra files, win.
 *
 * Throws a {@linkcode UsageError} if the extra files cannot be read (before anything is sent), a
 * {@linkcode PreflightError} if `/mnt` is no disk, and a {@linkcode CommandError} if a step fails on the target.
 *
 * @example
 * ```ts ignore
 * import { copyClosure, install } from "@nixos-anywhere/deno";
 * await copyClosure(installer, system, { root: "/mnt" });
 * await install(installer, system, { extraFiles: "./secrets", copyHostKeys: true });
 * ```
 */
export async function install(
  installer: Session,
  system: StorePath | string,
  options: InstallStepOptions = {},
): Promise<void> {
  const { extraFiles: folder } = options;
  const extraFiles = folder === undefined ? undefined : await readTree(folder);
  await installTree(installer, system, { ...options, extraFiles });
}

/** The same, with extra files that were read before: what was looked at is what is sent. */
export async function installTree(
  installer: Session,
  system: StorePath | string,
  options: Omit<InstallStepOptions, "extraFiles"> & { readonly extraFiles?: Tree | undefined },
): Promise<void> {
  const {
    extraFiles,
    chown = [],
    nixOptions = [],
    copyHostKeys = false,
    noCheck,
    inMemory = false,
    timeout = TIMEOUTS.install,
    signal,
  } = options;
  const path = storePath(system, "the NixOS system");
  const common = { timeout, signal };
  if (!inMemory) await checkMounted(installer, { signal });
  const stages = Stages.of(installer.report);
  stages.reach("installing");
  await stages.run("install", async () => {
    if (extraFiles !== undefined) {
      const stream = await archive(extraFiles, signal);
      const total = archiveSize(extraFiles);
      const { report } = installer;
      const counted = countBytes<ArrayBufferLike>((done) =>
        report({
          ...{ type: "progress", stage: "install", what: "extra files", total },
          done: Math.min(done, total),
        })
      );
      await installer.pipe(stream.pipeThrough(counted), ["tar", "-C", "/mnt", "-xpof", "-"], {
        ...common,
        hint: "see whether the new system's disk has room for the extra files",
      });
    }
    if (chown.length > 0) {
      await installer.script(CHOWN, {
        ...common,
        name: "chown",
        shown: ["chown", "-hR", ...chown.flatMap(({ path, owner }) => [owner, path])],
        killOnDisconnect: true,
        inline: true,
        args: chown.flatMap(({ path, owner }) => [path, owner]),
        hint: "paths of --chown have to be among the extra files, or be made by the disko script",
      });
    }
    const flag = (value: boolean) => value ? "y" : "n";
    const end = `installed: ${crypto.randomUUID()}`;
    const work = (ended: () => void, within: AbortSignal) =>
      installer.script(INSTALL, {
        ...common,
        signal: within,
        name: "nixos-install",
        shown: ["nixos-install", "--no-root-passwd", "--no-channel-copy", "--system", path],
        killOnDisconnect: true,
        // Nix options may hold secrets, such as tokens.
        inline: nixOptions.length === 0,
        args: [
          path,
          flag(copyHostKeys),
          flag(noCheck !== undefined),
          noCheck ?? "",
          end,
          ...nixOptions.flatMap(({ name, value }) => ["--option", name, value]),
        ],
        hint: "the system is not installed: mend what its output names",
        onLine: (line) => {
          const at = line.indexOf(end);
          const said = at < 0 ? line : line.slice(0, at);
          if (at !== 0) {
            installer.report({ type: "output", source: "nixos-install", line: said });
          }
          if (at >= 0) ended();
        },
      });
    await untilEnded(work, signal);
  }, signal);
  stages.reach("installed");
}
