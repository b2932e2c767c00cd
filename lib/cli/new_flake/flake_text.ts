/**
 * The files of a new flake, as text.
 *
 * @module
 */
import { type LayoutName, LAYOUTS } from "./layouts.ts";
import { attributeName, attributes, indent, nixString } from "./nix_text.ts";

/** The release of NixOS that a new flake follows. */
const RELEASE = "26.05";

/** What is known of the machine's hardware, and who finds it out. */
export const HARDWARE = ["nixos-facter", "nixos-generate-config", "none"] as const;
/** The systems that a new flake can be for. */
export const SYSTEMS = ["x86_64-linux", "aarch64-linux"] as const;

/** All that is chosen for a new flake. */
export interface FlakeChoice {
  /** The name of the configuration. */
  readonly name: string;
  /** The name of the machine. */
  readonly hostname: string;
  readonly layout: LayoutName;
  /** The disks to wipe; `undefined` for one that is not named yet. */
  readonly disks: readonly (string | undefined)[];
  /** Public keys that log in as root. */
  readonly keys: readonly string[];
  readonly hardware: typeof HARDWARE[number];
  readonly system: typeof SYSTEMS[number];
  /** Eight hexadecimal digits that no other machine has; ZFS asks for them. */
  readonly hostId: string;
}

/** The file that a hardware configuration is written to. */
export const HARDWARE_FILES = {
  "nixos-facter": "./facter.json",
  "nixos-generate-config": "./hardware-configuration.nix",
} as const;

/** The files by their names. */
export function flakeFiles(choice: FlakeChoice): Readonly<Record<string, string>> {
  return {
    "flake.nix": flakeFile(choice),
    "configuration.nix": configurationFile(choice),
    "disk-config.nix": diskFile(choice),
  };
}

function flakeFile({ name, hostname }: FlakeChoice): string {
  return `{
  description = ${nixString(`NixOS on ${hostname}`)};

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-${RELEASE}";
    disko.url = "github:nix-community/disko";
    disko.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    { nixpkgs, disko, ... }:
    {
      # The name behind # in --flake .#${name}
      nixosConfigurations.${attributeName(name)} = nixpkgs.lib.nixosSystem {
        modules = [
          disko.nixosModules.disko
          ./disk-config.nix
          ./configuration.nix
        ];
      };
    };
}
`;
}

function configurationFile(choice: FlakeChoice): string {
  const { hostname, keys, layout, system, hardware, hostId } = choice;
  const nodev = system === "x86_64-linux" ? [] : ['device = "nodev";'];
  const settings = LAYOUTS[layout].settings(hostId);
  const parts = [
    imports(hardware),
    hardware === "nixos-facter" ? FACTER : [],
    [`nixpkgs.hostPlatform = ${nixString(system)};`],
    [`networking.hostName = ${nixString(hostname)};`],
    [
      nodev.length ? "# Started by UEFI." : "# Started by BIOS or UEFI; disko names the disks.",
      `boot.loader.grub = ${
        attributes(...nodev, "efiSupport = true;", "efiInstallAsRemovable = true;")
      };`,
    ],
    settings,
    [
      `services.openssh = ${
        attributes(
          "enable = true;",
          "# Keys alone.",
          "settings.PasswordAuthentication = false;",
          "settings.KbdInteractiveAuthentication = false;",
        )
      };`,
      "# Without a key here nobody can log in.",
      "users.users.root.openssh.authorizedKeys.keys = [",
      ...keys.map((key) => `  ${nixString(key)}`),
      "];",
    ],
    ['nix.settings.experimental-features = [ "nix-command" "flakes" ];'],
    [
      "# The release that the machine was installed with. It stays when the machine is updated.",
      `system.stateVersion = ${nixString(RELEASE)};`,
    ],
  ];
  const text = parts.filter((part) => part.length > 0).map((part) => part.join("\n"));
  const body = text.join("\n\n");
  const inputs = ["lib", "modulesPath", "pkgs"]
    .filter((name) => name === "modulesPath" || body.includes(`${name}.`)).join(", ");
  return `{ ${inputs}, ... }:\n{\n${indent(body)}\n}\n`;
}

const FACTER: readonly string[] = [
  "# Written by the install: --generate-hardware-config nixos-facter ./facter.json",
  "hardware.facter.reportPath = lib.mkIf (builtins.pathExists ./facter.json) ./facter.json;",
];

/** What is not in the configuration itself. */
function imports(hardware: FlakeChoice["hardware"]): readonly string[] {
  const file = HARDWARE_FILES["nixos-generate-config"];
  const generated = hardware === "nixos-generate-config";
  return [
    ...(generated
      ? [`# The last one is written by the install: --generate-hardware-config ${hardware} ${file}`]
      : []),
    "imports = [",
    "  # Firmware that may be redistributed, and the drivers of virtual machines.",
    '  (modulesPath + "/installer/scan/not-detected.nix")',
    '  (modulesPath + "/profiles/qemu-guest.nix")',
    generated ? `] ++ lib.optional (builtins.pathExists ${file}) ${file};` : "];",
  ];
}

function diskFile({ layout, disks, system }: FlakeChoice): string {
  const { about, devices } = LAYOUTS[layout];
  const text = devices({ disks, bios: system === "x86_64-linux" });
  return `# ${about[0]?.toUpperCase()}${about.slice(1)}.\n{\n${
    indent(`disko.devices = ${text};`)
  }\n}\n`;
}
