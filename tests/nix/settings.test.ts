import { assertEquals } from "@std/assert";
import { namesThereAre, readNames } from "../../lib/nix/check_configuration.ts";
import { cacheSettings, flakeFile, readFlakeSettings } from "../../lib/nix/settings.ts";
import { neededParts } from "../../lib/plan/phases.ts";

const SOURCE = `/nix/store/${"0".repeat(32)}-source`;

Deno.test("readFlakeSettings() writes values as nix does", () => {
  const json = JSON.stringify({
    "extra-substituters": ["https://a", "http://b?x=1"],
    "extra-trusted-public-keys": "a:b=",
    "keep-going": true,
    "max-jobs": 3,
    "bash-prompt": "x",
    "--debug": "x",
    nested: { a: 1 },
  });
  assertEquals(readFlakeSettings(json), [
    { name: "extra-substituters", value: "https://a http://b?x=1" },
    { name: "extra-trusted-public-keys", value: "a:b=" },
    { name: "keep-going", value: "true" },
    { name: "max-jobs", value: "3" },
  ]);
  for (const nothing of ["", "x", "[]", "null", "5", "{}"]) {
    assertEquals(readFlakeSettings(nothing), [], nothing);
  }
});

Deno.test("cacheSettings() picks what says where to fetch from, and whom to believe", () => {
  const names = ["substituters", "extra-trusted-public-keys", "post-build-hook", "sandbox"];
  const picked = cacheSettings(names.map((name) => ({ name, value: "x" })));
  assertEquals(picked.map(({ name }) => name), ["substituters", "extra-trusted-public-keys"]);
});

Deno.test("flakeFile() is flake.nix in the store, below the flake's folder", () => {
  const file = (value: unknown) => flakeFile(JSON.stringify(value));
  assertEquals(file({ path: SOURCE }), `${SOURCE}/flake.nix`);
  assertEquals(file({ path: SOURCE, locked: { dir: "a/b" } }), `${SOURCE}/a/b/flake.nix`);
  for (
    const wrong of [null, [], { path: 5 }, { path: "/etc" }, {
      path: SOURCE,
      locked: { dir: "../.." },
    }]
  ) assertEquals(file(wrong), undefined);
  assertEquals(flakeFile("x"), undefined);
});

Deno.test("readNames() reads names, and decides nothing by another answer", () => {
  assertEquals(readNames('["a","b.c"]'), ["a", "b.c"]);
  for (const json of ["", "x", "{}", "null", "[1]"]) assertEquals(readNames(json), undefined, json);
});

Deno.test("namesThereAre() names them, and the one that is meant", () => {
  assertEquals(namesThereAre("web", []), "it has no NixOS configurations");
  assertEquals(namesThereAre("wbe", ["db", "web"]), "it has db, web; did you mean web?");
  assertEquals(namesThereAre("WEB-1", ["web1"]), "it has web1; did you mean web1?");
  assertEquals(namesThereAre("x", ["my.host", "\x1b[2J"]), 'it has "my.host", "\\u001b[2J"');
  const many = Array.from({ length: 22 }, (_, at) => `host${at}`);
  assertEquals(namesThereAre("zzzzzz", many), `it has ${many.slice(0, 20).join(", ")}, and 2 more`);
});

Deno.test("neededParts() are those that the phases use", () => {
  assertEquals(neededParts({ phases: ["kexec", "reboot"] }), []);
  assertEquals(neededParts({ phases: ["kexec", "disko"] }), ["disko"]);
  assertEquals(neededParts({ phases: ["install", "reboot"] }), ["system"]);
  assertEquals(neededParts({ phases: ["disko", "install"] }), ["disko", "system"]);
});
