import { assertEquals, assertStringIncludes } from "@std/assert";
import { NIX_CONFIG } from "../vm/nix.ts";
import { Sandbox } from "./command.ts";

const flake = (code: string) =>
  `{ outputs = { self }: {
  nixosConfigurations.web.config.system.build.installTest = derivation {
    name = "install-test"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "${code}" ];
  };
}; }
`;

Deno.test("--vm-test builds the configuration's own test, with its log, and needs no target", async () => {
  await using sandbox = await Sandbox.make();
  const mark = crypto.randomUUID();
  await sandbox.file("flake/flake.nix", flake(`echo testing ${mark}; echo > $out`));
  const words = ["--vm-test", "-f", `path:${sandbox.folder}/flake#web`];
  const { code, stderr } = await sandbox.run(words, { NIX_CONFIG });
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, `testing ${mark}`);
});

Deno.test("--vm-test fails with the test", async () => {
  await using sandbox = await Sandbox.make();
  await sandbox.file("flake/flake.nix", flake(`echo ${crypto.randomUUID()}; exit 1`));
  const words = ["--vm-test", "-f", `path:${sandbox.folder}/flake#web`];
  const { code, stderr } = await sandbox.run(words, { NIX_CONFIG });
  assertEquals(code, 1, stderr);
  assertStringIncludes(stderr, "error: nix failed: ");
});
