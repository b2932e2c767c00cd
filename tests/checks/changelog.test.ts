import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readChanges, showChanges, titlesSince, withChanges } from "../readme/changelog.ts";

const PROGRAM = decodeURIComponent(new URL("../readme/changelog.ts", import.meta.url).pathname);

async function run(program: string, ...args: string[]): Promise<string> {
  const author = { NAME: "a", EMAIL: "a@example.org", DATE: "2026-01-01T00:00:00Z" };
  const env = Object.fromEntries(
    Object.entries(author).flatMap(([name, value]) =>
      ["AUTHOR", "COMMITTER"].map((who) => [`GIT_${who}_${name}`, value])
    ),
  );
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { ...env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout);
}

Deno.test("the task changelog lists what has changed since the last version, by area, below what is written by hand", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const git = (...words: string[]) => run("git", "-C", folder, ...words);
    const commit = (title: string) => git("commit", "-q", "--allow-empty", "-m", title);
    await git("init", "-q", "-b", "main");
    await commit("ssh: before the version");
    await git("tag", "v1.0.0");
    await git("tag", "other");
    for (
      const title of [
        "ssh: back off while a machine boots",
        "tests/ssh: wait longer",
        "cli: --phases is [checked], <b>`a_b`</b>",
        "README, ssh: jump hosts",
        "bench: a table",
        "ssh: back off while a machine boots",
        "Something without an area",
      ]
    ) await commit(title);
    await git("checkout", "-q", "-b", "side");
    await commit("copy: a stream of its own");
    await git("checkout", "-q", "main");
    await git("merge", "-q", "--no-ff", "-m", "ssh: no title of a merge", "side");

    const changelog = `${folder}/CHANGELOG.md`;
    const old = "## 1.0.0\n\n### Reaching\n\nThe first.\n";
    await Deno.writeTextFile(changelog, `# Changelog\n\n## Unreleased\n\nBy hand.\n\n${old}`);
    const expected = `# Changelog

## Unreleased

By hand.

<!-- changes: made by deno task changelog -->

- **cli**
  - --phases is \\[checked\\], \\<b\\>\`a_b\`\\</b\\>
- **copy**
  - a stream of its own
- **ssh**
  - back off while a machine boots
  - jump hosts
- **Other**
  - Something without an area

<!-- /changes -->

${old}`;
    for (let time = 0; time < 2; time++) {
      await run(Deno.execPath(), "run", "-A", "--no-check", PROGRAM, folder);
      assertEquals(await Deno.readTextFile(changelog), expected);
    }
    await git("tag", "v1.1.0");
    assertEquals(await titlesSince(folder), []);
    await run(Deno.execPath(), "run", "-A", "--no-check", PROGRAM, folder);
    assertEquals(
      await Deno.readTextFile(changelog),
      `# Changelog\n\n## Unreleased\n\nBy hand.\n\n${old}`,
    );
    await Deno.remove(`${folder}/.git`, { recursive: true });
    await assertRejects(() => titlesSince(folder), Error, "not a git repository");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("withChanges() wants the heading that it fills, also at the end", () => {
  const changes = readChanges(["ssh: a"]);
  assertThrows(() => withChanges("# Changelog\n\n## 1.0.0\n", changes), Error, "Unreleased");
  const made = withChanges("## Unreleased\n", changes);
  assertEquals(made.includes(showChanges(changes)), true);
  assertEquals(withChanges(made, new Map()), "## Unreleased\n");
});
