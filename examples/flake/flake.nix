# A template for a machine to install. To change: the ssh key, the name, and the disk in disk-config.nix. Without the
# key nobody could log in: nothing is built before it is there.
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
  inputs.disko.url = "github:nix-community/disko";
  inputs.disko.inputs.nixpkgs.follows = "nixpkgs";

  outputs =
    { nixpkgs, disko, ... }:
    {
      # The name behind # in --flake .#web
      nixosConfigurations.web = nixpkgs.lib.nixosSystem {
        system = "x86_64-linux";
        modules = [
          disko.nixosModules.disko
          ./disk-config.nix
          # Written by: --generate-hardware-config nixos-generate-config ./hardware-configuration.nix
          # ./hardware-configuration.nix
          (
            { modulesPath, ... }:
            {
              # Drivers for virtual machines; not needed with a hardware configuration of its own.
              imports = [ (modulesPath + "/profiles/qemu-guest.nix") ];

              networking.hostName = "web";
              boot.loader.grub = {
                # disko names the disks for GRUB.
                efiSupport = true;
                efiInstallAsRemovable = true;
              };
              services.openssh.enable = true;

              # Without a key here nobody can log in to the new system.
              users.users.root.openssh.authorizedKeys.keys = [
                (throw "CHANGE: the line in your ~/.ssh/id_ed25519.pub")
              ];

              # nix-shell and nix-env find nixpkgs without a channel.
              nix.nixPath = [ "nixpkgs=${nixpkgs}" ];

              system.stateVersion = "26.05";
            }
          )
        ];
      };
    };
}
