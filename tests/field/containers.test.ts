/** What is a container for certain, what may be one, and what only looks like one. */
import { assertEquals, assertMatch } from "@std/assert";
import { FIND_CONTAINER } from "../../lib/ssh/container.ts";
import { getFacts } from "../../lib/ssh/get_facts.ts";
import { type ContainerOptions, startContainer } from "../support/loopback/mod.ts";
import { login } from "../ssh/fixture.ts";
import { attempt, condition } from "./condition.ts";

const without = ["systemd-detect-virt"];
const MARKS: readonly [mark: string, options: ContainerOptions, kind: string][] = [
  ["none", { without }, "none"],
  ["/.dockerenv", { without, files: { "/.dockerenv": "" } }, "docker"],
  ["/run/.containerenv", { without, files: { "/run/.containerenv": 'engine="x"\n' } }, "podman"],
  ["/run/systemd/container", {
    without,
    setup: "mkdir -p /run/systemd; echo lxc >/run/systemd/container\n",
  }, "lxc"],
  ["/dev/lxd/sock", { without, setup: "mkdir -p /dev/lxd; : >/dev/lxd/sock\n" }, "lxc"],
  ["systemd's own program", { container: "openvz" }, "openvz"],
  ["a word that is none", {
    without,
    setup: "mkdir -p /run/systemd; echo 'x y;z' >/run/systemd/container\n",
  }, "none"],
];

for (const [mark, options, kind] of MARKS) {
  condition("containers", `${mark}: ${kind}`, async () => {
    await using container = await startContainer(options);
    await using target = await login(container);
    const facts = await getFacts(target);
    assertEquals([facts.container, facts.maybeContainer], [kind, undefined]);
  });
}

condition(
  "containers",
  "a container without systemd-detect-virt is refused before anything",
  async () => {
    const { code, stderr } = await attempt({ target: { without, files: { "/.dockerenv": "" } } });
    assertEquals(code, 3, stderr);
    assertMatch(stderr, /kexec is not possible: it is a container \(docker\)/);
  },
);

condition("containers", "marks of one on a machine that shows its kernel's threads", async () => {
  const code = `mount -t tmpfs none /run; : >/run/.containerenv
    fact() { echo "$@"; }; have() { false; }
    first_line() { line=; [ ! -r "$1" ] || IFS= read -r line <"$1" || :; }
    ${FIND_CONTAINER}`;
  const args = ["--mount", "--propagation", "private", "sh", "-euc", code];
  const { stdout, stderr } = await new Deno.Command("unshare", { args, stdin: "null" }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const threads = await Deno.readTextFile("/proc/2/comm").catch(() => "");
  // This machine may be a container itself.
  const machine = threads === "kthreadd\n";
  assertEquals(text, machine ? "maybe_container podman\ncontainer none\n" : "container podman\n");
});

condition(
  "memory",
  "a target that does not tell how much it has: a warning, and the install",
  async () => {
    const setup =
      "sed '/^MemTotal:/d' /proc/meminfo >/run/meminfo; mount --bind /run/meminfo /proc/meminfo\n";
    const { code, stderr } = await attempt({ target: { setup } });
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /^warning: root@127\.0\.0\.1: it does not tell how much memory it has$/m);
  },
);
