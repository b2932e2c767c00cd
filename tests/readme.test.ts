import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { PHASES } from "../lib/plan/phases.ts";
import { VERSION } from "../lib/version.ts";
import { wrongWith } from "./pages/command_line.ts";
import { read, ROOT, sources } from "./checks/sources.ts";
import { FLAKE, LINES, namedLines, TARGET } from "./readme/lines.ts";
import {
  ARCHITECTURE,
  blocks,
  commands,
  MADE_TEXTS,
  README,
  withMadeParts,
} from "./readme/markdown.ts";
import { publishTo, readSettings } from "./readme/registry.ts";
import { copyCheckout, type Ended, npxWorks, shell, userEnv } from "./readme/shell.ts";
import { NIX_CONFIG } from "./vm/nix.ts";

const text = await Deno.readTextFile(README);
const noNpx = !(await npxWorks());

/** A flake whose configuration takes long to build: what is run with it ends for another reason. */
const SLOW = `{ outputs = _: let
  slow = name: derivation {
    inherit name; system = builtins.currentSystem or "x86_64-linux";
    builder = "/bin/sh"; args = [ "-c" "exec /bin/sleep 60" ];
  };
in { nixosConfigurations.web.config.system.build = {
  diskoScript = slow "disko"; toplevel = slow "nixos-system-web";
}; }; }
`;

/** An empty folder of a user who has Deno and the package, and nothing of this project's settings. */
async function atUser(work: (folder: string, env: Record<string, string>) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "readme-" });
  try {
    const env = { ...await userEnv(`${folder}/user`), NIX_CONFIG };
    await Deno.writeTextFile(`${folder}/user/flake.nix`, SLOW);
    await work(folder, { ...env, JSR_URL: await publishTo(folder + "/jsr") });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [file, parts] of MADE_TEXTS) {
  Deno.test(`what is made in ${file.pathname.slice(ROOT.pathname.length)} is up to date`, async () => {
    const text = await Deno.readTextFile(file);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["fmt", "--ext", "md", "-"],
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const [{ stdout }] = await Promise.all([
      child.output(),
      new Blob([withMadeParts(text, parts)]).stream().pipeTo(child.stdin),
    ]);
    const made = new TextDecoder().decode(stdout);
    assert(text === made, "it is out of date: npx -y deno@2 task readme");
  });
}

Deno.test("lib/README names files that exist", async () => {
  const named = (await Deno.readTextFile(ARCHITECTURE)).matchAll(/`([a-z_/]+\.ts)`/g);
  const paths = await sources("cli.ts", "mod.ts", "lib", "tests");
  const missing = Array.from(named, ([, name = ""]) => name)
    .filter((name) => !paths.includes(`lib/${name}`) && !paths.includes(name));
  assertEquals(missing, []);
});

Deno.test("README's TypeScript is right for the published package", async () => {
  await atUser(async (folder, env) => {
    const code = blocks(text).filter(({ language }) => language === "ts");
    assertEquals(code.length, 2);
    for (const [index, block] of code.entries()) {
      await Deno.writeTextFile(`${folder}/user/${index}.ts`, block.code);
    }
    const { code: exit, stderr } = await shell("deno check *.ts", { cwd: `${folder}/user`, env });
    assertEquals(exit, 0, stderr);
  });
});

Deno.test("README names the tasks, phases, files and exit codes that there are", async () => {
  const { tasks } = JSON.parse(await read("deno.json"));
  for (const line of [LINES.demo, LINES.test, LINES.some]) {
    assert(Object.hasOwn(tasks, / task (\w+)/.exec(line)?.[1] ?? ""), line);
  }
  for (const phase of PHASES) assertMatch(text, new RegExp(`^\\| \`${phase}\` +\\|`, "m"));
  const codes = [...text.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => code);
  const documented = [...(await read("cli.ts")).matchAll(/^ \* \| (\d+) \|/gm)];
  assertEquals(codes, documented.map(([, code]) => code));
});

Deno.test("namedLines() refuses a command that no test runs", () => {
  assertEquals(commands("```sh\na \\\n  b\n# c\n\nd\n```\n"), ["a b", "d"]);
  assertThrows(() => namedLines(`${text}\n\`\`\`sh\nrm -rf x\n\`\`\`\n`), Error, "rm -rf x");
  assertThrows(() => namedLines(""), Error, "not one line: demo");
});

/** Runs a line of README with another target, at which nobody listens. */
async function atNobody(line: string): Promise<Ended> {
  let ended: Ended | undefined;
  await atUser(async (folder, env) => {
    assert(line.includes(TARGET) && line.includes(FLAKE), line);
    const here = line.replace(TARGET, "-p 1 root@127.0.0.1");
    ended = await shell(here, { cwd: `${folder}/user`, env });
  });
  return ended!;
}

