/**
 * An install without anybody watching: the key and the host key from the job's secrets, a time limit,
 * every event in a file to look into afterwards.
 *
 *     SSH_PRIVATE_KEY=… KNOWN_HOSTS=… deno run -A examples/ci.ts .#web root@203.0.113.7
 */
import { nixosAnywhere } from "@nixos-anywhere/deno";

const [flake = ".#web", host = "root@203.0.113.7", log = "install.jsonl"] = Deno.args;

const folder = await Deno.makeTempDir();
using events = await Deno.open(log, { write: true, create: true, truncate: true });
const encoder = new TextEncoder();
try {
  const knownHosts = `${folder}/known_hosts`;
  await Deno.writeTextFile(knownHosts, Deno.env.get("KNOWN_HOSTS") ?? "");
  const { rebooted } = await nixosAnywhere({
    flake,
    host,
    privateKey: Deno.env.get("SSH_PRIVATE_KEY"),
    // A job has nobody to compare an unknown key with: it must be the one that is known.
    sshOptions: ["StrictHostKeyChecking=yes", `UserKnownHostsFile=${knownHosts}`, "BatchMode=yes"],
    report: (event) => {
      events.writeSync(encoder.encode(`${JSON.stringify(event)}\n`));
      if (event.type === "stage") console.log(`${event.stage}: ${event.state}`);
    },
    signal: AbortSignal.timeout(45 * 60_000),
  });
  // Also when it is installed, the job is only done when the machine was seen running it.
  if (rebooted?.seen !== "running") {
    throw new Error(`the new system was not seen: ${rebooted?.seen}`);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
