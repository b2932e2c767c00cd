/**
 * The whole install in one call, with its progress printed.
 *
 *     deno run -A examples/install.ts .#web root@203.0.113.7
 */
import { InstallError, nixosAnywhere, type ReportEvent } from "@nixos-anywhere/deno";

const [flake = ".#web", host = "root@203.0.113.7"] = Deno.args;

/** One line for each event that a person wants to see. */
function show(event: ReportEvent): void {
  switch (event.type) {
    case "stage":
      return console.log(`${event.stage}: ${event.state}`);
    case "host-key":
      return console.log(`host key ${event.fingerprint} (${event.trust})`);
    case "log":
      return event.level === "debug" ? undefined : console.log(event.text);
  }
}

try {
  const { system, rebooted, times } = await nixosAnywhere({ flake, host, report: show });
  console.log(`installed ${system}, seen ${rebooted?.seen}`);
  for (const [stage, ms] of Object.entries(times)) console.log(`${stage}: ${Math.round(ms)} ms`);
} catch (error) {
  // Every error on purpose says what to do next; any other is a bug.
  if (!(error instanceof InstallError)) throw error;
  console.error(`error: ${error.message}\nhint: ${error.hint}`);
  Deno.exit(1);
}
