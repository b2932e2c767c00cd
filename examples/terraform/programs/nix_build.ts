/**
 * Builds an attribute of a flake or a file, for the module nix-build: Terraform's query as JSON on the input, the outputs
 * of the derivation as JSON on the output.
 *
 *     echo '{"attribute": ".#hello"}' | deno run -A examples/terraform/programs/nix_build.ts
 */
import { CommandError, isStorePath, UsageError } from "@nixos-anywhere/deno";
import { Input } from "./input.ts";
import { type Context, run, spawn } from "./run.ts";

/** What is evaluated with special arguments: they, and all names, come as JSON, and nothing is pasted into this. */
const EXTENDED = `
let
  given = builtins.fromJSON (builtins.getEnv "NIXOS_ANYWHERE_BUILD");
  configuration = (builtins.getFlake given.flake).nixosConfigurations.\${given.name};
  extended = configuration.extendModules { specialArgs = given.specialArgs; };
in builtins.foldl' (set: name: set.\${name}) extended given.path
`;

/** Takes an attribute path apart: names with dots between them, perhaps quoted. */
export function attributePath(text: string): string[] {
  const names = [...text.matchAll(/(?:^|\.)(?:"([^"\\]+)"|([^".\\]+))/gy)];
  if (
    names.length === 0 || names.reduce((length, [all]) => length + all.length, 0) !== text.length
  ) {
    throw new UsageError(`attribute: ${JSON.stringify(text)} is no attribute path`, {
      hint: "write names with dots between them; one with dots of its own in quotes",
    });
  }
  return names.map(([, quoted, plain = ""]) => quoted ?? plain);
}

async function nix(
  words: readonly string[],
  env: Record<string, string>,
  { print, signal }: Context,
) {
  const command = ["nix", "--extra-experimental-features", "nix-command flakes", ...words];
  const [program = "", ...args] = command;
  const child = spawn(program, { args, env, signal }, {
    hint: "install nix where Terraform runs, and have it on the PATH",
  });
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.status,
  ]);
  signal.throwIfAborted();
  if (!status.success) {
    throw new CommandError(`nix ${words[0]} failed with exit code ${status.code}`, {
      ...{ command, exitCode: status.code, signal: status.signal, where: "here" },
      output: stderr.slice(-4000),
      hint: "see nix's message above",
    });
  }
  for (const line of stderr.trim().split("\n")) if (line !== "") print(line);
  return stdout;
}

/** The words and the environment of the build that a query asks for. */
export async function plan(input: Input, context: Context) {
  const attribute = input.needed("attribute");
  const file = input.text("file");
  const specialArgs = input.json("special_args");
  // Access tokens and the like must be in no list of processes.
  const settings = input.settings("nix_options").map(({ name, value }) => `${name} = ${value}`);
  const env = { NIX_CONFIG: [Deno.env.get("NIX_CONFIG") ?? "", ...settings].join("\n") };
  const words = ["build", "--json", "--no-link", ...(input.flag("debug_logging") ? ["-L"] : [])];
  const special = Object.keys(specialArgs).length > 0;
  if (file !== undefined) {
    if (special) {
      throw new UsageError("special_args: only a flake's configuration takes them, not file", {
        hint: "leave special_args or file out",
      });
    }
    attributePath(attribute);
    return { words: [...words, "--file", file, attribute], env };
  }
  if (attribute.startsWith("-")) attributePath("");
  if (!special) return { words: [...words, attribute], env };
  const hash = attribute.indexOf("#");
  const [output, name, ...path] = attributePath(attribute.slice(hash + 1));
  if (hash < 0 || output !== "nixosConfigurations" || path.length === 0) {
    throw new UsageError(
      `special_args: ${JSON.stringify(attribute)} is below no nixosConfigurations`,
      {
        hint: "name the whole path: flake#nixosConfigurations.NAME.config.system.build.toplevel",
      },
    );
  }
  const metadata = await nix(
    ["flake", "metadata", "--json", attribute.slice(0, hash) || "."],
    env,
    context,
  );
  const { url } = JSON.parse(metadata) as { readonly url: string };
  const given = JSON.stringify({ flake: url, name, path, specialArgs });
  return {
    words: [...words, "--impure", "--expr", EXTENDED],
    env: { ...env, NIXOS_ANYWHERE_BUILD: given },
  };
}

/** The outputs by name. */
export function outputs(json: string): Record<string, string> {
  const [first] = JSON.parse(json) as readonly { readonly outputs: Record<string, string> }[];
  const all = Object.entries(first?.outputs ?? {});
  if (all.length === 0 || !all.every(([, path]) => isStorePath(path))) {
    throw new Error("nix did not say what it has built");
  }
  return Object.fromEntries(all);
}

if (import.meta.main) {
  await run(async (context) => {
    const text = await new Response(Deno.stdin.readable).text();
    const { words, env } = await plan(new Input(text, "the query"), context);
    console.log(JSON.stringify(outputs(await nix(words, env, context))));
  });
}
