import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { run } from "../../lib/process.ts";
import { missing } from "../setup.ts";
import { noContainers, startContainer } from "../support/loopback/mod.ts";
import { NIX_CONFIG } from "../vm/nix.ts";
import { currentNix, type Nix, systemNix } from "./current.ts";

const ignore = await noContainers() !== undefined ||
  (await missing(["mmdebstrap", "patchelf"])).length > 0;

const FLAKE = `{
  outputs = { self }: let
    make = name: text: derivation {
      inherit name;
      system = "x86_64-linux";
      builder = "/bin/sh";
      args = [ "-c" "echo '\${text}' > $out" ];
    };
    script = make "disko" "true";
  in {
    nixosConfigurations.tiny.config.system.build = {
      diskoScript = script;
      toplevel = make "nixos-system-tiny" "\${script}";
    };
  };
}
`;

/** What the exercise prints with this nix here, against a container with that nix. */
async function exercise(here: Nix, there: Nix): Promise<Record<string, unknown>> {
  const tools = ["nix", "nix-store", "nix-daemon"];
  const links = tools.map((tool) => `ln -sf ${there.bin}/${tool} /usr/local/bin/${tool}`);
  await using container = await startContainer({
    setup: there.bin === "/usr/bin" ? "" : links.join("\n"),
  });
  assertStringIncludes((await container.run("nix --version")).stdout, there.version);
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/flake.nix`, FLAKE);
    const program = new URL("exercise.ts", import.meta.url).pathname;
    const words = [Deno.execPath(), "run", "-A", program];
    const { stdout } = await run([
      ...words,
      `root@${container.host}`,
      `${container.port}`,
      container.identityFile,
      folder,
    ], {
      env: { NIX_CONFIG, PATH: `${here.bin}:${Deno.env.get("PATH")}` },
      timeout: 120_000,
    });
    return JSON.parse(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("every nix call works with Debian 12's nix and with a current one, on either side", {
  ignore,
}, async (t) => {
  const [old, current] = [await systemNix(), await currentNix()];
  assertNotEquals(old.version, current.version);
  for (const here of [old, current]) {
    for (const there of [old, current]) {
      await t.step(`nix ${here.version} here, ${there.version} there`, async () => {
        const { evaluation, ...rest } = await exercise(here, there);
        assertEquals((evaluation as { system: string }).system, "x86_64-linux");
        assertEquals(rest, {
          script: true,
          system: true,
          there: true,
          thereBelow: true,
          // Two derivations, one of which need not travel where the other store has it.
          all: 2,
          rest: 1,
          places: ["local", "remote"],
          ...{ work: true, left: [0, 0], closure: 2, bytes: true },
          warnings: [],
        });
      });
    }
  }
});
