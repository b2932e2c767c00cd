import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { importedFromStd, STAND_INS } from "./launch.ts";
import { serveRegistry } from "./jsr/serve.ts";

const LAUNCHER = new URL("./launch.ts", import.meta.url);
const ROOT = new URL("../", import.meta.url);

/** What the launched Deno says of itself: which registry it was given, and when it started. */
const SAY = "console.log(JSON.stringify([Deno.env.get('JSR_URL') ?? 'JSR', Date.now()]))";

interface Launch {
  readonly env?: Record<string, string>;
  readonly launcher?: URL;
}

function launcher(args: string[], { env = {}, launcher = LAUNCHER }: Launch = {}): Deno.Command {
  const { JSR_URL: _, ...inherited } = Deno.env.toObject();
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", launcher.href, ...args],
    clearEnv: true,
    env: { ...inherited, NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function registryFor(
  registry: string,
  options: Launch = {},
): Promise<{ registry: string; milliseconds: number }> {
  // A cache of its own: what was loaded from this registry before does not count.
  const cache = await Deno.makeTempDir();
  try {
    const env = { DENO_DIR: cache, NIXOS_ANYWHERE_TEST_REGISTRY: registry, ...options.env };
    const start = Date.now();
    const { stdout, stderr } = await launcher(["eval", SAY], { ...options, env }).output();
    const text = new TextDecoder().decode(stdout);
    assert(text, new TextDecoder().decode(stderr));
    const [chosen, started] = JSON.parse(text);
    return { registry: chosen, milliseconds: started - start };
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

Deno.test("launch takes the registry when everything loads from it", async () => {
  await using server = serveRegistry();
  const { registry } = await registryFor(server.url);
  assertEquals(registry, server.url);
});

Deno.test("launch takes the stand-ins when the registry lacks something", async () => {
  await using server = serveRegistry({ without: "@std/tar" });
  assertEquals((await registryFor(server.url)).registry, STAND_INS);
});

Deno.test("launch takes the stand-ins when nobody listens", async () => {
  const { registry, milliseconds } = await registryFor("http://127.0.0.1:1/");
  assertEquals(registry, STAND_INS);
  assertLess(milliseconds, 3_000);
});

Deno.test("launch takes the stand-ins within 3 s when a registry accepts and never answers", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) connections.push(connection);
  })();
  const { registry, milliseconds } = await registryFor(`http://127.0.0.1:${listener.addr.port}/`);
  assertEquals(registry, STAND_INS);
  assertLess(milliseconds, 3_000);
  assert(connections.length > 0, "the probe never came");
  connections.forEach((connection) => connection.close());
  listener.close();
  await accepting;
});

Deno.test("launch leaves a JSR_URL alone that is set", async () => {
  const env = { JSR_URL: "file:///nowhere/" };
  assertEquals((await registryFor("http://127.0.0.1:1/", { env })).registry, "file:///nowhere/");
});

Deno.test("launch finds the stand-ins in a folder with spaces", async () => {
  const dir = await Deno.makeTempDir({ prefix: "with spaces & signs " });
  const copy = new Deno.Command("cp", { args: ["-r", "deno.json", "tests", dir], cwd: ROOT });
  assert((await copy.output()).success);
  const script = `${dir}/it's here.ts`;
  await Deno.writeTextFile(
    script,
    'import { join } from "@std/path"; console.log(join(...Deno.args))',
  );
  const env = { NIXOS_ANYWHERE_TEST_REGISTRY: "http://127.0.0.1:1/" };
  const url = new URL(`${encodeURIComponent(dir).replaceAll("%2F", "/")}/tests/launch.ts`, ROOT);
  const run = launcher(["run", script, "a b", "*"], { env, launcher: url });
  const { stdout, stderr } = await run.output();
  assertEquals(new TextDecoder().decode(stdout), "a b/*\n", new TextDecoder().decode(stderr));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("launch ends as what it started has ended", async () => {
  const env = { JSR_URL: STAND_INS };
  const { code, stderr } = await launcher(["eval", "console.error('x'); Deno.exit(42)"], { env })
    .output();
  assertEquals(code, 42);
  assertStringIncludes(new TextDecoder().decode(stderr), "x");
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`launch hands ${signal} on and waits`, async () => {
    const program = `Deno.addSignalListener("${signal}", async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      console.log("tidied"); Deno.exit(7);
    }); console.log("ready"); setTimeout(() => {}, 20_000);`;
    const child = launcher(["eval", program], { env: { JSR_URL: STAND_INS } }).spawn();
    let said = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      if (said === "") child.kill(signal);
      said += text;
    }
    await child.stderr.cancel();
    assertEquals([said, (await child.status).code], ["ready\ntidied\n", 7]);
  });
}

Deno.test("importedFromStd() finds every way to import, in every folder", async () => {
  const dir = await Deno.makeTempDir();
  const name = "@std/path";
  await Deno.mkdir(`${dir}/a b`);
  await Deno.writeTextFile(`${dir}/a b/x.ts`, `export * from "${name}";\nimport("${name}/join");`);
  await Deno.writeTextFile(`${dir}/y.md`, `import "${name}/skipped"`);
  const url = new URL(`file://${dir}`);
  assertEquals(await importedFromStd([url]), [name, `${name}/join`]);
  await Deno.remove(dir, { recursive: true });
});
