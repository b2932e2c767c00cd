import { HOST, type Row } from "./row.ts";

const config = (name: string, ...below: string[]) => [
  "nixosConfigurations",
  name,
  "config",
  ...below,
];

const good: readonly (readonly [flake: string, url: string, attributes: string[]])[] = [
  [".#web", ".", config("web")],
  ["#web", ".", config("web")],
  ["./hosts#web-1_2", "./hosts", config("web-1_2")],
  ["/home/mydir/test#hetzner-cloud", "/home/mydir/test", config("hetzner-cloud")],
  ["/home/my dir#web", "/home/my dir", config("web")],
  ["path:/etc/nixos#web", "path:/etc/nixos", config("web")],
  ["my-flake#web", "my-flake", config("web")],
  ["github:your-user/your-repo#your-system", "github:your-user/your-repo", config("your-system")],
  ["github:o/r/main?dir=hosts#web", "github:o/r/main?dir=hosts", config("web")],
  [
    "git+ssh://git@example.org/r.git?ref=main#web",
    "git+ssh://git@example.org/r.git?ref=main",
    config("web"),
  ],
  [".#my.host", ".", config("my.host")],
  ['.#"my.host"', ".", config("my.host")],
  [".#1web", ".", config("1web")],
  [".#my host", ".", config("my host")],
  [".#münchen", ".", config("münchen")],
  [".#it's", ".", config("it's")],
  [".#$(reboot)", ".", config("$(reboot)")],
  [".#a#b", ".", config("a#b")],
  [".#nixosConfigurationsX", ".", config("nixosConfigurationsX")],
  ['.#"nixosConfigurations"', ".", config("nixosConfigurations")],
  [".#nixosConfigurations.web", ".", config("web")],
  [".#nixosConfigurations.web.config", ".", config("web")],
  ['.#nixosConfigurations."my.host"', ".", config("my.host")],
  ['.#nixosConfigurations."my.host".config', ".", config("my.host")],
  [
    ".#nixosConfigurations.x.config.virtualisation.vmVariant",
    ".",
    config("x", "virtualisation", "vmVariant"),
  ],
];

const NO_NAME = /^--flake ".*" names no NixOS configuration$/;
const NO_PATH = /^--flake ".*": ".*" is no attribute path$/;
const NO_FLAKE = /^--flake ".*" is no flake reference$/;

const bad: readonly (readonly [flake: string, error: RegExp, hint?: RegExp])[] = [
  ["", NO_NAME, /append "#foo"/],
  [".", NO_NAME, /append "#foo"/],
  [".#", NO_NAME],
  ["github:o/r", NO_NAME, /append "#foo"/],
  [".#nixosConfigurations", NO_NAME, /append its name/],
  [".#nixosConfigurations.", NO_PATH],
  [".#nixosConfigurations..config", NO_PATH],
  ['.#nixosConfigurations."".config', NO_PATH],
  ['.#nixosConfigurations."web', NO_PATH],
  ['.#""', NO_PATH],
  ['.#"web', NO_PATH],
  ['.#we"b', NO_PATH],
  ['.#a."b"', NO_PATH],
  ['.#"a"."b"', NO_PATH, /nixosConfigurations\."my\.host"\.config/],
  [".#we\\b", NO_PATH],
  [".#we\nb", NO_FLAKE],
  [".#we\x1b[2Jb", NO_FLAKE],
  ["-x#web", NO_FLAKE],
];

/** Flake references. */
export const FLAKES: readonly Row[] = [
  ...good.map(([flake, url, attributes]): Row => ({
    words: ["--flake", flake, HOST],
    plan: { source: { kind: "flake", flake: { url, attributes }, diskoScript: "diskoScript" } },
  })),
  ...bad.map(([flake, error, hint = /./]): Row => ({
    words: [HOST, `--flake=${flake}`],
    error,
    hint,
  })),
];
