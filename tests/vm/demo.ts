/**
 * The demo: boots a throwaway virtual machine and installs onto it, the whole way, with the library as
 * any script would use it. `--keep` leaves the machine up, `--kvm` uses the hardware's virtualisation.
 *
 * @module
 */
import { type InstallReport, nixosAnywhere } from "../../mod.ts";
import { plainRenderer } from "../../lib/report/plain.ts";
import { ensure, LOOPBACK, MACHINE } from "../setup.ts";
import { run } from "./build/run.ts";
import { buildImages, flakeFor } from "./images.ts";
import { type Machine, startMachine } from "./machine.ts";
import { NIX_CONFIG } from "./nix.ts";

const known = new Set(["--keep", "--kvm", "--debug"]);
const unknown = Deno.args.find((word) => !known.has(word));
if (unknown !== undefined) {
  console.error(
    `error: unknown option ${JSON.stringify(unknown)}\nhint: the demo takes ${
      [...known].join(", ")
    }`,
  );
  Deno.exit(2);
}
const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(name, () => interrupt.abort(new Error(`interrupted by ${name}`)));
}
try {
  await demo(interrupt.signal);
  Deno.exit(0);
} catch (error) {
  const reason = interrupt.signal.aborted ? interrupt.signal.reason : error;
  console.error(`error: ${reason instanceof Error ? reason.message : reason}`);
  if (reason instanceof Error && "hint" in reason) console.error(`hint: ${reason.hint}`);
  Deno.exit(interrupt.signal.aborted ? 130 : 1);
}

async function demo(signal: AbortSignal): Promise<void> {
  await ensure([...LOOPBACK, ...MACHINE]);
  const report = (line: string) => console.log(`demo | ${line}`);
  const images = await buildImages({ report, signal });
  const folder = await Deno.makeTempDir({ prefix: "nixos-anywhere-demo-" });
  try {
    const identityFile = `${folder}/id`;
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", identityFile]);
    const authorizedKeys = [await Deno.readTextFile(`${identityFile}.pub`)];
    const flake = await flakeFor(images, { authorizedKeys, dir: `${folder}/flake` });
    Deno.env.set("NIX_CONFIG", NIX_CONFIG);
    await using machine = await startMachine(images, {
      authorizedKeys,
      kvm: Deno.args.includes("--kvm"),
      report,
      signal,
    });
    const began = performance.now();
    const done = await nixosAnywhere({
      flake: `path:${flake}#demo`,
      host: `root@${machine.host}`,
      sshPort: machine.port,
      postKexecSshPort: machine.port,
      identityFile,
      sshOptions: [`UserKnownHostsFile=${folder}/known_hosts`],
      kexec: images.kexecTarball,
      copyHostKeys: true,
      report: plainRenderer(console.log, { debug: Deno.args.includes("--debug") }),
      signal,
    });
    const seconds = (performance.now() - began) / 1000;
    await show(machine, identityFile, folder, done, seconds);
    if (Deno.args.includes("--keep")) await keep(machine, identityFile, folder, signal);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Logs in to the installed system and prints what it is. */
async function show(
  machine: Machine,
  key: string,
  folder: string,
  done: InstallReport,
  seconds: number,
) {
  const said = await run("ssh", [
    ...login(machine, key, folder),
    "cat /etc/os-release; echo; echo running system: $(readlink -f /run/current-system); " +
    "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
  ], { seconds: 180 });
  console.log(`\nlogged in to the installed system:\n\n${said.trimEnd()}\n`);
  console.log(`built system:   ${done.system}`);
  if (!said.includes(`running system: ${done.system}\n`)) {
    throw new Error("the installed system is not the one that was built");
  }
  for (const [stage, ms] of Object.entries(done.times)) {
    console.log(`${stage.padStart(8)}: ${(ms / 1000).toFixed(1)} s`);
  }
  console.log(`   whole: ${seconds.toFixed(1)} s (stages overlap)`);
}

/** Leaves the machine up until it is interrupted or switches itself off. */
async function keep(
  machine: Machine,
  key: string,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  console.log(
    `\nthe machine stays up; log in with\n\n  ssh ${
      login(machine, key, folder).join(" ")
    }\n\nCtrl-C ends it`,
  );
  await Promise.race([
    machine.off,
    new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true })
    ),
  ]);
}

function login(machine: Machine, key: string, folder: string): string[] {
  const options = [
    `UserKnownHostsFile=${folder}/known_hosts_installed`,
    "StrictHostKeyChecking=accept-new",
    "ConnectTimeout=120",
    "ServerAliveInterval=15",
  ];
  return [
    "-i",
    key,
    "-p",
    String(machine.port),
    ...options.flatMap((one) => ["-o", one]),
    `root@${machine.host}`,
  ];
}
