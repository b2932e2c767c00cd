/**
 * Stand-ins of the two flakes that a new flake takes: what it uses of nixpkgs and of disko, just so far that its modules
 * are evaluated and put together. What is not used has no name in them, so that nix refuses it.
 *
 * @module
 */

const NIXPKGS = `{
  outputs = _: let
    optional = condition: value: if condition then [ value ] else [ ];
    lib = {
      inherit optional;
      mkIf = condition: content: { _type = "if"; inherit condition content; };
    };
    modulesPath = "\${./modules}";
    pkgs.linuxPackages_latest.kernel.version = "7.1.5";
    # Attributes of both, lists one behind the other; a value that is set twice is an error.
    merge = a: b: a // builtins.mapAttrs (name: value:
      if !(a ? \${name}) then value
      else if builtins.isAttrs value then merge a.\${name} value
      else if builtins.isList value then a.\${name} ++ value
      else throw "\${name} is set twice") b;
    settle = value:
      if !(builtins.isAttrs value) then value
      else if (value._type or "") == "if" then (if value.condition then settle value.content else { })
      else builtins.mapAttrs (_: settle) value;
    load = module: let
      value = if builtins.isAttrs module then module else import module;
      set = if builtins.isFunction value then value { inherit lib modulesPath pkgs; } else value;
    in [ (builtins.removeAttrs (settle set) [ "imports" ]) ]
      ++ builtins.concatMap load (set.imports or [ ]);
  in {
    lib.nixosSystem = { modules }: { config = builtins.foldl' merge { } (builtins.concatMap load modules); };
  };
}
`;

const DISKO = `{
  inputs.nixpkgs.url = "path:/nowhere";
  outputs = _: { nixosModules.disko = { }; };
}
`;

/** Writes both below a folder, and returns the words that put them in the place of a flake's inputs. */
export async function writeStandIns(folder: string): Promise<readonly string[]> {
  const modules = `${folder}/nixpkgs/modules`;
  await Deno.mkdir(`${modules}/profiles`, { recursive: true });
  await Deno.mkdir(`${modules}/installer/scan`, { recursive: true });
  await Deno.mkdir(`${folder}/disko`);
  await Deno.writeTextFile(`${modules}/profiles/qemu-guest.nix`, "{ virtual = true; }\n");
  await Deno.writeTextFile(`${modules}/installer/scan/not-detected.nix`, "{ firmware = true; }\n");
  await Deno.writeTextFile(`${folder}/nixpkgs/flake.nix`, NIXPKGS);
  await Deno.writeTextFile(`${folder}/disko/flake.nix`, DISKO);
  return ["nixpkgs", "disko"].flatMap((
    name,
  ) => ["--override-input", name, `path:${folder}/${name}`]);
}
