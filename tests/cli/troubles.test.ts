/**
 * Each trouble of README's table, provoked: by the command, on a real target where one is needed.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CommandError, connect, runDisko } from "../../mod.ts";
import { TROUBLES } from "../../lib/plan/troubles.ts";
import {
  type ContainerOptions,
  noContainers,
  startContainer,
  writeKexec,
} from "../support/loopback/mod.ts";
import { NIX_CONFIG } from "../vm/nix.ts";
import { Sandbox } from "./command.ts";

const ignore = await noContainers() !== undefined;

const FLAKE = `{ outputs = { self }: {
  nixosConfigurations.web.config.system.build = let
    make = name: derivation {
      inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo > $out" ];
    };
  in { diskoScript = make "disko"; toplevel = make "nixos-system-web"; };
}; }
`;
const MISSING = "/nix/store/00000000000000000000000000000000-disko";
const says = (text: string) => ({ text: `#!/bin/sh\necho ${text}\n`, mode: 0o755 });

interface Row {
  readonly trouble: keyof typeof TROUBLES;
  /** The command line, without the target; FLAKE, IMAGE and DISKO stand for what the test made. */
  readonly words: readonly string[];
  /** The target; nothing where none is reached. */
  readonly container?: ContainerOptions;
  /** What the image's script prints before it fails. */
  readonly run?: string;
  readonly code: number;
  /** What the error's lines hold; a line of the table is known by its message otherwise. */
  readonly said?: string;
}

const kexec = ["--phases", "kexec", "--kexec", "IMAGE"];
const rows: readonly Row[] = [
  {
    trouble: "initrd",
    words: kexec,
    container: {},
    run: "echo 'Failure unpacking initrd' >&2; exit 1",
    code: 1,
  },
  {
    trouble: "attribute",
    words: ["-f", "FLAKE#nope", "--kexec", "IMAGE"],
    container: {},
    code: 2,
    said: "does not provide attribute",
  },
  { trouble: "fragment", words: ["-f", "FLAKE", "root@127.0.0.1"], code: 2 },
  {
    trouble: "facts",
    words: kexec,
    container: { sshdConfig: ["ForceCommand echo welcome"] },
    code: 1,
  },
  { trouble: "host", words: ["-f", "FLAKE#web"], code: 2 },
  { trouble: "storePaths", words: ["-s", MISSING, MISSING, "root@127.0.0.1"], code: 2 },
  { trouble: "source", words: ["root@127.0.0.1"], code: 2 },
  { trouble: "tar", words: kexec, container: { without: ["tar"] }, code: 3 },
  { trouble: "setsid", words: kexec, container: { without: ["setsid"] }, code: 3 },
  {
    trouble: "linux",
    words: kexec,
    container: { files: { "/usr/local/bin/uname": says("Darwin") } },
    code: 3,
  },
  {
    trouble: "architecture",
    words: ["--phases", "kexec"],
    container: {
      files: { "/usr/local/bin/uname": says('"$([ "$1" = -m ] && echo riscv64 || echo Linux)"') },
    },
    code: 3,
  },
];

for (const { trouble, words, container, run = "exit 1", code, said } of rows) {
  Deno.test(`the command says what to do about: ${TROUBLES[trouble].message}`, {
    ignore: ignore && !!container,
  }, async () => {
    await using sandbox = await Sandbox.make();
    await sandbox.file("flake/flake.nix", FLAKE);
    const image = `${sandbox.folder}/image.tar.gz`;
    await writeKexec(image, { run });
    const made = words.map((word) =>
      word.replace("FLAKE", `path:${sandbox.folder}/flake`).replace("IMAGE", image)
    );
    await using stack = new AsyncDisposableStack();
    const target = container && stack.use(await startContainer(container));
    const login = target
      ? [
        "-i",
        target.identityFile,
        "-p",
        `${target.port}`,
        "--host-key",
        "off",
        `root@${target.host}`,
      ]
      : [];
    const outcome = await sandbox.run([...made, ...login], { NIX_CONFIG });
    assertEquals(outcome.code, code, outcome.stderr);
    assertStringIncludes(outcome.stderr, said ?? TROUBLES[trouble].message);
    assertStringIncludes(outcome.stderr, `\nhint: ${TROUBLES[trouble].hint}\n`);
    if (target && trouble !== "attribute") {
      assertStringIncludes(outcome.stderr, "error: root@127.0.0.1");
    }
    if (!container) assert(!outcome.stderr.includes("Connecting"), outcome.stderr);
    assertEquals(await sandbox.left(), []);
  });
}

for (const trouble of ["diskoFragment", "diskoMode", "diskoConfig"] as const) {
  const { message, hint } = TROUBLES[trouble];
  Deno.test(`runDisko() says what to do about: ${message}`, { ignore }, async () => {
    // disko's own command in the place of a script says this and fails.
    const text = `#!/bin/sh\necho 'aborted: ${message} create, mount or all' >&2\nexit 1\n`;
    await using container = await startContainer({ files: { [MISSING]: { text, mode: 0o755 } } });
    const { host, port, identityFile } = container;
    await using installer = await connect(`root@${host}`, { port, identityFile, hostKey: "off" });
    const error = await assertRejects(
      () => runDisko(installer, MISSING),
      CommandError,
      "root@127.0.0.1: ",
    );
    assertEquals(error.hint, hint);
    assertStringIncludes(error.output, message);
  });
}
