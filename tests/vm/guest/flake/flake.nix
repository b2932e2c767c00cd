# NixOS configurations in all that an installer sees of them: attributes, derivations, store paths that refer to each
# other, and a system that boots. It has no inputs, so that it builds without a network.
{
  description = "Systems to install on the emulated machine";

  outputs = { self }:
    let
      system = "x86_64-linux";
      device = "/dev/vda";
      keyFile = "/tmp/disk-1.key";

      # Each of these becomes a store path of its own.
      static = "${./static}";
      tools = "${./tools}";
      kernel = "${./kernel}";
      initrd = "${./initrd}";
      rootfs = "${./rootfs}";
      scripts = "${./scripts}";

      build = name: script: environment: derivation ({
        inherit name system;
        builder = "${static}/busybox";
        args = [ "sh" "-eu" "${scripts}/${script}" ];
        inherit static scripts;
      } // environment);

      configuration = { name, key ? "", hardware ? "" }:
        let
          # "" for no encryption, a file, or "ask": a passphrase that is asked for.
          diskScript = mode: deps: build "disko-${mode}${if deps then "" else "-nodeps"}" "make-disk-script.sh" {
            inherit mode device key;
            tools = if deps then tools else "";
          };
        in
        {
          pkgs = { inherit system; stdenv.hostPlatform = { inherit system; }; };
          config = {
            networking.hostName = name;
            nix.settings = {
              substituters = [ "http://10.0.2.2:9/" ];
              trusted-public-keys = [ "demo-1:NlKYDFbYOAVOnZ0OdpL5kPPuRmfY5ZPLBBpMaLUmmYk=" ];
            };
            disko.devices.disk.main = { inherit device; type = "disk"; }
              // (if key == "" then { } else {
                content = { type = "luks"; name = "main"; } // (
                  if key == "ask" then { askPassword = true; settings = { }; }
                  else { askPassword = false; settings.keyFile = key; }
                );
              });
            system.build = {
              toplevel = build "nixos-system-${name}-25.11" "make-toplevel.sh" {
                inherit kernel initrd rootfs device hardware;
                hostName = name;
                authorizedKeys = "${./authorized_keys}";
              };
              diskoScript = diskScript "disko" true;
              diskoScriptNoDeps = diskScript "disko" false;
              formatScript = diskScript "format" true;
              formatScriptNoDeps = diskScript "format" false;
              mountScript = diskScript "mount" true;
              mountScriptNoDeps = diskScript "mount" false;
              installTest = build "install-test-${name}" "make-install-test.sh" { };
            };
          };
        };

      # What --generate-hardware-config wrote, under any of its usual names.
      hardware = builtins.head (
        (if builtins.pathExists ./hardware.nix then [ "${./hardware.nix}" ] else [ ])
        ++ (if builtins.pathExists ./hardware-configuration.nix then [ "${./hardware-configuration.nix}" ] else [ ])
        ++ (if builtins.pathExists ./facter.json then [ "${./facter.json}" ] else [ ])
        ++ [ "" ]
      );
    in
    {
      nixosConfigurations = {
        demo = configuration { name = "demo"; };
        # Its disk script wants a key file, as one for an encrypted disk does.
        encryptedDemo = configuration { name = "encryptedDemo"; key = keyFile; };
        # Its disk script asks for a passphrase, as disko does where the configuration names no file.
        askingDemo = configuration { name = "askingDemo"; key = "ask"; };
        generated = configuration { name = "generated"; inherit hardware; };
      };
    };
}
