# A configuration for other machines than those that build it: toplevel.system is where it is built.
{
  outputs = _: let
    drv = name: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo > $out" ]; };
    conf = nixpkgs: { config = { inherit nixpkgs; system.build = { diskoScript = drv "disko"; toplevel = drv "toplevel"; }; }; };
    elaborated = system: { inherit system; config = "${builtins.head (builtins.split "-" system)}-unknown-linux-gnu"; };
  in {
    nixosConfigurations = {
      web = conf { hostPlatform = elaborated "aarch64-linux"; buildPlatform = elaborated "x86_64-linux"; };
      # The options of older nixpkgs.
      legacy = conf { hostPlatform = throw "used but not defined"; localSystem = elaborated "x86_64-linux"; crossSystem.config = "aarch64-unknown-linux-gnu"; };
      # nixpkgs.pkgs is set: only the kernel knows.
      pkgs.config = (conf { hostPlatform = throw "used but not defined"; system = throw "not set"; }).config // {
        boot.kernelPackages.stdenv.hostPlatform.system = "aarch64-linux";
      };
      native = conf { hostPlatform = throw "used but not defined"; system = "x86_64-linux"; localSystem.system = "x86_64-linux"; crossSystem = null; };
    };
  };
}
