/**
 * Makes README's picture: a real install of a machine in a container, on a terminal, recorded. Needs what the tests need.
 *
 * @module
 */
import { ROOT } from "../checks/sources.ts";
import { Fixture } from "../support/install/fixture.ts";
import { buildParts, derivation } from "../support/install/parts.ts";
import { NIX_CONFIG } from "../vm/nix.ts";
import { onTerminal } from "../support/terminal/session.ts";
import { draw, screens } from "./drawing.ts";

const SIZE = { columns: 90, rows: 26 };

/** The picture's file. */
export const PICTURE: URL = new URL("examples/picture.svg", ROOT);

const DISKO = derivation(
  "disko",
  `''printf '#!/bin/sh\\nset -eu\\ngate disko\\ndisk format\\ndisk mount\\nmkdir /mnt/etc\\n' >$out; chmod +x $out''`,
);
// Built anew each time, since a build is to be seen.
const FRESH = crypto.randomUUID();
const PAYLOAD = derivation(
  "linux-firmware-20251111",
  `"sleep 2; head -c 9000000 /dev/urandom >$out; : ${FRESH}"`,
);
const SYSTEM = derivation(
  "nixos-system-web",
  `"for part in modprobe fstab units; do echo building $part; sleep 1; done; mkdir $out; ` +
    `for part in init kernel initrd nixos-version; do echo $part >$out/$part; done; ` +
    `echo \${${PAYLOAD}} >$out/firmware"`,
);

/** Where nix code's derivation will be in the store, without building it. */
async function outputOf(code: string): Promise<string> {
  const nix = async (program: string, ...args: string[]) => {
    const child = new Deno.Command(program, { args, env: { NIX_CONFIG }, stdin: "null" });
    return new TextDecoder().decode((await child.output()).stdout).trim();
  };
  return await nix("nix-store", "-q", "--outputs", await nix("nix-instantiate", "-E", code));
}

if (import.meta.main) {
  const parts = { ...await buildParts({ payload: 1000 }), system: await outputOf(SYSTEM) };
  await using fixture = await Fixture.open({
    ...{ parts, bytesPerSecond: 2_500_000, image: { size: 9_000_000 } },
    breakpoints: {
      disko:
        "for step in 'creating new GPT entries' 'mkfs.vfat /dev/target0p1' 'mkfs.ext4 /dev/target0p2'; do echo $step; sleep 0.8; done",
      install: "echo 'updating GRUB 2 menu...'; sleep 2",
    },
  });
  const { sandbox, image } = fixture;
  await Deno.copyFile(image, `${sandbox.folder}/run/installer.tar.gz`);
  await Deno.writeTextFile(
    `${sandbox.folder}/run/flake.nix`,
    `{ outputs = _: { nixosConfigurations.web.config = {
  system.build = { diskoScript = ${DISKO}; toplevel = ${SYSTEM}; };
  disko.devices.disk.main.device = "/dev/target0";
}; }; }
`,
  );
  const cli = decodeURIComponent(new URL("cli.ts", ROOT).pathname);
  const { port } = fixture.relay;
  const shown = `nixos-anywhere --flake .#web root@web`;
  const { frames, code, output } = await onTerminal([
    ...["sh", "-c", `printf '$ %s\\n' '${shown}'; exec "$@"`, "sh"],
    ...[Deno.execPath(), "run", "-A", "--no-check", cli, "--flake", ".#web", "root@web"],
    ...["-p", `${port}`, "--post-kexec-ssh-port", `${port}`, "--kexec", "installer.tar.gz"],
    ...["--ssh-option", "HostName=127.0.0.1", "--known-hosts", `${sandbox.folder}/known_hosts`],
  ], {
    ...SIZE,
    env: { ...sandbox.env, SSH_PRIVATE_KEY: fixture.key, NO_COLOR: "" },
    cwd: `${sandbox.folder}/run`,
    acts: [{ when: "to go on: ", after: 2, type: "web\r" }],
  });
  if (code !== 0) throw new Error(output);
  const title =
    "An install on a terminal: the plan, a question, each stage with how far it is, and the end";
  const svg = draw(screens(frames, { ...SIZE, every: 0.8 }), { ...SIZE, title });
  await Deno.writeTextFile(PICTURE, svg);
  console.log(`${PICTURE.pathname}: ${svg.length} bytes`);
}
