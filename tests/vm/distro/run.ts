/**
 * The task test:distro: whole installations over Debian, and updates under its systemd. They take minutes each and are no
 * part of the other tests.
 *
 * `deno task test:distro [RELEASE…]` tries them on these releases of Debian; this machine's is the default.
 *
 * @module
 */
import { Children } from "../../checks/children.ts";
import { ensure, LOOPBACK, MACHINE } from "../../setup.ts";

const TESTS = ["updates.ts", "installs.ts"].map((name) => new URL(name, import.meta.url).pathname);
/** For one release, its image among it; twenty minutes are usual on two busy processors. */
const BOUND_MILLISECONDS = 90 * 60_000;

await ensure([...LOOPBACK, ...MACHINE]);
let failed = false;
for (const release of Deno.args.length > 0 ? Deno.args : [undefined]) {
  if (release !== undefined) Deno.env.set("DEBIAN_RELEASE", release);
  using children = new Children(BOUND_MILLISECONDS);
  const words = ["test", "-A", "--sanitize-ops", "--sanitize-resources", ...TESTS];
  const { ok, seconds } = await children.run(words, { show: true });
  console.log(`── Debian ${release ?? ""}: ${ok ? "passed" : "FAILED"} in ${seconds.toFixed(0)} s`);
  failed ||= !ok || children.stopped !== "";
}
Deno.exit(failed ? 1 : 0);
