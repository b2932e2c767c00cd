import { assert, assertEquals, assertRejects } from "@std/assert";
import { PreflightError, UsageError } from "../../lib/errors.ts";
import { nixosAnywhere } from "../../lib/flow/flow.ts";
import { namingKeys } from "../../lib/flow/naming_keys.ts";
import { update } from "../../lib/flow/update.ts";
import { withKeys } from "../../lib/plan/library_names.ts";
import { flagOf, type Option } from "../../lib/plan/option.ts";
import { OPTIONS } from "../../lib/plan/option_table.ts";

Deno.test("withKeys() knows every flag of an option of the library, and no other", () => {
  for (const [key, { usage, command }] of Object.entries<Option<unknown>>(OPTIONS as never)) {
    if (usage === undefined) continue;
    const flag = flagOf(usage);
    const named = withKeys(`${flag} is wrong, leave ${flag} out`);
    if (command) assertEquals(named, `${flag} is wrong, leave ${flag} out`);
    else assert(named.startsWith(key) && !named.includes("--"), named);
  }
  const cases: readonly (readonly [string, string])[] = [
    ["--no-disko-deps: leave it out", "diskoDeps: false: leave it out"],
    ["--build-on remote", "buildOn remote"],
    ["--stop-after-disko", "phases"],
    ["run it again with --debug", "run it again with --debug"],
    ["try `nix --option a b`", "try `nix --option a b`"],
    ["first: nixos-anywhere --flake URI#NAME HOST", "first: nixos-anywhere --flake URI#NAME HOST"],
    ["git add --intent-to-add x--flake", "git add --intent-to-add x--flake"],
    ["--no-rollback, --store-path, --store-paths", "rollback: false, system, storePaths"],
  ];
  for (const [text, named] of cases) assertEquals(withKeys(text), named);
});

Deno.test("the library's errors name options by their keys, in message, hint and stack", async () => {
  const diskEncryptionKeys = [{ remote: "/k", local: "/dev/null" }];
  const error = await assertRejects(
    () => nixosAnywhere({ flake: ".#web", vmTest: true, diskEncryptionKeys }),
    UsageError,
    "vmTest takes no diskEncryptionKeys",
  );
  assert(error.stack?.includes("vmTest takes no"), error.stack);
  await assertRejects(
    () => update({ host: "web", flake: ".#web", system: "/nix/store/x" }),
    UsageError,
    "flake and system exclude each other",
  );
  const refused = new PreflightError("web: no", { hint: "add kexec to --phases" });
  const thrown = await namingKeys(() => Promise.reject(refused)).catch((one) => one);
  assertEquals([thrown === refused, thrown.hint], [true, "add kexec to phases"]);
});
