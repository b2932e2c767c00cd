/**
 * The Terraform modules as Terraform sees them: read by HashiCorp's own parser, and their programs called with the words and
 * the environment that the .tf files say.
 *
 * @module
 */
import { ROOT } from "../checks/sources.ts";

// Its types would bring Node's, in the place of the web's own, into all that is checked together.
const PARSER: string = "npm:@cdktf/hcl2json@0.21.0";
const { parse }: { parse(name: string, text: string): Promise<Record<string, unknown>> } =
  await import(PARSER);

/** The folder of the modules. */
export const FOLDER: string = decodeURIComponent(new URL("examples/terraform", ROOT).pathname);

/** A variable as its block says. */
export interface Variable {
  readonly type: string;
  readonly default?: unknown;
  readonly sensitive?: boolean;
  readonly description: string;
}

/** What a module's files say together, as the parser has it: expressions are texts in `${}`. */
export interface Module {
  readonly variable: Readonly<Record<string, readonly Variable[]>>;
  readonly output?: Readonly<Record<string, unknown>>;
  readonly locals?: readonly Readonly<Record<string, string>>[];
  readonly module?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  readonly resource: { readonly null_resource: Readonly<Record<string, readonly Resource[]>> };
  readonly data: { readonly external: Readonly<Record<string, readonly Source[]>> };
}

/** A resource with a program that is called when it is made. */
export interface Resource {
  readonly triggers: Readonly<Record<string, string>>;
  readonly provisioner: { readonly "local-exec": readonly Local[] };
}

/** How a program is called. */
export interface Local {
  readonly interpreter: readonly string[];
  readonly command: string;
  readonly environment: string | Readonly<Record<string, string>>;
}

/** A data source with a program. */
export interface Source {
  readonly program: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

/** Reads a module. */
export async function readModule(name: string): Promise<Module> {
  const all: Record<string, unknown> = {};
  for await (const { name: file } of Deno.readDir(`${FOLDER}/${name}`)) {
    if (!file.endsWith(".tf")) throw new Error(`${name}/${file} is no .tf file`);
    const text = await Deno.readTextFile(`${FOLDER}/${name}/${file}`);
    for (const [key, value] of Object.entries(await parse(file, text))) {
      const [before, more] = [all[key], value as object];
      all[key] = Array.isArray(before) ? [...before, more].flat() : { ...before ?? {}, ...more };
      if (Array.isArray(more)) all[key] = [...(before as [] | undefined) ?? [], ...more];
    }
  }
  return all as unknown as Module;
}

/** A configuration of Deno in which the package is this checkout, in the place of the published one. */
export async function writeConfig(folder: string): Promise<string> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const mine = { "@nixos-anywhere/deno": new URL("mod.ts", ROOT).href };
  const path = `${folder}/deno.json`;
  await Deno.writeTextFile(path, JSON.stringify({ imports: { ...imports, ...mine }, lock: false }));
  return path;
}

/** The modules that a text in HCL uses, with what it gives them. */
export async function usedModules(
  text: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { module = {} } = await parse("main.tf", text) as unknown as Module;
  return Object.values(module).flat();
}

/** The values of variables, those that are not given by their defaults. */
function valuesOf({ variable }: Module, given: Readonly<Record<string, unknown>>) {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(variable, name)) throw new Error(`there is no variable ${name}`);
  }
  return Object.fromEntries(
    Object.entries(variable).map((
      [name, [block]],
    ) => [name, given[name] ?? block?.default ?? null]),
  );
}

/** `${path.module}/../x` in a text, where the package is the one of `config`. */
function words(all: readonly string[], module: string, config: string): string[] {
  return all.map((word) =>
    word.replace("${path.module}", `${FOLDER}/${module}`).replace(/.*\/deno\.json$/, config)
  );
}

/** A program's words, its environment, and what it reads. */
export interface Call {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** The call of a provisioner, `local-exec`, as the module's variables make it. */
export async function provisionerCall(
  module: string,
  given: Readonly<Record<string, unknown>>,
  { config, pins }: { readonly config: string; readonly pins: string },
): Promise<Call> {
  const parsed = await readModule(module);
  const values = valuesOf(parsed, given);
  const [resource] = Object.values(parsed.resource.null_resource).flat();
  const [local] = resource?.provisioner["local-exec"] ?? [];
  if (!local) throw new Error(`${module} has no provisioner`);
  const [{ arguments: expression = "" } = {}] = parsed.locals ?? [];
  const keys = [...expression.matchAll(/^\s*(\w+)\s*=\s*var\.(\w+)$/gm)];
  const json = Object.fromEntries(keys.map(([, key = "", name = ""]) => [key, values[name]]));
  const environment = typeof local.environment === "string"
    ? local.environment
    : Object.entries(local.environment).map(([key, value]) => `${key} = ${value}`).join("\n");
  const secrets = [...environment.matchAll(/(\w+)\s*=[^\n]*?var\.(\w+) == null/g)];
  return {
    words: words([...local.interpreter, local.command], module, config),
    env: {
      ...values.extra_environment as Record<string, string> | undefined,
      ARGUMENTS: JSON.stringify({ ...json, pins }),
      ...Object.fromEntries(secrets.map(([, key, name = ""]) => [key, values[name] ?? ""])),
    },
    stdin: "",
  };
}

/** The call of the module's external data source. */
export async function externalCall(
  module: string,
  given: Readonly<Record<string, unknown>>,
  config: string,
): Promise<Call> {
  const parsed = await readModule(module);
  const values = valuesOf(parsed, given);
  const [source] = Object.values(parsed.data.external).flat();
  const query = Object.entries(source?.query ?? {}).map(([key, expression]) => {
    const name = /var\.(\w+)/.exec(expression)?.[1] ?? "";
    const value = values[name];
    const text = expression.includes("jsonencode") ? JSON.stringify(value) : `${value ?? ""}`;
    return [key, text];
  });
  return {
    words: words(source?.program ?? [], module, config),
    env: {},
    stdin: JSON.stringify(Object.fromEntries(query)),
  };
}

/** How a program ended. */
export interface Called {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Calls a program; it is ended when the seconds are over. */
export async function call(
  { words, env, stdin }: Call,
  base: Record<string, string>,
  seconds = 120,
): Promise<Called> {
  const child = new Deno.Command("timeout", {
    args: ["--kill-after=10", String(seconds), ...words],
    env: { ...base, ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [{ code, stdout, stderr }] = await Promise.all([
    child.output(),
    new Blob([stdin]).stream().pipeTo(child.stdin).catch(() => {}),
  ]);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
