/**
 * The command lines of README, each by what it is for; the tests run them as they stand there. A line
 * without a name here is one that nobody runs: that is an error.
 *
 * @module
 */
import { commands, README } from "./markdown.ts";

const KINDS = {
  demo: /^npx -y deno@2 task demo$/,
  test: /^npx -y deno@2 task test$/,
  some: /^npx -y deno@2 task test \S+\.test\.ts$/,
  update: /^npx -y deno@2 task readme$/,
  oneOff: /^deno run --allow-run.* --flake \S+ \S+$/,
  npx: /^npx -y deno@2 run .* --flake \S+ \S+$/,
  updateSystem: /^deno run -A \S+ update --flake \S+ \S+$/,
  goOn: /^deno run -A .* --phases install,reboot /,
} as const;

/** What a command line of README is for. */
export type Kind = keyof typeof KINDS;

/** README's command lines by kind. Throws unless each kind has exactly one, and each line a kind. */
export function namedLines(markdown: string): Readonly<Record<Kind, string>> {
  const lines = commands(markdown);
  const stray = lines.find((line) => !Object.values(KINDS).some((kind) => kind.test(line)));
  if (stray !== undefined) throw new Error(`README.md has a command that no test runs: ${stray}`);
  const named = Object.entries(KINDS).map(([name, kind]) => {
    const [line, ...more] = lines.filter((line) => kind.test(line));
    if (line === undefined || more.length > 0) throw new Error(`README.md: not one line: ${name}`);
    return [name, line];
  });
  return Object.fromEntries(named);
}

/** The lines of README as it is. */
export const LINES: Readonly<Record<Kind, string>> = namedLines(
  await Deno.readTextFile(README),
);

/** The target that README's lines name. */
export const TARGET = "root@203.0.113.7";
/** The flake that README's lines name. */
export const FLAKE = ".#web";
