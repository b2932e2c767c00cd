/** What a configuration puts into nix.conf need not be one word an item, nor of any use. */
import { assertEquals, assertMatch } from "@std/assert";
import { writeFlake } from "../support/install/parts.ts";
import { attempt, condition } from "./condition.ts";

const KEY = "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=";

/** Installs, up to the plan, with these settings of nix in the configuration. */
async function plan(nix: string) {
  return await attempt({ inInstaller: true }, async (fixture) => {
    const reference = await writeFlake(`${fixture.sandbox.folder}/flake`);
    const file = `${fixture.sandbox.folder}/flake/flake.nix`;
    const text = await Deno.readTextFile(file);
    const changed = text.replace(
      "system.build =",
      `nix.settings = { ${nix} };\n    system.build =`,
    );
    await Deno.writeTextFile(file, changed);
    return ["--dry-run", "--flake", reference, "--build-on", "local", ...fixture.reach];
  });
}

for (
  const [what, nix] of Object.entries({
    "a public key with the line feed of its file": `trusted-public-keys = [ "${KEY}\\n" ];`,
    "two substituters in one text": 'substituters = [ "https://a.invalid https://b.invalid" ];',
    "lists that are one text":
      `substituters = "https://a.invalid\\n"; trusted-public-keys = "${KEY}";`,
    "tabs and empty texts": 'substituters = [ "" "\\thttps://a.invalid" ];',
  })
) {
  condition("nix", `${what} in its settings`, async () => {
    const { code, stderr } = await plan(nix);
    assertEquals(code, 0, stderr);
    assertEquals(/warning: .*(key|substituter).*/.exec(stderr)?.[0], undefined);
  });
}

for (
  const [what, nix, wanted] of [
    ["a public key without a name", 'trusted-public-keys = [ "AAAA" ];', /warning: .*"AAAA"/],
    ["a number for a substituter", "substituters = [ 7 ];", /warning: .*substituters.* 7\b/],
    ["a substituter with a comment", 'substituters = [ "https://a.invalid/#b" ];', /warning: .*#b/],
    ["nothing for the substituters", "substituters = null;", /warning: .*substituters/],
    ["substituters that do not evaluate", 'substituters = throw "no";', /warning: .*substituters/],
  ] as const
) {
  condition("nix", `${what} in its settings is a warning`, async () => {
    const { code, stderr } = await plan(nix);
    assertEquals(code, 0, stderr);
    assertMatch(stderr, wanted);
  });
}
