/**
 * The completion for fish.
 *
 * @module
 */
import type { Completes } from "../plan/option.ts";
import type { CompletionParts } from "./completion_parts.ts";
import type { Flag } from "./flags.ts";

/** The script. */
export function fishCompletion(parts: CompletionParts): string {
  const { command, tables, phases, commands, shells } = parts;
  const { install, update } = tables;
  const same = (flag: Flag, others: readonly Flag[]) =>
    others.some(({ usage, meaning }) => usage === flag.usage && meaning === flag.meaning);
  const lines = [
    ...install.flatMap((flag) =>
      linesOf(flag, same(flag, update) ? [] : ["not __nixos_anywhere_is update"])
    ),
    ...update.filter((flag) => !same(flag, install))
      .flatMap((flag) => linesOf(flag, ["__nixos_anywhere_is update"])),
  ];
  const free = (table: keyof typeof tables) =>
    `not ${second(tables[table].filter(({ values }) => values.length > 1))}`;
  const positional = [
    [free("install"), "not __nixos_anywhere_is update completions"],
    [free("update"), "__nixos_anywhere_is update"],
  ];
  const complete = (rest: readonly string[]) => `complete -c ${command} ${rest.join(" ")}`;
  return `# fish completion for ${command}

# Whether the word that is typed is the second value of one of these flags.
function __nixos_anywhere_second
    set -l words (commandline -opc)
    test (count $words) -ge 3; and contains -- $words[-2] $argv
end

# Whether one of these commands is typed.
function __nixos_anywhere_is
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] $argv
end

function __nixos_anywhere_is_first
    test (count (commandline -opc)) -eq 1
end

# Names that the command itself has to look up.
function __nixos_anywhere_names
    set -l words (commandline -opc)
    set -l value (string replace -r -- '^--[^=]*=' '' (commandline -ct))
    $words[1] __complete $argv[1] "$value" 2>/dev/null </dev/null
end

function __nixos_anywhere_flake
    set -l value (string replace -r -- '^--[^=]*=' '' (commandline -ct))
    if string match -q -- '*#*' "$value"
        __nixos_anywhere_names flake
    else
        contains -- "$value" '' .; and echo '.#'
        __fish_complete_directories "$value" ''
    end
end

function __nixos_anywhere_phases
    set -l value (string replace -r -- '^--[^=]*=' '' (commandline -ct))
    set -l head (string match -r -- '^.*,' "$value")
    for phase in ${phases.map(word).join(" ")}
        string match -q -- "*,$phase,*" ",$head"; or echo "$head$phase"
    end
end

complete -c ${command} -f
${lines.map(complete).join("\n")}
${
    positional.map((tests) =>
      complete([...when(tests), "-a", word("(__nixos_anywhere_names hosts)")])
    ).join("\n")
  }
${complete(["-n", "__nixos_anywhere_is_first", "-a", word(commands.join(" ")), "-d", "command"])}
${complete([...when(["__nixos_anywhere_is completions"]), "-a", word(shells.join(" "))])}
`;
}

/** The lines of a flag: of its second value, too, which fish knows nothing of. */
function linesOf(flag: Flag, conditions: readonly string[]): string[][] {
  const { name, short, meaning, values, completes } = flag;
  const names = [...(short ? ["-s", short.slice(1)] : []), "-l", name.slice(2)];
  const [first = [], next] = completes;
  return [
    [
      ...when(conditions),
      ...names,
      "-d",
      word(meaning),
      ...(values.length > 0 ? offer(first) : []),
    ],
    ...(next === undefined ? [] : [[...when([...conditions, second([flag])]), ...offer(next)]]),
  ];
}

function second(flags: readonly Flag[]): string {
  const names = flags.flatMap(({ name, short }) => short ? [name, short] : [name]);
  return `__nixos_anywhere_second ${names.join(" ")}`;
}

function when(conditions: readonly string[]): string[] {
  return conditions.length === 0 ? [] : ["-n", word(conditions.join("; and "))];
}

/** How values are offered: nothing but them, or files. */
function offer(completes: Completes): string[] {
  const only = (code: string) => ["-x", "-a", word(code)];
  switch (completes) {
    case "file":
      return ["-r", "-F"];
    case "folder":
      return only(
        "(__fish_complete_directories (commandline -ct | string replace -r -- '^--[^=]*=' '') '')",
      );
    case "host":
      return only("(__nixos_anywhere_names hosts)");
    case "flake":
      return only("(__nixos_anywhere_flake)");
    case "phases":
      return only("(__nixos_anywhere_phases)");
    default:
      return completes.length === 0 ? ["-x"] : only(completes.join(" "));
  }
}

/** A word in single quotes, in which fish knows two escapes. */
function word(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
