/** Configurations evaluated and built for scripts, with this machine's nix. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { buildConfiguration, evaluateConfiguration, type ReportEvent } from "../../mod.ts";
import { InstallError, UsageError } from "../../lib/errors.ts";
import { chooseBuildLocation } from "../../lib/nix/build_location.ts";
import { buildParts, writeFlake } from "../support/install/parts.ts";
import { leftOf } from "../readme/shell.ts";
import { ignore } from "../ssh/fixture.ts";
import { NIX_CONFIG } from "../vm/nix.ts";

/** A folder with a flake in it, and for temporary files. */
async function withFlake(work: (flake: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "configuration-" });
  const before = { TMPDIR: Deno.env.get("TMPDIR"), NIX_CONFIG: Deno.env.get("NIX_CONFIG") };
  try {
    await Deno.mkdir(`${folder}/tmp`);
    Deno.env.set("TMPDIR", `${folder}/tmp`);
    Deno.env.set("NIX_CONFIG", NIX_CONFIG);
    await work(await writeFlake(`${folder}/flake`), folder);
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("evaluateConfiguration() tells system, disks and derivations, and builds nothing", {
  ignore,
}, () =>
  withFlake(async (flake) => {
    const { system, layout, derivations } = await evaluateConfiguration(flake);
    assertEquals(system, `${Deno.build.arch}-linux`);
    assertEquals(layout.disks.map(({ device }) => device), ["/dev/target0"]);
    const [disko = "", toplevel = "", ...more] = derivations;
    assert(disko.endsWith("-disko.drv") && toplevel.endsWith("-nixos-system-tiny.drv"), disko);
    assertEquals(more, []);
    const [format] = (await evaluateConfiguration(flake, { diskoMode: "format" })).derivations;
    assert(format !== disko);
  }));

Deno.test("buildConfiguration() builds both paths, and keeps them until its disposal", {
  ignore,
}, () =>
  withFlake(async (flake, folder) => {
    const events: ReportEvent[] = [];
    {
      const report = (event: ReportEvent) => void events.push(event);
      await using built = await buildConfiguration(flake, { diskoMode: undefined, report });
      const { disko, system } = await buildParts();
      assertEquals<unknown>([built.disko, built.system], [disko, system]);
      const [roots = "", ...others] = await leftOf(`${folder}/tmp`);
      assertEquals(others, []);
      const links = await Array.fromAsync(Deno.readDir(`${folder}/tmp/${roots}`));
      assertEquals(links.map(({ isSymlink }) => isSymlink), [true, true]);
    }
    assertEquals(await leftOf(`${folder}/tmp`), []);
    assert(events.some(({ type, host }) => type === "command" && host === "here"));
  }));

Deno.test("buildConfiguration() refuses what names no configuration, and leaves nothing", {
  ignore,
}, () =>
  withFlake(async (flake, folder) => {
    await assertRejects(() => buildConfiguration("."), UsageError, "names no NixOS configuration");
    await assertRejects(() => buildConfiguration(flake.replace("#web", "#other")), InstallError);
    assertEquals(await leftOf(`${folder}/tmp`), []);
  }));

Deno.test(
  "chooseBuildLocation() says why a remote builder was not used",
  { ignore },
  () =>
    withFlake(async () => {
      const settings = [{ name: "builders", value: "ssh-ng://nobody@127.0.0.1:1 riscv64-linux" }];
      const { on, why } = await chooseBuildLocation("riscv64-linux", { settings });
      assertEquals(on, "remote");
      assertMatch(
        why,
        /: a trial build failed: cannot build on 'ssh-ng:\/\/nobody@127\.0\.0\.1:1': .+$/,
      );
    }),
);
