import { assertEquals } from "@std/assert";
import { summary } from "../../lib/cli/summary.ts";
import { storePath } from "../../lib/plan/store_path.ts";
import type { Rebooted } from "../../lib/report/install_report.ts";

const SYSTEM = storePath(`/nix/store/${"1".repeat(32)}-nixos-system-web-25.11`);

const SILENT: Readonly<Record<Rebooted["by"], string>> = {
  firmware: `web was told to reboot into ${SYSTEM}, and has not answered yet`,
  kexec:
    `web was told to start ${SYSTEM} by kexec, and has not answered yet; if it stays silent, switch it off and on`,
};
for (const by of ["firmware", "kexec"] as const) {
  Deno.test(`summary() says what a silent machine was told: ${by}`, () => {
    const rebooted = { seen: "silent", by, hostKeys: [] } as const;
    const report = {
      host: "web",
      phases: ["reboot"],
      system: SYSTEM,
      rebooted,
      times: {},
    } as const;
    assertEquals(summary(report, false), SILENT[by]);
  });
}
