/**
 * Every nix call of the module, once, against one target: run with the PATH that finds the nix to try.
 * Takes a login and a flake in JSON, prints what came of it in JSON.
 */
import { buildHere } from "../../lib/nix/build.ts";
import { evaluate } from "../../lib/nix/evaluate.ts";
import { choosePlace } from "../../lib/nix/place.ts";
import { buildThere } from "../../lib/steps/build.ts";
import { storePath } from "../../lib/plan/store_path.ts";
import { connect, copyClosure, parseFlakeRef } from "../../mod.ts";

const [host = "", port = "", identityFile = "", flake = ""] = Deno.args;
const reference = parseFlakeRef(`path:${flake}#tiny`);
const warnings: string[] = [];
await using target = await connect(host, {
  ...{ port: Number(port), identityFile, hostKey: "off" },
  report: (event) =>
    void (event.type === "log" && event.level === "warning" && warnings.push(event.text)),
});
const evaluation = await evaluate(reference, ["diskoScript", "toplevel"]);
const [disko = "", toplevel = ""] = evaluation.derivations;
const [script = "", system = ""] = await buildHere(evaluation.derivations);
await copyClosure(target, script, { substitute: false });
await copyClosure(target, system, { root: "/mnt", substitute: false });
const valid = async (path: string, ...store: string[]) =>
  (await target.run(["nix-store", ...store, "--check-validity", path], { allowFailure: true }))
    .code === 0;
const [here, other] = [await choosePlace(evaluation.system), await choosePlace("riscv64-linux")];
const built = async (derivation: string, root: string) => {
  const path = storePath(derivation);
  await copyClosure(target, path, { root, substitute: false });
  return await buildThere(target, path, { root });
};
console.log(JSON.stringify({
  evaluation,
  script: await valid(script),
  system: await valid(system, "--store", "local?root=/mnt"),
  // The same derivations, so the same paths.
  there: await built(disko, "/") === script,
  thereBelow: await built(toplevel, "/mnt") === system,
  places: [here.on, other.on],
  warnings,
}));
