import { assert } from "@std/assert";
import { AnswerError } from "../../lib/errors.ts";
import { readBuild, readPaths } from "../../lib/nix/realise.ts";
import { parseEvaluation } from "../../lib/nix/evaluate.ts";
import { storeUri } from "../../lib/nix/store.ts";
import { isStorePath } from "../../lib/plan/store_path.ts";
import { property, type Random, unless } from "../support/random.ts";

const HASH = "0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss";
const DRV = `/nix/store/${HASH}-disko.drv`;
const OUT = `/nix/store/${HASH}-disko`;
const EVALUATION = JSON.stringify({
  system: "x86_64-linux",
  buildSystem: "x86_64-linux",
  derivations: [DRV],
  substituters: ["https://cache.nixos.org/"],
  publicKeys: ["a:b="],
  layout: { disks: [{ name: "a", device: "/dev/sda", destroy: true }], passphrases: [] },
});
const BUILD = JSON.stringify([{ drvPath: DRV, outputs: { out: OUT } }]);

/** A text that is broken, or JSON of another shape. */
function spoil(random: Random, json: string): string {
  if (random.once(3)) return random.mutate(random.mutate(json));
  const value = () => random.pick([null, 5, [], {}, "", random.text(3), [random.text(2)], [[OUT]]]);
  const parsed = JSON.parse(json);
  const one = Array.isArray(parsed) ? parsed[0] : parsed;
  one[random.pick(Object.keys(one))] = value();
  return JSON.stringify(random.once(5) ? value() : parsed);
}

property(
  "parseEvaluation() throws nothing but AnswerError, and gives only tame words",
  10_000,
  (random) => {
    const json = spoil(random, EVALUATION);
    const read = unless(AnswerError, () => parseEvaluation(json, 1, ".#web"));
    if (!read) return;
    assert(/^\w+-\w+$/.test(read.system), read.system);
    assert(
      read.derivations.length === 1 && read.derivations.every((path) => /^[\w/.+?=-]+$/.test(path)),
    );
    for (const word of [...read.substituters, ...read.publicKeys]) {
      assert(word !== "" && !/[\s\p{Cc}]/u.test(word), JSON.stringify(word));
    }
  },
);

property("readBuild() throws nothing but AnswerError, and gives a store path", 10_000, (random) => {
  const path = unless(AnswerError, () => readBuild(spoil(random, BUILD)));
  if (path !== undefined) assert(isStorePath(path), JSON.stringify(path));
});

property(
  "readPaths() throws nothing but AnswerError, and gives as many as were asked",
  10_000,
  (random) => {
    const count = random.below(4);
    const text = random.mutate(`${OUT}\n`.repeat(random.below(4)));
    const paths = unless(AnswerError, () => readPaths(text, count));
    if (paths) assert(paths.length === count && paths.every(isStorePath), JSON.stringify(text));
  },
);

property("storeUri() keeps every setting whole", 10_000, (random) => {
  const setting = () => ({
    name: random.text(3).toWellFormed(),
    value: random.text(5).toWellFormed(),
  });
  const settings = random.list(3, setting);
  const uri = storeUri({ settings, root: random.pick(["/", "/mnt"]) });
  assert(/^ssh-ng:\/\/target(\?[\w.~!*'()%=&-]*)?$/.test(uri), uri);
  const read = [...new URL(uri).searchParams].filter(([name]) => name !== "remote-store");
  assert(
    JSON.stringify(read) === JSON.stringify(settings.map(({ name, value }) => [name, value])),
    uri,
  );
});
