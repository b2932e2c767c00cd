/** The module from where there is no deno.json of it: imported from a checkout, and from plain HTTP. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { VERSION } from "../lib/version.ts";
import { read, ROOT, sources } from "./checks/sources.ts";
import { readSettings } from "./readme/registry.ts";
import { STAND_INS } from "./launch.ts";
import { type Ended, shell, userEnv } from "./readme/shell.ts";

/** A script elsewhere that uses some of the module, and opens what is only loaded when it is used. */
const script = (module: string) =>
  `import { nixosAnywhere, parseFlakeRef, UsageError } from ${JSON.stringify(module)};
const wrong = await nixosAnywhere({ host: "root@127.0.0.1" }).catch((error) => error);
console.log(parseFlakeRef(".#web").url, wrong instanceof UsageError);
`;

async function withUser(
  work: (run: (line: string) => Promise<Ended>, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "elsewhere-" });
  try {
    // What was fetched for another test is not known here.
    const env = { ...await userEnv(folder), JSR_URL: STAND_INS, DENO_DIR: `${folder}/deno` };
    await work((line) => shell(line, { cwd: folder, env }), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function seeIt(run: (line: string) => Promise<Ended>, root: string): Promise<void> {
  const used = await run("deno run -A script.ts");
  assertEquals([used.code, used.stdout], [0, ". true\n"], used.stderr);
  const version = await run(`deno run -A '${root}cli.ts' --version`);
  assertEquals([version.code, version.stdout], [0, `${VERSION}\n`], version.stderr);
  const help = await run(`deno run -A '${root}cli.ts' init --help`);
  assertMatch(help.stdout, /^Usage: nixos-anywhere init /m);
}

Deno.test("a script elsewhere imports the module from a checkout", () =>
  withUser(async (run, folder) => {
    await Deno.writeTextFile(`${folder}/script.ts`, script(new URL("mod.ts", ROOT).href));
    await seeIt(run, ROOT.href);
  }));

Deno.test("a script imports the module from plain HTTP, served as text", () =>
  withUser(async (run, folder) => {
    const asked: string[] = [];
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (
      { url },
    ) => {
      const path = new URL(url).pathname.slice(1);
      asked.push(path);
      if (!/^((mod|cli|lib\/[\w/]+)\.ts|deno\.json)$/.test(path)) {
        return new Response(null, { status: 404 });
      }
      const file = await Deno.open(new URL(path, ROOT)).catch(() => undefined);
      if (!file) return new Response(null, { status: 404 });
      return new Response(file.readable, { headers: { "content-type": "text/plain" } });
    });
    const root = `http://127.0.0.1:${server.addr.port}/`;
    await Deno.writeTextFile(`${folder}/script.ts`, script(`${root}mod.ts`));
    await seeIt(run, root);
    assert(asked.includes("mod.ts") && asked.includes("lib/std_path.ts"), asked.join(" "));
  }));

Deno.test("the package imports @std by its whole name, in the versions of deno.json", async () => {
  const { imports } = await readSettings();
  const named: string[] = [];
  for (const path of await sources("mod.ts", "cli.ts", "lib")) {
    for (
      const [, name = ""] of (await read(path)).matchAll(/^(?! \*).* from "((?:jsr:)?@[^"]+)";$/gm)
    ) {
      const known = Object.values(imports).some((one) =>
        name === one || name.startsWith(`${one}/`)
      );
      assert(known, `${path} imports ${name}: lib/std_*.ts has what is used of @std`);
      named.push(name);
    }
  }
  assert(named.length > 1);
});
