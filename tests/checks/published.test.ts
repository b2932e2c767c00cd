/** What is published: documented with examples, without dead links, in one version. */
import { assert, assertEquals } from "@std/assert";
import { VERSION } from "../../lib/version.ts";
import { readSettings } from "../readme/registry.ts";
import { read, ROOT, sources } from "./sources.ts";

interface Documentation {
  readonly nodes: Readonly<
    Record<string, {
      readonly symbols: readonly {
        readonly name: string;
        readonly declarations: readonly {
          readonly kind: string;
          readonly jsDoc?: { readonly tags?: readonly { readonly kind: string }[] };
        }[];
      }[];
    }>
  >;
}

/** The functions and classes without an example, by name. */
function withoutExample({ nodes }: Documentation): string[] {
  return Object.values(nodes).flatMap(({ symbols }) =>
    symbols.filter(({ declarations }) =>
      declarations.some(({ kind }) => kind === "function" || kind === "class") &&
      !declarations.some(({ jsDoc }) => jsDoc?.tags?.some(({ kind }) => kind === "example"))
    ).map(({ name }) => name)
  );
}

Deno.test("every function and class of the module has an example", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "mod.ts", "cli.ts"],
    cwd: ROOT,
  }).output();
  const documentation: Documentation = JSON.parse(new TextDecoder().decode(stdout));
  assert(Object.values(documentation.nodes).some(({ symbols }) => symbols.length > 50));
  assertEquals(withoutExample(documentation), []);
  const bare = { nodes: { a: { symbols: [{ name: "x", declarations: [{ kind: "class" }] }] } } };
  assertEquals(withoutExample(bare), ["x"]);
});

Deno.test("the files that are published link to published files alone", async () => {
  const { publish: { include } } = await readSettings();
  const isPublished = (path: string) =>
    include.some((one) => path === one || path.startsWith(`${one}/`));
  const texts = (await Array.fromAsync(files(""))).filter((path) =>
    path.endsWith(".md") && isPublished(path)
  );
  assert(texts.includes("README.md"), "README was not found");
  const dead: string[] = [];
  for (const path of texts) {
    for (const link of relativeLinks(await read(path))) {
      const to = new URL(link, `file:///${path}`).pathname.slice(1).replace(/\/$/, "");
      const there = await Deno.stat(new URL(to, ROOT)).then(() => true, () => false);
      if (!there || !isPublished(decodeURI(to))) dead.push(`${path} links ${link}`);
    }
  }
  assertEquals(dead, []);
});

Deno.test("relativeLinks() finds links and images that are no addresses", () => {
  const text =
    "[a](b.md) ![c](d/e.svg) [f](https://x.org) [g](#h) [i](j.md#k) [l]: m.md\n[n]: o.md";
  assertEquals(relativeLinks(text), ["b.md", "d/e.svg", "j.md", "o.md"]);
});

Deno.test("the version is said in deno.json alone", async () => {
  const { version } = await readSettings();
  assertEquals(VERSION, version);
  for (const path of await sources("mod.ts", "cli.ts", "lib")) {
    assert(!(await read(path)).includes(version), path);
  }
  // A module of Terraform's is named with a tag; that of its deno.json is compared in tests/terraform.
  const tags = (await read("examples/terraform/README.md")).matchAll(/\?ref=v([\d.]+\d)/g);
  assertEquals([...new Set([...tags].map(([, tag]) => tag))], [version]);
});

Deno.test("the workflows publish on a tag of the version, with provenance, after the tests", async () => {
  const publish = await read(".github/workflows/publish.yml");
  for (const line of [/^ +id-token: write/m, /^ +tags: \["v\*"\]/m, /deno publish/]) {
    assert(line.test(publish), String(line));
  }
  const test = await read(".github/workflows/test.yml");
  for (const system of ["ubuntu-latest", "macos-latest"]) assert(test.includes(system), system);
  const { tasks } = JSON.parse(await read("deno.json"));
  const named = [...`${publish}${test}`.matchAll(/deno task ([\w:]+)/g)].map(([, name]) => name);
  assert(named.length > 0);
  for (const name of named) assert(Object.hasOwn(tasks, name ?? ""), name);
});

/** The links of a text that are no addresses, without what stands behind #. */
function relativeLinks(markdown: string): string[] {
  const inline = markdown.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g);
  const named = markdown.matchAll(/^\[[^\]]+\]: (\S+)$/gm);
  return [...inline, ...named].flatMap(([, link = ""]) => {
    const [path = ""] = link.split("#");
    return path === "" || /^[a-z][a-z0-9+.-]*:/i.test(path) ? [] : [path];
  });
}

async function* files(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(encodeURI(folder), ROOT))) {
    if (name.startsWith(".") || name === "tmp" || name === "coverage") continue;
    if (isDirectory) yield* files(`${folder}${name}/`);
    else yield `${folder}${name}`;
  }
}
