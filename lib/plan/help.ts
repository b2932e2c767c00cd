/**
 * The text of `--help`, and README's reference: both made from the declarations.
 *
 * @module
 */
import { DECLARATIONS } from "./declarations.ts";
import { type Declaration, GROUPS } from "./declare.ts";

const WIDTH = 80;

/** How an option is written: `-f, --flake URI#NAME`. */
function usage({ name, short, values }: Declaration): string {
  return [`${short ? `-${short}, ` : ""}--${name}`, ...values].join(" ");
}

function meaning({ help, default: standard, deprecated }: Declaration): string {
  return `${deprecated ? "deprecated: " : ""}${help}${
    standard === undefined ? "" : ` (default: ${standard})`
  }`;
}

/** The text of `--help`: plain, grouped, no line wider than a terminal of 80 columns. */
export function helpText(version: string): string {
  const lines = [
    `nixos-anywhere ${version}: install NixOS on a machine that ssh reaches`,
    "",
    "Usage: nixos-anywhere [OPTIONS] --flake URI#NAME HOST",
    "       nixos-anywhere [OPTIONS] --store-paths DISKO SYSTEM HOST",
    "",
    ...wrap(
      "HOST is user@host, an alias of your ssh config, an IPv6 address, or ssh://user@host:port.",
      "",
    ),
    ...wrap("ALL DATA on the disks that the configuration names is wiped.", ""),
  ];
  for (const group of GROUPS) {
    lines.push("", `${group}:`);
    for (const declaration of DECLARATIONS.filter((one) => one.group === group)) {
      lines.push(`  ${usage(declaration)}`, ...wrap(meaning(declaration), "        "));
    }
  }
  lines.push(
    "",
    "Environment:",
    ...wrap("SSH_PRIVATE_KEY: the text of a private key, unless -i is given", "  "),
    ...wrap("SSHPASS: the password for --env-password", "  "),
    ...wrap("SUDO_PASSWORD: the password for sudo on the target, where it wants one", "  "),
    ...wrap("DISK_PASSPHRASE: what disko is told when it asks for a passphrase", "  "),
    ...wrap("NIXOS_NO_CHECK: its value reaches nixos-install", "  "),
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
export function referenceTable(): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const lines: string[] = [];
  for (const group of GROUPS) {
    lines.push(`**${group}**`, "", "| option | meaning |", "| --- | --- |");
    for (const declaration of DECLARATIONS.filter((one) => one.group === group)) {
      lines.push(`| \`${cell(usage(declaration))}\` | ${cell(meaning(declaration))} |`);
    }
    lines.push("");
  }
  return lines.join("\n");
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
