/**
 * The text of `--help`, and README's reference: both made from the option table.
 *
 * @module
 */
import type { Option } from "../plan/option.ts";
import { OPTION_TABLE, type OptionTable } from "../plan/option_table.ts";
import { flagsOf } from "./flags.ts";

const WIDTH = 80;

/** What an install does, how it is called, and what to know before. */
const INSTALL_USAGE: readonly string[] = [
  "install NixOS on a machine that ssh reaches",
  "Usage: nixos-anywhere [OPTIONS] --flake URI#NAME HOST",
  "       nixos-anywhere [OPTIONS] --store-paths DISKO SYSTEM HOST",
  "       nixos-anywhere completions bash|zsh|fish",
];

/** The text of `--help`: plain, grouped, no line wider than a terminal of 80 columns. */
export function helpText(
  version: string,
  table: OptionTable = OPTION_TABLE,
  [what = "", ...usage]: readonly string[] = INSTALL_USAGE,
): string {
  const lines = [
    `nixos-anywhere ${version}: ${what}`,
    "",
    ...usage,
    "",
    ...wrap(
      "HOST is user@host, an alias of your ssh config, an IPv6 address, or ssh://user@host:port.",
      "",
    ),
    ...(usage[0] === INSTALL_USAGE[1]
      ? [
        ...wrap("ALL DATA on the disks that the configuration names is wiped.", ""),
        ...wrap(
          "nixos-anywhere update changes the system of a machine that runs NixOS: see its --help.",
          "",
        ),
      ]
      : []),
  ];
  for (const [heading, options] of Object.entries(table)) {
    lines.push("", `${heading}:`);
    for (const { usage, meaning } of flagsOf(options)) {
      lines.push(`  ${usage}`, ...wrap(meaning, "        "));
    }
  }
  lines.push(
    "",
    "Environment:",
    ...variables(table).flatMap((line) => wrap(line, "  ")),
    ...wrap("TMPDIR, SSH_AUTH_SOCK, NO_COLOR: as usual", "  "),
    "",
    "Exit codes:",
    "  0 done, 1 failed, 2 wrong usage or local input, 3 the target cannot be",
    "  installed this way, 4 the target's identity was refused, 130 interrupted",
    "",
  );
  return lines.join("\n");
}

/** README's table of options, in Markdown. */
export function referenceTable(table: OptionTable = OPTION_TABLE): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const lines: string[] = [];
  for (const [heading, options] of Object.entries(table)) {
    lines.push(`**${heading}**`, "", "| option | meaning |", "| --- | --- |");
    for (const { usage, meaning } of flagsOf(options)) {
      lines.push(`| \`${cell(usage)}\` | ${cell(meaning)} |`);
    }
    lines.push("");
  }
  return lines.join("\n");
}

/** What the environment can hold, a line each. */
function variables(table: OptionTable): string[] {
  const options = Object.values(table).flatMap((entries): Option<unknown>[] =>
    Object.values(entries)
  );
  return options.flatMap(({ variables = [], help }) =>
    variables.slice(0, 1).map((one) => `${one}: ${help}`)
  );
}

function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length + word.length > WIDTH && line !== indent) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
