/**
 * Every nix call of the module, once, against one target: run with the PATH that finds the nix to try.
 * Takes a login and a flake in JSON, prints what came of it in JSON.
 */
import { buildHere } from "../../lib/nix/realise.ts";
import { buildWork, closureSize } from "../../lib/nix/work.ts";
import { evaluate } from "../../lib/nix/evaluate.ts";
import { chooseBuildLocation } from "../../lib/nix/build_location.ts";
import { buildThere, shareThere } from "../../lib/steps/build_there.ts";
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
const before = await buildWork(evaluation.derivations, {});
const [script = "", system = ""] = await buildHere(evaluation.derivations);
const after = await buildWork(evaluation.derivations, {});
const closure = await closureSize(evaluation.derivations, {});
await copyClosure(target, script, { substitute: false });
await copyClosure(target, system, { root: "/mnt", substitute: false });
const valid = async (path: string, ...store: string[]) =>
  (await target.run(["nix-store", ...store, "--check-validity", path], { allowFailure: true }))
    .code === 0;
const [here, other] = [
  await chooseBuildLocation(evaluation.system),
  await chooseBuildLocation("riscv64-linux"),
];
/** Brings a derivation there, and says how many paths travelled. */
const bring = async (derivation: string, root: string) => {
  let sent: number | undefined;
  await copyClosure(target, storePath(derivation), {
    root,
    substitute: false,
    report: (event) => {
      const count = event.type === "log" && /^(\d+) of \d+ store paths sent/.exec(event.text)?.[1];
      if (count) sent = Number(count);
    },
  });
  return sent;
};
const built = async (derivation: string, root: string) => {
  await bring(derivation, root);
  return await buildThere(target, storePath(derivation), { root });
};
/** What is left to travel to a store that shares what the one in / has of another derivation. */
const rest = async () => {
  await shareThere(target, storePath(disko), { root: "/other" });
  return await bring(toplevel, "/other");
};
console.log(JSON.stringify({
  evaluation,
  script: await valid(script),
  system: await valid(system, "--store", "local?root=/mnt"),
  // The same derivations, so the same paths.
  there: await built(disko, "/") === script,
  thereBelow: await built(toplevel, "/mnt") === system,
  all: await bring(toplevel, "/third"),
  rest: await rest(),
  places: [here.on, other.on],
  work: before.builds !== undefined,
  left: [after.builds, after.fetches],
  closure: closure?.paths,
  bytes: closure !== undefined && closure.bytes > 0,
  warnings,
}));
