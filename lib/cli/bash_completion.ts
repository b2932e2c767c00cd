/**
 * The completion for bash. Names from elsewhere are never handed to what expands words (`compgen -W`).
 *
 * @module
 */
import type { Completes } from "../plan/option.ts";
import { type CompletionParts, quoted } from "./completion_parts.ts";

/** The script; it works with bash 3.2, without the package bash-completion. */
export function bashCompletion(
  { command, tables, phases, commands, shells }: CompletionParts,
): string {
  const names = (list: readonly string[]) => list.map(quoted).join(" ");
  const each = Object.entries(tables);
  const takes = each.flatMap(([table, flags]) =>
    flags.filter(({ values }) => values.length > 0).map(({ name, short, values }) => {
      const words = [...(short ? [short] : []), name].map((word) => `${table}/${word}`);
      return `      ${words.join("|")}) flag=${name} left=${values.length} nth=1 ;;`;
    })
  );
  const values = each.flatMap(([table, flags]) =>
    flags.flatMap(({ name, completes }) =>
      completes.flatMap((one, at) =>
        one.length === 0 ? [] : [`    ${table}/${name}/${at + 1}) ${action(one)} ;;`]
      )
    )
  );
  const offers = each.map(([table, flags]) => {
    const all = flags.flatMap(({ name, short }) => short ? [short, name] : [name]);
    return `          ${table}) _nixos_anywhere_words ${names(all)} ;;`;
  });
  return `# bash completion for ${command}

# Offers those of its arguments that begin with what is typed.
_nixos_anywhere_words() {
  local one
  for one in "$@"; do
    if [[ $one == "$value"* ]]; then COMPREPLY+=("$before$one"); fi
  done
}

# Offers files or folders: -f or -d.
_nixos_anywhere_files() {
  local one
  while IFS= read -r one; do COMPREPLY+=("$before$one"); done < <(compgen "$1" -- "$value")
  compopt -o filenames 2>/dev/null
  # What is in quotes is left to bash itself.
  if ((\${#COMPREPLY[@]} == 0)); then compopt -o default 2>/dev/null; fi
}

# Offers names that the command itself has to look up.
_nixos_anywhere_names() {
  local one program=\${COMP_WORDS[0]}
  if [[ $program == "~/"* ]]; then program=$HOME/\${program#"~/"}; fi
  while IFS= read -r one; do
    if [[ $one == "$value"* ]]; then COMPREPLY+=("$before$one"); fi
  done < <("$program" __complete "$1" "$value" 2>/dev/null </dev/null)
}

_nixos_anywhere_flake() {
  if [[ $value == *"#"* ]]; then _nixos_anywhere_names flake; return; fi
  if [[ $value == "" || $value == . ]]; then COMPREPLY+=("$before.#"); fi
  _nixos_anywhere_files -d
  compopt -o nospace 2>/dev/null
}

_nixos_anywhere_phases() {
  local one head=""
  if [[ $value == *,* ]]; then head=\${value%,*},; fi
  for one in ${names(phases)}; do
    if [[ ",$head" != *",$one,"* ]]; then _nixos_anywhere_words "$head$one"; fi
  done
  compopt -o nospace 2>/dev/null
}

_nixos_anywhere() {
  COMPREPLY=()
  local -a typed
  local at word join=""
  # Words are split at : and =, which belong to them.
  typed=("\${COMP_WORDS[0]}")
  for ((at = 1; at <= COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if ((\${#typed[@]} > 1)) && [[ -n $join || -n $word && -z \${word//[:=]/} ]]; then
      typed[\${#typed[@]} - 1]+=$word
    else
      typed+=("$word")
    fi
    if [[ -n $word && -z \${word//[:=]/} ]]; then join=1; else join=""; fi
  done
  local last=$((\${#typed[@]} - 1))
  local current=\${typed[last]} value before="" flag="" left=0 nth=0 ended=""
  local table=install
  value=$current
  if ((last > 1)) && [[ \${typed[1]} == update ]]; then table=update; fi
  for ((at = 1; at < last; at++)); do
    if ((left > 1)); then ((left--)); ((nth++)); continue; fi
    if ((left == 1)); then left=0; continue; fi
    if [[ -n $ended ]]; then continue; fi
    case $table/\${typed[at]} in
      */--) ended=1 ;;
${takes.join("\n")}
    esac
  done
  if ((left == 0)); then
    flag="" nth=0
    if [[ -z $ended && $current == --*=* ]]; then
      flag=\${current%%=*} nth=1 value=\${current#*=}
      before=$flag=
    fi
  fi
  case $table/$flag/$nth in
${values.join("\n")}
    */0)
      if [[ -z $ended && $current == -* ]]; then
        case $table in
${offers.join("\n")}
        esac
      elif [[ \${typed[1]} == completions ]] && ((last > 1)); then
        if ((last == 2)); then _nixos_anywhere_words ${names(shells)}; fi
      else
        if ((last == 1)); then _nixos_anywhere_words ${names(commands)}; fi
        _nixos_anywhere_names hosts
      fi ;;
  esac
  case \${COMPREPLY[0]} in
    *=) compopt -o nospace 2>/dev/null ;;
  esac
  # bash puts what is offered in the place of its own last word alone.
  local own=\${COMP_WORDS[COMP_CWORD]} strip
  if [[ -z \${own//[:=]/} ]]; then strip=$current; else strip=\${current%"$own"}; fi
  for ((at = 0; at < \${#COMPREPLY[@]}; at++)); do
    COMPREPLY[at]=\${COMPREPLY[at]#"$strip"}
  done
}

complete -F _nixos_anywhere ${command}
`;
}

/** The function of the script that offers what a value can be. */
function action(completes: Completes): string {
  switch (completes) {
    case "file":
      return "_nixos_anywhere_files -f";
    case "folder":
      return "_nixos_anywhere_files -d";
    case "host":
      return "_nixos_anywhere_names hosts";
    case "flake":
    case "phases":
      return `_nixos_anywhere_${completes}`;
    default:
      return `_nixos_anywhere_words ${completes.map(quoted).join(" ")}`;
  }
}
