# Boot loaders, and the one firmware that each can be started by: nothing is said of those that have `none`.
{
  outputs = _: let
    make = name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo >$out" ]; };
    conf = loader: more: { config = {
      system.build = { diskoScript = make "disko"; toplevel = make "nixos-system-web"; };
      boot = { inherit loader; } // more;
    }; };
    grub = more: conf { grub = { enable = true; device = ""; } // more; } { };
  in {
    nixosConfigurations = builtins.mapAttrs (name: loader: conf loader { }) {
      efi-systemd-boot.systemd-boot.enable = true;
      efi-refind = { refind.enable = true; grub.enable = false; };
      efi-limine.limine = { enable = true; efiSupport = true; biosSupport = false; };
      bios-limine.limine = { enable = true; efiSupport = false; biosSupport = true; };
      none-limine.limine = { enable = true; efiSupport = true; biosSupport = true; };
      none-extlinux.generic-extlinux-compatible.enable = true;
      none-at-all = { };
    } // {
      efi-lanzaboote = conf { systemd-boot.enable = false; } { lanzaboote.enable = true; };
      efi-grub = grub { efiSupport = true; devices = [ "nodev" ]; };
      bios-grub = grub { devices = [ "/dev/sda" ]; };
      bios-grub-mirrored = grub { mirroredBoots = [ { devices = [ "/dev/sda" "/dev/sdb" ]; } ]; };
      none-grub-both = grub { efiSupport = true; device = "/dev/sda"; };
      none-grub-nowhere = grub { };
      none-throws = grub { efiSupport = throw "it is not to be read"; };
    };
  };
}
