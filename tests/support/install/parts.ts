/**
 * What is installed in these tests: a system and a disko script that are real store paths and tiny, as store
 * paths and as a flake.
 *
 * @module
 */
import { NIX_CONFIG } from "../../vm/nix.ts";

/** Two store paths of this machine. */
export interface Parts {
  readonly disko: string;
  readonly system: string;
}

/** How the parts are made; everything has a default. */
export interface PartsOptions {
  /** Bytes of random data that the system refers to. @default 3_000_000 */
  readonly payload?: number;
  /** Nix code of the disko script and the system, in the place of the usual ones. */
  readonly disko?: string;
  readonly toplevel?: string;
  /** What the usual disko script does. @default "disko" */
  readonly mode?: DiskoMode;
  /** The disk that the configuration names. @default "/dev/target0" */
  readonly device?: string;
  /** Another one that it names. @default none */
  readonly second?: string;
  /** The version of the kernel of a configuration with an array of md. @default it has none */
  readonly kernel?: string;
}

/** What a disko script does, as the real ones: only `disko` and `mount` leave the disk mounted at /mnt. */
export type DiskoMode = "disko" | "format" | "mount";

// `gate` lets a test wait here, or go wrong.
function diskoScript(mode: DiskoMode): string {
  const steps = {
    disko: "disk format\ndisk mount\nmkdir /mnt/etc\n",
    format: "disk format\n",
    mount: "disk mount\nmkdir -p /mnt/etc\n",
  };
  return `#!/bin/sh\nset -eu\necho formatting\ngate disko || exit $?\n${steps[mode]}`;
}

function nixText(text: string): string {
  return JSON.stringify(text).replaceAll("${", "\\${");
}

/** Nix code for a derivation whose builder runs shell code. */
export function derivation(name: string, code: string): string {
  const system = `${Deno.build.arch}-linux`;
  return `(derivation { name = "${name}"; system = "${system}"; PATH = "/usr/bin:/bin"; ` +
    `builder = "/bin/sh"; args = [ "-euc" ${code} ]; })`;
}

/** Nix code for an executable file with this text. */
export function scriptDerivation(name: string, text: string): string {
  return derivation(name, `''text=${shellWord(text)}; printf %s "$text" >$out; chmod +x $out''`);
}

function code({ payload = 3_000_000, disko, toplevel, mode = "disko" }: PartsOptions): string {
  const script = (mode: DiskoMode) => scriptDerivation("disko", diskoScript(mode));
  const bytes = derivation("payload", nixText(`head -c ${payload} /dev/urandom >$out`));
  const system =
    `mkdir $out; for part in init kernel initrd nixos-version; do echo $part >$out/$part; done; ` +
    `echo $payload >$out/payload`;
  return `{
    diskoScript = ${disko ?? script(mode)};
    formatScript = ${script("format")};
    mountScript = ${script("mount")};
    toplevel = ${
    toplevel ?? derivation("nixos-system-tiny", `("payload=\${${bytes}}; " + ${nixText(system)})`)
  };
  }`;
}

/** A word for the shell inside of an indented nix string. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`).replaceAll("''", "'''").replaceAll("${", "''${")}'`;
}

/** Builds the parts in this machine's store. */
export async function buildParts(options: PartsOptions = {}): Promise<Parts> {
  const expression = `let b = ${code(options)}; in [ b.diskoScript b.toplevel ]`;
  const { success, stdout, stderr } = await new Deno.Command("timeout", {
    args: ["--kill-after=10", "300", "nix-build", "--no-out-link", "-E", expression],
    env: { NIX_CONFIG },
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const [disko = "", system = ""] = new TextDecoder().decode(stdout).trim().split("\n");
  return { disko, system };
}

/** Writes a flake whose configuration is called `web`, and returns its reference. */
export async function writeFlake(folder: string, options: PartsOptions = {}): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const text = `{ outputs = _: { nixosConfigurations.web.config = {
    system.build = ${code(options)};
    disko.devices.disk.main.device = "${options.device ?? "/dev/target0"}";
    ${options.second ? `disko.devices.disk.second.device = "${options.second}";` : ""}
    ${
    options.kernel === undefined
      ? ""
      : `disko.devices.mdadm.root.level = 1; boot.kernelPackages.kernel.version = "${options.kernel}";`
  }
  }; }; }
  `;
  await Deno.writeTextFile(`${folder}/flake.nix`, text);
  return `path:${folder}#web`;
}
