# What nixpkgs says of configurations that are wrong.
{
  outputs = _: let
    drv = name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo > $out" ]; };
    conf = message: { config.system.build = { diskoScript = drv "disko"; toplevel = message; }; };
  in {
    # nixos/modules/system/activation/top-level.nix
    nixosConfigurations.assertion = conf (throw "\nFailed assertions:\n- The 'fileSystems' option does not specify your root file system.\n- You must set the option 'boot.loader.grub.devices' to make the system bootable.");
    # lib/modules.nix, for an option that is not there
    nixosConfigurations.unknown = conf (throw "The option `services.opensh' does not exist. Definition values:\n- In `/etc/flake.nix':\n    {\n      enable = true;\n    }\n\nDid you mean `services.openssh'?");
    # nixpkgs' default.nix, on a nix older than 2.18
    nixosConfigurations.oldnix = conf (abort "\n\n  This version of Nixpkgs requires an implementation of Nix with the following features:\n  - `builtins.nixVersion` reports at least 2.18\n\n  You are evaluating with Nix 2.8.0, please upgrade\n");
    nixosConfigurations.broken = conf (derivation { name = "broken"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo no such compiler >&2; exit 3" ]; });
    # lib.warn and old options, on the way to something that works
    nixosConfigurations.warns = conf (builtins.trace "evaluation warning: the option is old" (drv "toplevel"));
  };
}
