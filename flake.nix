{
  description = "Install NixOS on any Linux machine that ssh reaches";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      # The sources of this flake, run by Deno. Your own ssh, git and nix come first on the PATH: they know your
      # configuration.
      package =
        { pkgs }:
        pkgs.writeShellScriptBin "nixos-anywhere" ''
          export PATH="$PATH:${
            nixpkgs.lib.makeBinPath [
              pkgs.openssh
              pkgs.zstd
              pkgs.git
              pkgs.gnutar
            ]
          }"
          export DENO_NO_UPDATE_CHECK=1
          exec ${pkgs.deno}/bin/deno run --allow-all --config ${self}/deno.json ${self}/cli.ts "$@"
        '';
    in
    {
      packages = nixpkgs.lib.genAttrs systems (system: {
        default = package { pkgs = nixpkgs.legacyPackages.${system}; };
      });

      apps = nixpkgs.lib.genAttrs systems (system: {
        default = {
          type = "app";
          program = "${self.packages.${system}.default}/bin/nixos-anywhere";
        };
      });
    };
}
