/**
 * What is said of a run that succeeded.
 *
 * @module
 */
import { escapeControls } from "../escape.ts";
import type { InstallReport } from "../report/install_report.ts";
import { showDestination } from "../plan/destination.ts";
import type { FlakeRef } from "../plan/flake.ts";
import type { PlanOptions } from "../plan/options.ts";
import { makePlan, type Plan } from "../plan/plan.ts";
import { showBytes, showTime } from "../report/amounts.ts";
import { fingerprint } from "../ssh/known_hosts.ts";
import { quote, quoteAll } from "../ssh/quote.ts";
import type { Totals } from "./totals.ts";

/** The last line: what runs on the target, or what is left to do there. */
export function summary(
  { host, system, rebooted, phases }: InstallReport,
  dryRun: boolean,
): string {
  if (dryRun) return `${host}: nothing was changed`;
  if (rebooted?.seen === "running") return `${host} runs ${rebooted.system ?? "the new system"}`;
  if (rebooted?.seen === "closed") {
    return `${host} was rebooted into ${system ?? "its system"}; it does not let this login in`;
  }
  if (rebooted?.by === "kexec") {
    const told = `${host} was told to start ${system ?? "its system"} by kexec`;
    return `${told}, and has not answered yet; if it stays silent, switch it off and on`;
  }
  if (rebooted) {
    return `${host} was told to reboot into ${system ?? "its system"}, and has not answered yet`;
  }
  if (system !== undefined) return `${host}: ${system} is installed, the reboot is left to you`;
  if (phases.length === 0) return `${host}: runs an installer already, nothing was left to do`;
  return `${host}: done with ${phases.join(", ")}`;
}

/** The lines before it: what was installed where, in how long, with how many bytes, and what to do with it from now on. */
export async function closingLines(
  { host, system, rebooted, phases }: InstallReport,
  options: PlanOptions,
  totals: Pick<Totals, "ms" | "moved" | "hostKey">,
): Promise<string[]> {
  if (phases.length === 0) return [];
  const moved = (["image", "closure", "extra files"] as const).flatMap((what) => {
    const bytes = totals.moved(what);
    return bytes > 0 ? [`${what} ${showBytes(bytes)}`] : [];
  });
  const sent = moved.length > 0 ? `; sent: ${moved.join(", ")}` : "";
  const what = system === undefined ? `did ${phases.join(", ")}` : `installed ${system}`;
  const lines = [`${what} on ${host} in ${showTime(totals.ms, true)}${sent}`];
  const plan = makePlan(options);
  if (rebooted && plan.reboot === "kexec") {
    lines.push(
      rebooted.by === "kexec"
        ? "reboot: by kexec; its firmware and boot loader start it the next time"
        : "reboot: by its firmware, as it could not be by kexec",
    );
  }
  if (system === undefined) return lines;
  const keys = rebooted?.hostKeys ?? [];
  for (const key of keys) {
    lines.push(`host key: ${key.split(" ")[0]} ${await fingerprint(key)}`);
  }
  if (rebooted && keys.length === 0) {
    lines.push("host key: made by the new system at its first boot");
  }
  const reach = reachOf(plan);
  if (rebooted && reach) {
    lines.push(`log in: ${quoteAll(["ssh", ...reach.options, reach.host])}`);
    const { source } = plan;
    if (source.kind === "flake") lines.push(`update: ${updateLine(source.flake, reach)}`);
  }
  return lines.map(escapeControls);
}

interface Reach {
  /** ssh's options. */
  readonly options: readonly string[];
  readonly host: string;
}

/** How the new system is logged in to: as root, on the port that the installer had. */
function reachOf({ destination, kexec, ssh, phases }: Plan): Reach | undefined {
  if (!destination) return undefined;
  const booted = phases.includes("kexec");
  const port = booted ? kexec.port : ssh.port ?? destination.port;
  // A host of the ssh config may have another port there than the one that was used.
  const tell = port !== undefined &&
    (port !== 22 || ssh.port !== undefined || destination.port !== undefined);
  return {
    options: [
      ...(tell ? ["-p", String(port)] : []),
      ...(ssh.identityFile === undefined ? [] : ["-i", ssh.identityFile]),
    ],
    host: showDestination({ host: kexec.host ?? destination.host, user: "root" }),
  };
}

/** The line that updates the system from its flake. */
function updateLine({ url, attributes }: FlakeRef, { options, host }: Reach): string {
  const [top, name = "", ...rest] = attributes;
  const plain = top === "nixosConfigurations" && rest.join(".") === "config";
  const simple = /^[\w-]+$/.test(name) ? name : JSON.stringify(name);
  const words = plain
    ? ["nixos-rebuild", "switch", "--flake", `${url}#${simple}`, "--target-host", host]
    : ["nixos-rebuild", "switch", "--flake", `${url}#NAME`, "--target-host", host];
  const before = options.length > 0 ? `NIX_SSHOPTS=${quote(options.join(" "))} ` : "";
  return `${before}${quoteAll(words)}`;
}
