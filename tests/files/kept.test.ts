import { assertEquals } from "@std/assert";
import { forget, keep, readKept } from "../../lib/files/kept.ts";

const KEY = "ssh-ed25519 AAAA";

Deno.test("keep() tells machines behind one address apart, and leads out of its folder nowhere", async () => {
  const folder = await Deno.makeTempDir();
  const before = Deno.env.get("XDG_STATE_HOME");
  Deno.env.set("XDG_STATE_HOME", folder);
  try {
    const places = [
      { host: "127.0.0.1", port: 22 },
      { host: "127.0.0.1", port: 2222 },
      { host: "127.0.0.1:22", port: 22 },
      { host: "../../etc", port: 22 },
    ];
    for (const [index, place] of places.entries()) {
      const kept = { hostKeys: [KEY], fingerprint: `SHA256:${index}` };
      const path = await keep(place, kept);
      assertEquals(path.slice(0, path.lastIndexOf("/")), `${folder}/nixos-anywhere`);
    }
    for (const [index, place] of places.entries()) {
      assertEquals((await readKept(place))?.fingerprint, `SHA256:${index}`);
      await forget(place);
      assertEquals(await readKept(place), undefined);
    }
  } finally {
    if (before === undefined) Deno.env.delete("XDG_STATE_HOME");
    else Deno.env.set("XDG_STATE_HOME", before);
    await Deno.remove(folder, { recursive: true });
  }
});
