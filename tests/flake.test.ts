/** flake.nix with this machine's nix, and a stand-in of what it uses of nixpkgs. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { VERSION } from "../lib/version.ts";
import { STAND_INS } from "./launch.ts";
import { copyCheckout, shell, userEnv } from "./readme/shell.ts";
import { NIX_CONFIG } from "./vm/nix.ts";

const noNix = await new Deno.Command("nix", { args: ["--version"] }).output()
  .then(({ success }) => !success, () => true);

/** What flake.nix uses of nixpkgs: a name that is not here is an error of nix. Its Deno is the one of this machine. */
const NIXPKGS = `{
  outputs = _: let
    package = system: name: script: derivation {
      inherit name system script;
      builder = "/bin/sh";
      args = [ "-c" ''PATH=/usr/bin:/bin; mkdir -p "$out/bin"; printf %s "$script" >"$out/bin/$name"; chmod +x "$out/bin/$name"'' ];
    };
  in {
    lib = {
      genAttrs = names: make: builtins.listToAttrs (map (name: { inherit name; value = make name; }) names);
      makeBinPath = packages: builtins.concatStringsSep ":" (map (one: "\${one}/bin") packages);
    };
    legacyPackages = builtins.listToAttrs (map (name: { inherit name; value = {
      writeShellScriptBin = bin: text: package name bin "#!/bin/sh\\n\${text}";
      deno = package name "deno" "#!/bin/sh\\nexec DENO \\"$@\\"\\n";
      openssh = package name "ssh" "#!/bin/sh\\n";
      zstd = package name "zstd" "#!/bin/sh\\n";
      git = package name "git" "#!/bin/sh\\n";
      gnutar = package name "tar" "#!/bin/sh\\n";
    }; }) [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ]);
  };
}
`;

Deno.test("flake.nix has a package and an app for each system, and its app is the command", {
  ignore: noNix,
}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "flake-" });
  try {
    await Deno.mkdir(`${folder}/nixpkgs`);
    await Deno.writeTextFile(
      `${folder}/nixpkgs/flake.nix`,
      NIXPKGS.replace("DENO", Deno.execPath()),
    );
    await copyCheckout(`${folder}/copy`);
    const env = { ...await userEnv(`${folder}/user`), NIX_CONFIG, JSR_URL: STAND_INS };
    const over = `--no-write-lock-file --override-input nixpkgs path:${folder}/nixpkgs`;
    const run = (line: string) => shell(line, { cwd: `${folder}/user`, env, seconds: 300 });

    const names = `builtins.mapAttrs (_: builtins.attrNames)`;
    for (const what of ["packages", "apps"]) {
      const { code, stdout, stderr } = await run(
        `nix eval --json ${over} path:${folder}/copy#${what} --apply '${names}'`,
      );
      assertEquals(code, 0, stderr);
      assertEquals(Object.keys(JSON.parse(stdout)).sort(), [
        "aarch64-darwin",
        "aarch64-linux",
        "x86_64-darwin",
        "x86_64-linux",
      ]);
    }
    const { code, stdout, stderr } = await run(`nix run ${over} path:${folder}/copy -- --version`);
    assertEquals(code, 0, stderr);
    assertEquals(stdout, `${VERSION}\n`);
    const wrong = await run(`nix run ${over} path:${folder}/copy -- --flake .#web 'two words'`);
    assertEquals(wrong.code, 2);
    assertMatch(wrong.stderr, /^error: .*two words/m);
    const built = await run(`nix build --no-link --json ${over} path:${folder}/copy`);
    assertEquals(built.code, 0, built.stderr);
    const script = await Deno.readTextFile(
      `${JSON.parse(built.stdout)[0].outputs.out}/bin/nixos-anywhere`,
    );
    for (const program of ["ssh", "zstd", "git"]) {
      assertMatch(script, new RegExp(`PATH="\\$PATH:\\S*-${program}/bin`));
    }
    assertStringIncludes(script, '/cli.ts "$@"');
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
