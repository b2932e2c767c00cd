/**
 * A user's program: connects as its first argument says (JSON: destination and options), and prints what
 * came of it. Run by the tests in a home folder of its own.
 *
 * @module
 */
import { InstallError } from "../../lib/errors.ts";
import { connect } from "../../lib/steps/connect.ts";
import type { LoginOptions } from "../../lib/ssh/login_options.ts";
import type { Reporter, ReportEvent } from "../../lib/report/events.ts";
import { atHome } from "../support/loopback/mod.ts";

/** What came of it. */
export interface Outcome {
  readonly error?: { readonly name: string; readonly message: string; readonly hint: string };
  readonly trust?: string | undefined;
  readonly fingerprint?: string | undefined;
  /** What `id -un` printed on the target. */
  readonly user?: string;
  /** ~/.ssh/known_hosts afterwards. */
  readonly knownHosts: string;
}

/** Connects from a home whose `~/.ssh` holds `files`. */
export async function connectFrom(
  files: Readonly<Record<string, string>>,
  destination: string,
  options: LoginOptions = {},
): Promise<Outcome> {
  const words = JSON.stringify([destination, options]);
  const command = [Deno.execPath(), "run", "-A", "--no-check", import.meta.url, words];
  const { stdout, stderr } = await atHome(command, files, { SSH_AUTH_SOCK: "" });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

async function main([destination, options]: [string, LoginOptions]): Promise<Outcome> {
  const keys: Extract<ReportEvent, { type: "host-key" }>[] = [];
  const report: Reporter = (event) => {
    if (event.type === "host-key") keys.push(event);
  };
  const known = async () => {
    const { userInfo } = await import("node:os");
    return await Deno.readTextFile(`${userInfo().homedir}/.ssh/known_hosts`).catch(() => "");
  };
  try {
    await using target = await connect(destination, { ...options, report });
    const user = (await target.run(["id", "-un"])).stdout.trim();
    const trust = keys.map((key) => key.trust).join(" ");
    return { trust, fingerprint: target.fingerprint, user, knownHosts: await known() };
  } catch (cause) {
    if (!(cause instanceof InstallError)) throw cause;
    const { name, message, hint } = cause;
    return { error: { name, message, hint }, knownHosts: await known() };
  }
}

if (import.meta.main) console.log(JSON.stringify(await main(JSON.parse(Deno.args[0] ?? ""))));
