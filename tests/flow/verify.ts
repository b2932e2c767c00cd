/** A phase of one's own, in a file of its own: what was installed is verified before the reboot. */
import type { AfterStages } from "@nixos-anywhere/deno/types";

/** Lists the store of the new system, and leaves the list in it. */
export const verify: AfterStages["install"] = async ({ installer, system, report }) => {
  await installer.script(
    'ls "/mnt/nix/store" >/mnt/etc/verified; grep -qF "${1##*/}" /mnt/etc/verified',
    {
      name: "verify",
      args: [system ?? ""],
    },
  );
  report({ type: "log", level: "info", text: `${system} is verified` });
};
