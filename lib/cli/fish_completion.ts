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
  const { command, flags, phases, commands, shells } = parts;
  const pairs = flags.filter(({ values }) => values.length > 1);
  const second = (some: readonly Flag[]) =>
    `__nixos_anywhere_second ${
      some.flatMap(({ name, short }) => short ? [name, short] : [name]).join(" ")
    }`;
  const positional = word(`not ${second(pairs)}; and not __nixos_anywhere_command`);
  const lines = flags.flatMap((flag) => {
    const { name, short, meaning, values, completes } = flag;
    const names = [...(short ? ["-s", short.slice(1)] : []), "-l", name.slice(2)];
    const [first = [], next] = completes;
    return [
      [...names, "-d", word(meaning), ...(values.length > 0 ? offer(first) : [])],
      ...(next === undefined ? [] : [["-n", word(second([flag])), ...offer(next)]]),
    ];
  });
  const complete = (rest: readonly string[]) => `complete -c ${command} ${rest.join(" ")}`;
  return `# fish completion for ${command}

# Whether the word that is typed is the second value of one of these flags.
function __nixos_anywhere_second
    set -l words (commandline -opc)
    test (count $words) -ge 3; and contains -- $words[-2] $argv
end

# Whether another command than the install is typed.
function __nixos_anywhere_command
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] ${commands.map(word).join(" ")}
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
${complete(["-n", positional, "-a", word("(__nixos_anywhere_names hosts)")])}
${complete(["-n", "__nixos_anywhere_is_first", "-a", word(commands.join(" ")), "-d", "command"])}
${complete(["-n", word("__fish_seen_subcommand_from completions"), "-a", word(shells.join(" "))])}
`;
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
