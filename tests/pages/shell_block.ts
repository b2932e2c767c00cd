/**
 * Runs a block of shell code as it stands on a page, with stand-ins for every program that would reach another machine
 * or a secret: they write down how they were called.
 *
 * @module
 */

/** Programs of this machine that a block may use. */
const REAL = [
  ...["awk", "bash", "cat", "chmod", "cp", "cut", "date", "dirname", "echo", "env", "find", "grep"],
  ...["head", "install", "ln", "ls", "mkdir", "mktemp", "mv", "printf", "rm", "sed", "sh", "sort"],
  ...["tail", "tee", "test", "timeout", "touch", "tr", "true", "wc"],
];

/** What the stand-ins print: as much as what reads it needs. */
const STAND_INS: Readonly<Record<string, string>> = {
  "nixos-anywhere": "",
  age: "AGE-SECRET",
  "age-keygen": "age1qqqq",
  agenix: "",
  curl: "",
  deno: "",
  git: "",
  gpg: "secret",
  nix: "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-image",
  "nix-build":
    "/nix/store/0c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-disko\n/nix/store/1c8v6a1qzvlkn1rhkd5czbjl0ssbk5ss-nixos-system-web",
  "nixos-rebuild": "",
  npx: "",
  pass: "secret",
  scp: "",
  sops: "secret",
  ssh: "NAME SIZE MODEL",
  "ssh-add": "",
  "ssh-copy-id": "",
  "ssh-keygen": "",
  "ssh-keyscan": "203.0.113.7 ssh-ed25519 AAAA",
  "ssh-to-age": "age1qqqq",
  sudo: "",
  terraform: "",
  tofu: "",
};

/** How a block ended. */
export interface RunBlock {
  readonly code: number;
  readonly stderr: string;
  /** The words of each call of a stand-in, its name first. */
  readonly calls: readonly (readonly string[])[];
}

// Reads what comes to it, since a pipe may not break; prints what it has to.
const RECORDER = `#!/bin/sh
# One write: two calls of a block may come at once, one of them from <(…).
printf '%s\\0' "\${0##*/}" "$@" '
' >>"$CALLS"
# Makes keys; the known_hosts that it changes would be the ones of whoever runs the tests.
if [ "\${0##*/}" = ssh-keygen ] && [ "$1" != -R ]; then exec "$SSH_KEYGEN" "$@"; fi
if [ -p /dev/stdin ]; then cat >/dev/null; fi
# The folder that a new flake is in.
if [ "\${0##*/} \${1:-}" = "nixos-anywhere init" ]; then mkdir -p "$2"; fi
if [ -s "$SAYS/\${0##*/}" ]; then cat "$SAYS/\${0##*/}"; fi
`;

/** Runs a block in an empty folder that has these files in it. */
export async function runBlock(
  code: string,
  files: Readonly<Record<string, string>> = {},
): Promise<RunBlock> {
  const folder = await Deno.makeTempDir({ prefix: "block-" });
  try {
    for (const name of ["bin", "says", "here", "home/.ssh", "tmp"]) {
      await Deno.mkdir(`${folder}/${name}`, { recursive: true });
    }
    for (const name of REAL) {
      for (const place of ["/usr/bin", "/bin"]) {
        const there = await Deno.stat(`${place}/${name}`).catch(() => undefined);
        if (!there) continue;
        await Deno.symlink(`${place}/${name}`, `${folder}/bin/${name}`);
        break;
      }
    }
    for (const [name, says] of Object.entries(STAND_INS)) {
      await Deno.writeTextFile(`${folder}/bin/${name}`, RECORDER, { mode: 0o755 });
      await Deno.writeTextFile(`${folder}/says/${name}`, says === "" ? "" : `${says}\n`);
    }
    for (const [name, text] of Object.entries(files)) {
      const path = `${folder}/here/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, text);
    }
    await Deno.writeTextFile(`${folder}/calls`, "");
    const { code: exit, stderr } = await new Deno.Command("/usr/bin/env", {
      args: [
        `PATH=${folder}/bin`,
        "timeout",
        "60",
        "/bin/bash",
        "-eu",
        "-o",
        "pipefail",
        "-c",
        code,
      ],
      cwd: `${folder}/here`,
      clearEnv: true,
      env: {
        PATH: `${folder}/bin`,
        HOME: `${folder}/home`,
        TMPDIR: `${folder}/tmp`,
        CALLS: `${folder}/calls`,
        SAYS: `${folder}/says`,
        SSH_KEYGEN: "/usr/bin/ssh-keygen",
      },
      stdin: "null",
    }).output();
    const calls = (await Deno.readTextFile(`${folder}/calls`)).split("\0\n\0").filter(Boolean)
      .map((call) => call.split("\0"));
    return { code: exit, stderr: new TextDecoder().decode(stderr), calls };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The words of this project's command in a call: by its name, or through deno, npx or nix; `undefined` for another. */
export function commandWords(call: readonly string[]): readonly string[] | undefined {
  const [program, ...words] = call;
  if (program === "nixos-anywhere") return words;
  const behind = (word: RegExp) => {
    const at = words.findIndex((one) => word.test(one));
    return at < 0 ? undefined : words.slice(at + 1);
  };
  if (program === "deno" && words[0] === "run") return behind(CLI);
  if (program === "npx" && words.includes("run")) return behind(CLI);
  if (program === "nix" && words[0] === "run" && words.some((word) => OWN_FLAKE.test(word))) {
    return behind(/^--$/);
  }
  return undefined;
}

const CLI = /^jsr:@nixos-anywhere\/deno(@[^/]+)?\/cli$|\/cli\.ts$|^cli\.ts$/;
const OWN_FLAKE = /^github:nixos-anywhere\/deno\b/;
