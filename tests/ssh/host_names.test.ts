import { assert, assertEquals } from "@std/assert";
import { configWords, hostFiles, hostNames, knownNames } from "../../lib/ssh/host_names.ts";

Deno.test("configWords() reads a line as ssh does", () => {
  const cases: readonly [line: string, words: readonly string[]][] = [
    ["Host a b", ["Host", "a", "b"]],
    ["\tHOST = a", ["HOST", "a"]],
    ["host=a", ["host", "a"]],
    ['Host "a" b # c', ["Host", "a", "b"]],
    ["# Host a", []],
    ["", []],
    ["Host", []],
  ];
  for (const [line, words] of cases) assertEquals(configWords(line), words, line);
});

Deno.test("knownNames() gives what is a name: no hash, no pattern, no port", () => {
  const cases: readonly [line: string, names: readonly string[]][] = [
    ["a,192.0.2.1 ssh-ed25519 AAAA", ["a", "192.0.2.1"]],
    ["[a]:2222 ssh-ed25519 AAAA", ["a"]],
    ["[2001:db8::1]:22,2001:db8::2 ssh-ed25519 AAAA", ["2001:db8::1", "2001:db8::2"]],
    ["|1|abc=|def= ssh-ed25519 AAAA", []],
    ["@cert-authority *.example ssh-ed25519 AAAA", []],
    ["*.example,b?,!c,d ssh-ed25519 AAAA", ["d"]],
    ["# a comment", []],
    ["", []],
  ];
  for (const [line, names] of cases) assertEquals(knownNames(line), names, line);
});

Deno.test("hostNames() follows Include, also in a circle, and leaves out what is no tame name", async () => {
  const home = await Deno.makeTempDir();
  try {
    const files: Record<string, string> = {
      ".ssh/config": "Include conf.d/*/*.conf ~/else other\nHost a *.b -oX $(x)\nHost é\n",
      ".ssh/conf.d/x/1.conf": "Host one\nInclude config\n",
      ".ssh/conf.d/x/.2.conf": "Host hidden\n",
      ".ssh/conf.d/x/3.txt": "Host text\n",
      ".ssh/other": "Match host x\nHost other\n",
      "else": "Host=elsewhere\r\n",
      "known": "k ssh-ed25519 AAAA\n",
    };
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(`${home}/${name}`.replace(/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${home}/${name}`, text);
    }
    const mine = {
      ...hostFiles(home),
      systemConfig: `${home}/none`,
      knownHosts: [`${home}/known`],
    };
    const timeout = 60_000;
    assertEquals(await hostNames(mine, { timeout }), ["a", "elsewhere", "k", "one", "other", "é"]);
    const none = { ...mine, config: home, knownHosts: [`${home}/none`] };
    assertEquals(await hostNames(none, { timeout }), []);

    // When the time is up, those that were found by then: each file is asked for behind the one before.
    await Deno.writeTextFile(`${home}/.ssh/config`, "Include many/*\n");
    await Deno.mkdir(`${home}/.ssh/many`);
    for (let at = 0; at < 150; at++) {
      await Deno.writeTextFile(`${home}/.ssh/many/${at}`, `Host many${at}\n`);
    }
    assert((await hostNames(mine, { timeout: 0 })).length < 150);
    assertEquals((await hostNames(mine, { timeout })).length, 151);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
