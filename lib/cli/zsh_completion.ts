/**
 * The completion for zsh, for a folder of its `fpath` or to be sourced.
 *
 * @module
 */
import type { Completes } from "../plan/option.ts";
import { type CompletionParts, quoted } from "./completion_parts.ts";
import type { Flag } from "./flags.ts";

/** The script. */
export function zshCompletion(
  { command, tables, phases, commands, shells }: CompletionParts,
): string {
  const specs = (flags: readonly Flag[], indent: string) =>
    flags.flatMap(specsOf).map((spec) => `${indent}${spec} \\`).join("\n");
  const list = (names: readonly string[]) => names.map(quoted).join(" ");
  return `#compdef ${command}
# zsh completion for ${command}

# Offers names that the command itself has to look up.
_nixos_anywhere_names() {
  local -a found
  found=("\${(@f)$($program __complete "$1" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  found=(\${found:#})
  (( \${#found} )) && compadd -a found
}

_nixos_anywhere_hosts() { _nixos_anywhere_names hosts }

_nixos_anywhere_flake() {
  if [[ $PREFIX == *"#"* ]]; then
    _nixos_anywhere_names flake
  else
    [[ $PREFIX == (|.) ]] && compadd -S "" -- ".#"
    _files -/
  fi
}

_nixos_anywhere_phases() { _values -s , phase ${list(phases)} }

_nixos_anywhere_first() {
  compadd -- ${list(commands)}
  _nixos_anywhere_hosts
}

_nixos-anywhere() {
  local program=\${(Q)~words[1]}
  if [[ \${words[2]} == completions ]] && (( CURRENT > 2 )); then
    (( CURRENT == 3 )) && compadd -- ${list(shells)}
    return
  fi
  if [[ \${words[2]} == update ]] && (( CURRENT > 2 )); then
    shift words
    (( CURRENT-- ))
    _arguments -S \\
${specs(tables.update, "      ")}
      ${quoted("*: :_nixos_anywhere_hosts")}
    return
  fi
  _arguments -S \\
${specs(tables.install, "    ")}
    ${quoted("1: :_nixos_anywhere_first")} \\
    ${quoted("*: :_nixos_anywhere_hosts")}
}

if [[ \${funcstack[1]} == _nixos-anywhere ]]; then
  _nixos-anywhere "$@"
else
  compdef _nixos-anywhere ${command}
fi
`;
}

/** A flag as `_arguments` wants it: `(-f --flake)-f[meaning]:URI#NAME:action`. */
function specsOf({ name, short, values, completes, repeats, meaning }: Flag): string[] {
  const others = repeats ? "*" : `(${short ? `${short} ` : ""}${name})`;
  const text = `[${meaning.replaceAll(/[\[\]:\\]/g, "\\$&")}]`;
  const wanted = values.map((value, at) => `:${escape(value)}:${action(completes[at] ?? [])}`);
  // Only the first of several values can stand behind an equals sign.
  const equals = values.length === 1 ? "=" : "";
  return [
    ...(short ? [quoted(`${others}${short}${text}${wanted.join("")}`)] : []),
    quoted(`${others}${name}${equals}${text}${wanted.join("")}`),
  ];
}

function action(completes: Completes): string {
  switch (completes) {
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    case "host":
      return "_nixos_anywhere_hosts";
    case "flake":
      return "_nixos_anywhere_flake";
    case "phases":
      return "_nixos_anywhere_phases";
    default:
      if (completes.length === 0) return " ";
      // What ends with an equals sign is gone on with.
      return completes.every((one) => one.endsWith("="))
        ? `compadd -S "" -- ${completes.join(" ")}`
        : `(${completes.map(escape).join(" ")})`;
  }
}

function escape(text: string): string {
  return text.replaceAll(/[:\\]/g, "\\$&");
}
