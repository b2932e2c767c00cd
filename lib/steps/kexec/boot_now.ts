/**
 * Booting the installer at once.
 *
 * The published image's script boots in the background six seconds after it has ended, so that whoever ran it over ssh
 * can hear of its end. Here that is heard over a connection that stays, and nothing is waited for: the same command is
 * given right then. Where it fails, or where it is not certain to be all that the script would do, the script's own comes.
 *
 * @module
 */
import { Scope } from "../../async.ts";
import { becomeRoot } from "../../plan/facts.ts";
import type { Session } from "../../ssh/session.ts";
import type { RemoteKexec } from "./upload.ts";

// Of a script that does something else in the end, such as shutting services down, nothing is taken away.
const BOOT_NOW = `
folder=$1 loaded=
grep -q 'sleep 6' "$folder/kexec/run" && grep -q "kexec[\\"']* -e" "$folder/kexec/run" || exit 0
{ IFS= read -r loaded </sys/kernel/kexec_loaded; } 2>/dev/null
[ "$loaded" = 1 ] || exit 0
exec "$folder/kexec/kexec" -e
`;

/** Milliseconds until the script's own boot has come. */
const DEADLINE = 10_000;

/**
 * Has a target boot what `kexec/run` has loaded, now that it has ended. It is not waited for: the machine is gone, or
 * boots by itself a moment later. Disposal gives up what runs here.
 */
export function bootNow(
  target: Session,
  { folder, facts }: RemoteKexec,
  signal: AbortSignal | undefined,
): AsyncDisposable {
  const scope = new Scope(signal);
  const booting = target.script(BOOT_NOW, {
    name: "boot the installer",
    inline: true,
    args: [folder],
    become: becomeRoot(facts),
    allowFailure: true,
    timeout: DEADLINE,
    signal: scope.signal,
  }).catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      scope.abort(GONE);
      await booting;
      scope[Symbol.dispose]();
    },
  };
}

const GONE = new Error("the machine was booted");
