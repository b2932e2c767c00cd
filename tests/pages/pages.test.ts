/** The pages of examples/: every block of them is run or parsed, every link leads somewhere. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { FLAGS, flagsOf } from "../../lib/cli/flags.ts";
import { INIT_TABLE } from "../../lib/cli/init.ts";
import type { OptionTable } from "../../lib/plan/option_table.ts";
import { TROUBLES } from "../../lib/plan/troubles.ts";
import { UPDATE_TABLE } from "../../lib/plan/update_options.ts";
import { read, ROOT, sources } from "../checks/sources.ts";
import { publishTo } from "../readme/registry.ts";
import { blocks } from "../readme/markdown.ts";
import { shell, userEnv } from "../readme/shell.ts";
import { NIX_CONFIG } from "../vm/nix.ts";
import { BASH_TOOL } from "./bash_tool.ts";
import { readWords, wrongWith } from "./command_line.ts";
import { anchors, localLinks, namedFlags, readPages, script } from "./markdown_page.ts";
import { commandWords, runBlock } from "./shell_block.ts";

const pages = await readPages();
const examples = pages.filter(({ path }) => path !== "README.md");
const noNix = await new Deno.Command("nix-instantiate", { args: ["--version"] }).output()
  .then(({ success }) => !success, () => true);

/** Files that a reader of the pages has. */
const FILES = {
  "flake.nix": "{ }\n",
  "authorized_keys": "ssh-ed25519 AAAA\n",
  "secrets.yaml": "a: ENC\n",
  "known_hosts": "203.0.113.7 ssh-ed25519 AAAA\n",
};

Deno.test("there are pages, and they have blocks of known languages alone", () => {
  assert(examples.length > 20);
  for (const { path, text } of pages) {
    for (const { language, marks } of blocks(text)) {
      assert(["sh", "nix", "ts", "yaml", ""].includes(language), `${path}: ${language}`);
      // What is run on the target, and what is left out of the library's tests.
      assert(["", "target", "ignore"].includes(marks), `${path}: ${marks}`);
    }
  }
});

for (const { path, text } of examples) {
  const code = script(text);
  if (code === "") continue;
  Deno.test(`the commands of ${path} run, and the command takes its words`, async () => {
    const { code: exit, stderr, calls } = await runBlock(code, FILES);
    assertEquals(exit, 0, stderr);
    for (const call of calls) {
      const words = commandWords(call);
      if (words) {
        await readWords(words).catch((error) => assert(false, `${call.join(" ")}: ${error}`));
      }
    }
    // A program of this project is named as from a checkout.
    for (const [program, ...words] of calls) {
      const file = words.find((word) => program === "deno" && /^[^:]+\.ts$/.test(word));
      if (file !== undefined) await Deno.stat(new URL(file, ROOT));
    }
    const lines = code.match(/^(nixos-anywhere|deno run|npx) /gm)?.length ?? 0;
    const own = calls.filter((call) => commandWords(call) || call[0] === "deno");
    assert(own.length >= lines, `${lines} lines, ${own.length} calls`);
  });
}

Deno.test("shell code for the target is shell code", async () => {
  for (const { path, text } of pages) {
    for (const { language, code } of blocks(text)) {
      if (language !== "sh") continue;
      const { success, stderr } = await new Deno.Command("bash", { args: ["-n", "-c", code] })
        .output();
      assert(success, `${path}: ${new TextDecoder().decode(stderr)}`);
    }
  }
});

Deno.test("commands in jobs are ones that the command takes", async () => {
  let found = 0;
  for (const { path, text } of examples) {
    for (const { language, code } of blocks(text)) {
      if (language !== "yaml") continue;
      for (const [line] of code.matchAll(/^ *(deno run|nixos-anywhere) (.*\\\n)*.*$/gm)) {
        found++;
        assertEquals(await wrongWith(line.trim()), undefined, path);
      }
    }
  }
  assert(found > 0);
});

