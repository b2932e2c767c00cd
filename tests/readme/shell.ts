/**
 * Running a command line as a user would type it: in a shell, far from the project's settings.
 *
 * @module
 */
import { ROOT } from "../checks/sources.ts";

/** How a command line ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Our environment without what a task or the launcher has put into it, and with this Deno as `deno`. */
export async function userEnv(folder: string): Promise<Record<string, string>> {
  const env = Deno.env.toObject();
  const foreign =
    /^(JSR_URL|INIT_CWD|npm_(lifecycle|package|node|command|execpath|config_local).*)$/;
  for (const name of Object.keys(env)) if (foreign.test(name)) delete env[name];
  const bin = `${folder}/bin`;
  await Deno.mkdir(bin, { recursive: true });
  await Deno.symlink(Deno.execPath(), `${bin}/deno`).catch(() => {});
  return { ...env, PATH: `${bin}:${env["PATH"] ?? ""}`, NO_COLOR: "1", DENO_NO_PROMPT: "1" };
}

/** Runs a command line in `cwd`; ends it after `seconds`. Does not throw when it fails. */
export async function shell(
  line: string,
  { cwd, env, seconds = 120 }: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly seconds?: number;
  },
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command("timeout", {
    args: ["--kill-after=10", String(seconds), "sh", "-c", line],
    cwd,
    env: { ...env },
    clearEnv: true,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Copies the checkout, with what is not committed, and without what was made in it. */
export async function copyCheckout(to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  const left = new Set([".git", "coverage", "tmp", "node_modules", "deno.lock"]);
  const names = await Array.fromAsync(Deno.readDir(ROOT), ({ name }) => name);
  const paths = names.filter((name) => !left.has(name))
    .map((name) => decodeURIComponent(new URL(encodeURIComponent(name), ROOT).pathname));
  const { success } = await new Deno.Command("cp", { args: ["-R", ...paths, to] }).output();
  if (!success) throw new Error(`cannot copy the checkout to ${to}`);
}

/** Whether npx is here, and finds Deno: in its cache, or where it fetches from. */
export async function npxWorks(): Promise<boolean> {
  const line = "npx -y deno@2 --version";
  const { success } = await new Deno.Command("timeout", { args: ["60", "sh", "-c", line] })
    .output();
  return success;
}

/** What is left of a run whose TMPDIR was `folder`: files in it, and processes that still have it. */
export async function leftOf(folder: string): Promise<string[]> {
  const files = Array.from(Deno.readDirSync(folder), ({ name }) => name);
  const processes: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) => Deno.readTextFile(`/proc/${name}/${file}`).catch(() => "");
    if (`${await read("environ")}\0`.includes(`TMPDIR=${folder}\0`)) {
      processes.push((await read("cmdline")).replaceAll("\0", " "));
    }
  }
  return [...files, ...processes];
}
