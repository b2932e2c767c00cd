import { assertEquals, assertStringIncludes } from "@std/assert";
import { NIX_CONFIG } from "../vm/nix.ts";
import { Place } from "./command.ts";

const flake = (code: string) =>
  `{ outputs = { self }: {
  nixosConfigurations.web.config.system.build.installTest = derivation {
    name = "install-test"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "${code}" ];
  };
}; }
`;

Deno.test("--vm-test builds the configuration's own test, with its log, and needs no target", async () => {
  await using place = await Place.make();
  const mark = crypto.randomUUID();
  await place.file("flake/flake.nix", flake(`echo testing ${mark}; echo > $out`));
  const words = ["--vm-test", "-f", `path:${place.folder}/flake#web`];
  const { code, stderr } = await place.run(words, { NIX_CONFIG });
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, `testing ${mark}`);
});

Deno.test("--vm-test fails with the test", async () => {
  await using place = await Place.make();
  await place.file("flake/flake.nix", flake(`echo ${crypto.randomUUID()}; exit 1`));
  const words = ["--vm-test", "-f", `path:${place.folder}/flake#web`];
  const { code, stderr } = await place.run(words, { NIX_CONFIG });
  assertEquals(code, 1, stderr);
  assertStringIncludes(stderr, "error: nix failed: ");
});
