import { assertEquals } from "@std/assert";
import type { ReportEvent } from "../../lib/report/events.ts";
import { runDisko } from "../../lib/steps/disko.ts";
import { startContainer } from "../support/loopback/mod.ts";
import { ignore, login } from "../ssh/fixture.ts";

const SCRIPT = `/nix/store/${"1".repeat(32)}-disko`;

for (
  const [title, work, newStore] of [
    ["a new file system", "mkdir -p /mnt/etc", true],
    ["a file system with a store", "mkdir -p /mnt/nix/store", false],
  ] as const
) {
  Deno.test(`runDisko() tells ${title} from another`, { ignore }, async () => {
    const text = `#!/bin/sh\n${work}\necho done\n`;
    await using container = await startContainer({ files: { [SCRIPT]: { text, mode: 0o755 } } });
    const events: ReportEvent[] = [];
    const report = (event: ReportEvent) => void events.push(event);
    await using installer = await login(container, "root", { report });
    assertEquals(await runDisko(installer, SCRIPT), { newStore });
    const lines = events.flatMap((event) =>
      event.type === "output" && event.source === "disko" ? [event.line] : []
    );
    assertEquals(lines, ["done"]);
    const commands = events.flatMap((event) => event.type === "command" ? [event.command] : []);
    assertEquals(commands.at(-1), [SCRIPT]);
  });
}
