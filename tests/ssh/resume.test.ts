import { assertEquals } from "@std/assert";
import { silent } from "../../lib/report/events.ts";
import { findResumeInfo, forgetResumeInfo, saveResumeInfo } from "../../lib/ssh/resume.ts";

const KEY = "ssh-ed25519 AAAA";

Deno.test("saveResumeInfo() tells machines behind one address apart, and leads out of its folder nowhere", async () => {
  const folder = await Deno.makeTempDir();
  const before = Deno.env.get("XDG_STATE_HOME");
  Deno.env.set("XDG_STATE_HOME", folder);
  try {
    const addresses = [
      { host: "127.0.0.1", port: 22 },
      { host: "127.0.0.1", port: 2222 },
      { host: "127.0.0.1:22", port: 22 },
      { host: "../../etc", port: 22 },
      // As long as a name of DNS may be; they differ at the end alone.
      { host: `${"a.".repeat(125)}com`, port: 22 },
      { host: `${"a.".repeat(125)}com`, port: 2222 },
    ];
    for (const [index, address] of addresses.entries()) {
      const info = { hostKeys: [KEY], fingerprint: `SHA256:${index}` };
      await saveResumeInfo(address, info, silent);
    }
    const saved = await Array.fromAsync(Deno.readDir(`${folder}/nixos-anywhere`));
    assertEquals(saved.length, addresses.length);
    for (const [index, address] of addresses.entries()) {
      assertEquals((await findResumeInfo([address]))?.fingerprint, `SHA256:${index}`);
      await forgetResumeInfo(address, undefined);
      assertEquals(await findResumeInfo([address]), undefined);
    }
  } finally {
    if (before === undefined) Deno.env.delete("XDG_STATE_HOME");
    else Deno.env.set("XDG_STATE_HOME", before);
    await Deno.remove(folder, { recursive: true });
  }
});
