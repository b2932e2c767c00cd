# Configurations of which one half cannot be had.
{
  outputs = _: let
    script = "#!/bin/sh\necho formatting\ngate disko || exit $?\nmount -t tmpfs -o size=64m disk /mnt\n";
    disko = derivation { name = "disko"; system = "x86_64-linux"; builder = "/bin/sh"; inherit script; PATH = "/usr/bin:/bin"; args = [ "-c" "printf %s \"$script\" >$out; chmod +x $out" ]; };
    drv = name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo > $out" ]; };
  in {
    nixosConfigurations.nodisko.config.system.build.toplevel = drv "toplevel";
    nixosConfigurations.notoplevel.config = {
      system.build = { diskoScript = disko; toplevel = throw "secrets.nix is still missing"; };
      disko.devices.disk.main.device = "/dev/target0";
      boot = throw "no kernel yet";
      nix = throw "no settings yet";
    };
    # disko 1.0
    nixosConfigurations.nodeps.config.system.build = { diskoScript = disko; toplevel = drv "toplevel"; };
    nixosConfigurations."my.host".config.system.build = { diskoScript = disko; toplevel = drv "toplevel"; };
  };
}
