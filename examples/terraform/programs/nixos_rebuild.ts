/**
 * Activates a system on a machine that runs NixOS, for the module nixos-rebuild: what to do as JSON in the variable
 * ARGUMENTS, the private key in SSH_KEY. Where the machine cannot be reached afterwards it goes back by itself.
 *
 *     ARGUMENTS='{"nixos_system": "/nix/store/…", "target_host": "203.0.113.7"}' \
 *       deno run -A examples/terraform/programs/nixos_rebuild.ts
 */
import {
  connect,
  ConnectionError,
  type ConnectOptions,
  deploy,
  getFacts,
  HostIdentityError,
  LoginError,
  type Session,
} from "@nixos-anywhere/deno";
import { isPinned, pin, pinFile, trusted } from "./host_keys.ts";
import { bracketed, Input, takeSecret } from "./input.ts";
import { type Context, run, telling } from "./run.ts";

/** Milliseconds for a machine that may be about to boot. */
const BOOTS = 300_000;

/** Logs in; a machine that does not answer yet is waited for, and each new reason is told. */
async function logIn(
  where: string,
  options: ConnectOptions,
  { print, signal }: Context,
): Promise<Session> {
  const end = Date.now() + BOOTS;
  for (let last = "";;) {
    try {
      return await connect(where, options);
    } catch (error) {
      const waits = error instanceof ConnectionError && !(error instanceof LoginError);
      if (!waits || Date.now() > end || signal.aborted) throw error;
      if (error.message !== last) print(`${error.message}: waiting for it`);
      last = error.message;
      await new Promise((resolve) => setTimeout(resolve, 5000));
    }
  }
}

await run(async (context) => {
  const input = new Input(Deno.env.get("ARGUMENTS") ?? "", "ARGUMENTS");
  Deno.env.delete("ARGUMENTS");
  const privateKey = takeSecret("SSH_KEY");
  const [system, host] = [input.needed("nixos_system"), input.host("target_host")];
  const [user, port] = [input.text("target_user") ?? "root", input.port("target_port")];
  const { print, signal } = context;
  const file = pinFile(input.text("pins") ?? ".nixos-anywhere", host, port);
  const pinned = await isPinned(file);
  const told = telling(print, input.flag("debug_logging"));
  try {
    await using target = await logIn(`${user}@${bracketed(host)}`, {
      ...{ port, privateKey, report: told.report, signal, resume: false },
      ...(pinned && { knownHosts: file, hostKey: "strict" }),
    }, context);
    const facts = await getFacts(target, { signal });
    if (!pinned) {
      const keys = await trusted(facts.hostKeys, target.fingerprint);
      await pin(file, keys);
      print(`warning: ${host} was not known: its host keys are pinned from now on, in ${file}`);
    }
    const installBootloader = input.flag("install_bootloader");
    const paths = ["/run/current-system", "/nix/var/nix/profiles/system"];
    const { stdout } = await target.run(["readlink", "-f", ...paths], {
      allowFailure: true,
      signal,
    });
    if (stdout === `${system}\n${system}\n` && !installBootloader) {
      return print(`${host}: runs ${system} already`);
    }
    const { previous } = await deploy(target, system, {
      ...{ facts, installBootloader, signal },
      ignoreFailedUnits: input.flag("ignore_systemd_errors"),
    });
    print(`${host}: runs ${system}, and ran ${previous ?? "another system"}`);
  } catch (error) {
    if (error instanceof HostIdentityError && pinned) {
      print(
        `the host keys in ${file} are those of the install: if the machine is another one now, remove the file`,
      );
    }
    print(`state: ${told.state}`);
    throw error;
  }
});