Deno.test("README's one-off line has the permissions for --help and --version", async () => {
  await atUser(async (folder, env) => {
    const [command] = LINES.oneOff.split(" --flake ");
    const run = (word: string) => shell(`${command} ${word}`, { cwd: `${folder}/user`, env });
    assertEquals(await run("--version"), { code: 0, stdout: `${VERSION}\n`, stderr: "" });
    assertStringIncludes((await run("--help")).stdout, "Usage: nixos-anywhere");
  });
});

for (const kind of ["oneOff", "npx", "goOn", "updateSystem"] as const) {
  Deno.test(`README's line ${kind} says that nobody answers`, {
    ignore: kind === "npx" && noNpx,
  }, async () => {
    const { code, stderr, stdout } = await atNobody(LINES[kind]);
    assertMatch(stderr, /^error: root@127\.0\.0\.1: no ssh connection: .*refused/m);
    assertMatch(stderr, /^state: nothing was changed on the target$/m);
    assertEquals([code, stdout], [1, ""]);
  });
}

Deno.test("README's line denoInstall makes the command that pages and hints name", async () => {
  await atUser(async (folder, user) => {
    // The script that it makes runs in the environment of whoever calls it.
    const env = { ...user, HOME: `${folder}/user`, DENO_INSTALL_ROOT: `${folder}/user` };
    const run = (line: string) => shell(line, { cwd: `${folder}/user`, env });
    const installed = await run(LINES.denoInstall);
    assertEquals(installed.code, 0, installed.stderr);
    assertMatch((await run("nixos-anywhere --version")).stdout, /^\d+\.\d+\.\d+\n$/);
    assertStringIncludes((await run(LINES.help)).stdout, "Usage: nixos-anywhere");
    const nobody = await run(
      LINES.command.replace("./web#web", FLAKE).replace(TARGET, "-p 1 root@127.0.0.1"),
    );
    assertMatch(nobody.stderr, /^error: root@127\.0\.0\.1: no ssh connection: .*refused/m);
    await run("mkdir .ssh && ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519");
    const made = await run(LINES.init);
    assertEquals(made.code, 0, made.stderr);
    assertStringIncludes(made.stdout, "  cd web && nix flake lock\n");
  });
});

Deno.test("README's other lines have words that the command takes", async () => {
  for (const line of [LINES.nixRun, LINES.change, LINES.command]) {
    assertEquals(await wrongWith(line), undefined);
  }
});

Deno.test("README's one-off line names no permission too many", async () => {
  const flags = LINES.oneOff.split(" ").filter((word) => word.startsWith("--allow-"));
  assertEquals(flags.length, 4);
  for (const flag of flags) {
    const { code, stderr } = await atNobody(LINES.oneOff.replace(` ${flag}`, ""));
    assertEquals(code, 1);
    assert(!stderr.includes("no ssh connection"), `${flag} is not needed: ${stderr}`);
  }
});

Deno.test("README's line update makes the tables anew", { ignore: noNpx }, async () => {
  const folder = await Deno.makeTempDir({ prefix: "readme-" });
  try {
    const env = await userEnv(`${folder}/user`);
    const copy = `${folder}/copy`;
    await copyCheckout(copy);
    await Deno.writeTextFile(`${copy}/README.md`, text.replace(/^\| `-f, --flake.*\n/m, ""));
    const { code, stderr } = await shell(LINES.update, { cwd: copy, env });
    assertEquals(code, 0, stderr);
    assertEquals(await Deno.readTextFile(`${copy}/README.md`), text);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("README's line some tests just that, from a copy", { ignore: noNpx }, async () => {
  const folder = await Deno.makeTempDir({ prefix: "readme-" });
  try {
    const env = await userEnv(`${folder}/user`);
    await copyCheckout(`${folder}/copy`);
    const { code, stdout } = await shell(LINES.some, { cwd: `${folder}/copy`, env });
    assertMatch(stdout, /^[1-9]\d* passed, 0 failed$/m);
    assertEquals(code, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("every example is explained, and uses the public module alone", async () => {
  const paths = (await sources("examples")).filter((path) => path.split("/").length === 2);
  assert(paths.length > 5);
  const { name } = await readSettings();
  for (const path of paths) {
    const source = await read(path);
    assertMatch(source, /^\/\*\*\n \* [A-Z]/);
    assertStringIncludes(source, `deno run -A ${path}`);
    const imports = [...source.matchAll(/^(?:import|\}) .*from "(.*)";$/gm)].map(([, from]) =>
      from
    );
    assertEquals(imports, [name], path);
  }
  const args = ["check", "--quiet", ...paths];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  assert(success, new TextDecoder().decode(stderr));
});

Deno.test("the example flake is Nix, and says what to change", async () => {
  for (const path of ["examples/flake/flake.nix", "examples/flake/disk-config.nix"]) {
    const args = ["--parse", decodeURIComponent(new URL(path, ROOT).pathname)];
    const { success } = await new Deno.Command("nix-instantiate", { args, env: { NIX_CONFIG } })
      .output();
    assert(success, path);
    assertStringIncludes(await read(path), 'throw "CHANGE: ');
  }
});
