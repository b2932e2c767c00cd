import { assert, assertEquals } from "@std/assert";
import { AnswerError, UsageError } from "../../lib/errors.ts";
import { parseDestination } from "../../lib/plan/destination.ts";
import { parseFacts, TOOLS } from "../../lib/plan/facts.ts";
import { installable, parseFlakeRef, showFlake } from "../../lib/plan/flake.ts";
import { parseImage } from "../../lib/plan/image.ts";
import { isStorePath } from "../../lib/plan/store_path.ts";
import { property, unless } from "../support/random.ts";
import { answer } from "./fixture.ts";

const HOSTS = [
  "root@203.0.113.7",
  "ssh://me@web:22/",
  "[2001:db8::1]:22",
  "me@fe80::1%eth0",
  "web",
];
const META = /[\s\p{Cc}'"`$\\;&|<>(){}*?!~#]/u;

property("parseDestination() lets nothing through that a shell would read", 10_000, (random) => {
  const start = random.pick([...HOSTS, random.text(), `${random.text(3)}@${random.text(4)}`]);
  const text = random.list(3, () => 0).reduce((text) => random.mutate(text), start);
  const read = unless(UsageError, () => parseDestination(text));
  if (!read) return;
  for (const part of [read.host, read.user ?? "x"]) {
    assert(part !== "" && !part.startsWith("-") && !META.test(part), JSON.stringify(read));
  }
  assert(!read.host.includes("@") && !read.host.includes("/"), read.host);
  const { port = 22 } = read;
  assert(Number.isInteger(port) && port > 0 && port < 65536, String(port));
});

const FLAKES = [".#web", 'github:o/r?dir=x#"my.host"', '.#nixosConfigurations."a.b".config.c'];

property("parseFlakeRef() gives names that are whole in what nix reads", 10_000, (random) => {
  const start = random.pick([...FLAKES, `.#${random.text()}`, random.text()]);
  const flake = unless(
    UsageError,
    () => parseFlakeRef(random.once(3) ? random.mutate(start) : start),
  );
  if (!flake) return;
  const { url, attributes } = flake;
  assertEquals(attributes[0], "nixosConfigurations");
  assert(attributes.length >= 3 && attributes.every((name) => name !== ""), attributes.join());
  assert(url !== "" && !url.startsWith("-") && !url.includes("#"), url);
  const whole = installable(flake, "system");
  assert(!/(?![\x7f-\x9f])\p{Cc}/u.test(whole), JSON.stringify(whole));
  assertEquals(parseFlakeRef(showFlake(flake)), flake);
});

property(
  "parseImage() throws nothing but UsageError, and knows every URL it takes",
  10_000,
  (random) => {
    const start = random.pick(["a.tar.gz", "https://example.org/a.tar.xz?b=c", random.text()]);
    const image = unless(UsageError, () => parseImage(random.mutate(random.mutate(start))));
    if (image?.kind !== "url") return;
    assert(/^(https?|ftp):$/.test(new URL(image.location).protocol), image.location);
    assert(!/[\s\p{Cc}]/u.test(image.location), JSON.stringify(image.location));
  },
);

property("isStorePath() takes no path with a character of a shell in it", 10_000, (random) => {
  const path = random.mutate("/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-nixos-system");
  if (!isStorePath(path)) return;
  // nix lets a ? into names: quoted it does no harm.
  assert(!META.test(path.replaceAll("?", "")) && path.split("/").length === 4, path);
});

const KEY = `fact host_key ssh-ed25519 ${"A".repeat(68)}`;
const ANSWER = answer({}, [...TOOLS.slice(0, 3).map((tool) => `fact tool ${tool}`), KEY]);

property(
  "parseFacts() throws nothing but AnswerError, and gives only tame values",
  10_000,
  (random) => {
    const lines = ANSWER.split("\n");
    const changed = random.list(3, () => random.below(lines.length));
    for (const at of changed) {
      lines[at] = random.pick([
        random.mutate(lines[at] ?? ""),
        `fact ${
          random.pick(["os", "user", "tool", "disk", "name", random.text(2)])
        } ${random.text()}`,
        lines[random.below(lines.length)] ?? "",
      ]);
    }
    const facts = unless(AnswerError, () => parseFacts(lines.join("\n"), "web"));
    if (!facts) return;
    for (const one of [facts.os, facts.arch, facts.container, facts.bootId, ...facts.tools]) {
      assert(/^[\w. -]+$/.test(one), JSON.stringify(one));
    }
    assert(!/\p{Cc}/u.test(facts.name.replaceAll("\t", "")), JSON.stringify(facts.name));
    assert(!/[\s\p{Cc}'"`;&|<>()*?]/u.test(facts.user), facts.user);
    for (const key of facts.hostKeys) assert(/^[\w@.-]+ [\w+/=]+$/.test(key), key);
    assert(Number.isFinite(facts.memory) && Number.isInteger(facts.uid));
  },
);
