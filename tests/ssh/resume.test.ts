import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { InstallError } from "../../lib/errors.ts";
import { cachedDownload } from "../../lib/files/download.ts";
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

Deno.test("saveResumeInfo() keeps nothing below /tmp where there is no home, and leaves nothing of what fails", async () => {
  const folder = await Deno.makeTempDir();
  const names = ["XDG_STATE_HOME", "XDG_CACHE_HOME", "HOME"] as const;
  const before = names.map((name) => Deno.env.get(name));
  const address = { host: "web", port: 22 };
  const save = async () => {
    const told: string[] = [];
    const info = { hostKeys: [KEY], fingerprint: undefined, privateKey: "a key" };
    await saveResumeInfo(
      address,
      info,
      (event) => void (event.type === "log" && told.push(event.text)),
    );
    return told.join();
  };
  try {
    for (const home of [undefined, "", "relative"]) {
      for (const name of names) {
        home === undefined ? Deno.env.delete(name) : Deno.env.set(name, home);
      }
      assertMatch(await save(), /^the way back into the installer is not kept: neither HOME/);
      assertEquals(await findResumeInfo([address]), undefined);
      await forgetResumeInfo(address, "SHA256:x");
      const image = {
        kind: "url",
        location: "http://127.0.0.1:1/x.tar",
        compression: "none",
      } as const;
      await assertRejects(() => cachedDownload(image, silent), InstallError, "HOME is not set");
    }
    Deno.env.set("XDG_STATE_HOME", folder);
    await Deno.mkdir(`${folder}/nixos-anywhere/web%3A22.json`, { recursive: true });
    assertMatch(await save(), /is not kept: Is a directory/);
    const left = await Array.fromAsync(Deno.readDir(`${folder}/nixos-anywhere`));
    assertEquals(left.map(({ name }) => name), ["web%3A22.json"]);
  } finally {
    for (const [at, name] of names.entries()) {
      const value = before[at];
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
    await Deno.remove(folder, { recursive: true });
  }
});
