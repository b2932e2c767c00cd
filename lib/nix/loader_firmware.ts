/**
 * What a configuration's boot loader says of the firmware that it needs.
 *
 * @module
 */

/**
 * A Nix function of a configuration that gives the one firmware that its boot loader can be started by, or null where it
 * is made for both, for none, or is not known here.
 */
export const LOADER_FIRMWARE = `(c: let
  l = c.boot.loader or { };
  on = name: l.\${name}.enable or false;
  grub = l.grub or { };
  mirrors = builtins.concatMap (m: m.devices or [ ]) (grub.mirroredBoots or [ ]);
  disks = builtins.filter (d: d != "nodev") ((grub.devices or [ ]) ++ mirrors ++ [ (grub.device or "nodev") ]);
  real = builtins.filter (d: d != "") disks;
  either = efi: bios: if efi == bios then null else if efi then "efi" else "bios";
  answer = if on "systemd-boot" || on "refind" || (c.boot.lanzaboote.enable or false) then "efi"
    else if on "grub" then either (grub.efiSupport or false) (real != [ ])
    else if on "limine" then either (l.limine.efiSupport or false) (l.limine.biosSupport or false)
    else null;
  t = builtins.tryEval (builtins.deepSeq answer answer);
in if t.success then t.value else null)`;

/** Reads what {@linkcode LOADER_FIRMWARE} gave. */
export function readFirmware(value: unknown): "efi" | "bios" | undefined {
  return value === "efi" || value === "bios" ? value : undefined;
}