Deno.test("nix blocks are nix", { ignore: noNix }, async () => {
  const folder = await Deno.makeTempDir({ prefix: "pages-" });
  try {
    const files: string[] = [];
    for (const { path, text } of pages) {
      for (const [at, { language, code }] of blocks(text).entries()) {
        if (language !== "nix") continue;
        files.push(`${folder}/${path.replaceAll("/", "-")}-${at}.nix`);
        await Deno.writeTextFile(files.at(-1) ?? "", code);
      }
    }
    assert(files.length > 5);
    const { success, stderr } = await new Deno.Command("nix-instantiate", {
      args: ["--parse", ...files],
      env: { NIX_CONFIG },
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("ts blocks are right for the published package", async () => {
  const folder = await Deno.makeTempDir({ prefix: "pages-" });
  try {
    const env = { ...await userEnv(`${folder}/user`), JSR_URL: await publishTo(`${folder}/jsr`) };
    let found = 0;
    for (const { path, text } of examples) {
      for (const { language, code } of blocks(text)) {
        if (language !== "ts") continue;
        const name = `${path.replaceAll("/", "-")}-${found++}.ts`;
        await Deno.writeTextFile(`${folder}/user/${name}`, code);
      }
    }
    assert(found > 1);
    const { code, stderr } = await shell("deno check *.ts", { cwd: `${folder}/user`, env });
    assertEquals(code, 0, stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("every link leads to a file, and to a heading in it", async () => {
  const dead: string[] = [];
  for (const { path, text } of pages) {
    for (const link of localLinks(text)) {
      const [file = "", anchor] = link.split("#");
      const url = file === "" ? new URL(path, ROOT) : new URL(file, new URL(path, ROOT));
      if (!await Deno.stat(url).catch(() => undefined)) {
        dead.push(`${path}: ${link}`);
      } else if (anchor !== undefined && !anchors(await Deno.readTextFile(url)).includes(anchor)) {
        dead.push(`${path}: ${link}`);
      }
    }
  }
  assertEquals(dead, []);
});

Deno.test("every page and program of examples/ is linked from its README", async () => {
  const links = localLinks(await read("examples/README.md"));
  const own = pages.map(({ path }) => path).filter((path) => path !== "README.md");
  const programs = (await sources("examples")).filter((path) => path.split("/").length === 2);
  for (const path of [...own, ...programs]) {
    if (path === "examples/README.md") continue;
    assert(links.includes(path.replace("examples/", "")), path);
  }
});

Deno.test("flags that the pages name are flags of the command", () => {
  const known = new Set([
    ...FLAGS.map(({ name }) => name),
    ...Object.values<OptionTable[string]>({ ...INIT_TABLE, ...UPDATE_TABLE }).flatMap(flagsOf).map((
      { name },
    ) => name),
    // Of deno, git, nix, cp and our own tasks.
    ...["--allow-run", "--allow-read", "--allow-write", "--allow-env", "--allow-net", "--wait"],
    ...["--intent-to-add", "--archive", "--link", "--keep", "--kvm", "--record", "--only"],
    "--against",
  ]);
  for (const { path, text } of pages) {
    assertEquals(namedFlags(text).filter((flag) => !known.has(flag)), [], path);
  }
});

Deno.test("messages of ours on the page of troubles are ones that there are", async () => {
  const text = await read("examples/troubles.md");
  const all = await Promise.all((await sources("lib")).map(read));
  const messages = ["is another disk in the installer", "kexec is not possible"]
    .concat(
      Object.values(TROUBLES).map(({ message }) => message).filter((one) => text.includes(one)),
    );
  assert(messages.length > 2);
  for (const message of messages) {
    assert(text.includes(message) && all.some((source) => source.includes(message)), message);
  }
});

Deno.test("every page and section of the bash tool's documentation has its page here", async () => {
  const text = await read("examples/from-the-bash-tool.md");
  const rows = [...text.matchAll(/^\| (.+?) +\| (.*?) *\| (.+?) +\|$/gm)]
    .map(([, page, section, here]) => ({ page, section, here }));
  for (const [page, sections] of Object.entries(BASH_TOOL)) {
    for (const section of sections) {
      const found = rows.filter((row) => row.page === page && row.section === section);
      assertEquals(found.length, 1, `${page}: ${section}`);
      assertMatch(found[0]?.here ?? "", /^\[.+\]\(.+\)$/);
    }
  }
});

Deno.test("a page that lies is found", async () => {
  const lies = [
    "nixos-anywhere --flake .#web --no-such-option root@203.0.113.7",
    "nixos-anywhere --flake .#web root@203.0.113.7 root@203.0.113.8",
    "nixos-anywhere --flake .#web --disko-mode wipe root@203.0.113.7",
    "nixos-anywhere --flake .#web --build-on-remote root@203.0.113.7",
    "nixos-anywhere init --layout raid0",
    "nixos-anywhere update --flake .#web --no-such-option root@203.0.113.7",
    "nix run github:nixos-anywhere/deno -- --flak .#web root@203.0.113.7",
    "deno run -A jsr:@nixos-anywhere/deno/cli --phases all root@203.0.113.7",
    "true",
  ];
  for (const line of lies) {
    assert(await wrongWith(line) !== undefined, line);
  }
  assertEquals(await wrongWith("nixos-anywhere --flake .#web root@203.0.113.7"), undefined);
  const { code } = await runBlock("cat nothing-here");
  assertEquals(code, 1);
  assertEquals(anchors("# A `b` of one's own: c\n"), ["a-b-of-ones-own-c"]);
  assertEquals(namedFlags("`nix --x-y=1` and --z"), ["--x-y"]);
});
