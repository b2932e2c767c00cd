import { assertEquals, assertLess, assertMatch } from "@std/assert";
import {
  type Container,
  noContainers,
  startContainer,
  writeKexec,
} from "../support/loopback/mod.ts";
import { NIX_CONFIG } from "../vm/nix.ts";
import { exists, type Outcome, type Running, Sandbox } from "./command.ts";

const ignore = await noContainers() !== undefined;

/** Interrupts a run and looks at what it says and leaves. */
async function interrupted(sandbox: Sandbox, running: Running, signal: Deno.Signal = "SIGINT") {
  const { code, stdout, stderr }: Outcome = await running.interrupt(signal);
  assertMatch(stderr, new RegExp(`^error: interrupted by ${signal}$`, "m"));
  assertMatch(stderr, /^hint: .*\n(to go on: .*\n)?state: .*\n$/m);
  assertEquals([code, stdout, await sandbox.left()], [130, "", []], stderr);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`${signal} during the login ends the command with 130 and leaves nothing`, async () => {
    await using sandbox = await Sandbox.make();
    // Somebody who takes the call and never says a word.
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let call: Deno.Conn | undefined;
    const accepted = listener.accept().then((connection) => call = connection);
    accepted.catch(() => {});
    const words = ["--phases", "kexec", "-p", String(listener.addr.port), "root@127.0.0.1"];
    const running = sandbox.start(words);
    await running.until(() => call !== undefined);
    await interrupted(sandbox, running, signal);
    call?.close();
  });
}

Deno.test("SIGINT during the build ends it, and the builder", { ignore }, async () => {
  await using container = await startContainer();
  await using sandbox = await Sandbox.make();
  const started = `${sandbox.folder}/started`;
  // A new path each time: one that is built already would not be built.
  const flake = `{ outputs = _: let
    slow = name: derivation {
      inherit name; system = "x86_64-linux"; builder = "/bin/sh";
      args = [ "-c" "echo >${started}; exec /bin/sleep 300" ];
    };
  in { nixosConfigurations.web.config.system.build = {
    diskoScript = slow "disko"; toplevel = slow "nixos-system-web";
  }; }; }
  `;
  await sandbox.file("here/flake.nix", flake);
  const running = sandbox.start([
    ...["--flake", `path:${sandbox.folder}/here#web`, "--build-on", "local"],
    ...["--phases", "disko", "-i", container.identityFile, "-p", String(container.port)],
    ...["--ssh-option", "UserKnownHostsFile=/dev/null", `root@${container.host}`],
    // The target is no installer, which would end the run: the login has to go on until then.
    ...["--ssh-option", "ProxyCommand=sh -c 'cat >/dev/null; :'"],
  ], { NIX_CONFIG });
  await running.until(() => exists(started));
  await interrupted(sandbox, running);
});

Deno.test("SIGINT while nobody writes into the pipe of a disk key ends it", async () => {
  await using sandbox = await Sandbox.make();
  const pipe = `${sandbox.folder}/key`;
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  const paths = ["disko", "nixos-system-web"].map((name) => `/nix/store/${"1".repeat(32)}-${name}`);
  const words = ["--from", "file:///nowhere", "-s", ...paths, "--disk-encryption-keys", "/k", pipe];
  const running = sandbox.start([...words, "root@127.0.0.1"]);
  // Opened only when it is read.
  using _writer = await Deno.open(pipe, { write: true });
  await interrupted(sandbox, running);
});

const HANGING_TAR = "#!/bin/sh\necho >/run/box/unpacking\nexec sleep 300\n";

/** The command, when the target's tar hangs. */
async function unpacking(sandbox: Sandbox, container: Container): Promise<Running> {
  const image = await writeKexec(`${sandbox.folder}/image.tar.gz`);
  const running = sandbox.start([
    ...[
      "--phases",
      "kexec",
      "--kexec",
      image,
      "-i",
      container.identityFile,
      "-p",
      String(container.port),
    ],
    ...["--ssh-option", "UserKnownHostsFile=/dev/null", `root@${container.host}`],
  ]);
  await running.until(() => exists(`${container.shared}/unpacking`));
  return running;
}

Deno.test("a second SIGINT does not wait for the target to be tidied up", { ignore }, async () => {
  const rm = `#!/bin/sh
case "$*" in */nixos-anywhere.*) echo >/run/box/tidying; exec sleep 300 ;; esac
exec /bin/busybox rm "$@"
`;
  const files = {
    "/usr/bin/tar": { text: HANGING_TAR, mode: 0o755 },
    "/usr/local/bin/rm": { text: rm, mode: 0o755 },
  };
  await using container = await startContainer({ files });
  await using sandbox = await Sandbox.make();
  const running = await unpacking(sandbox, container);
  running.child.kill("SIGINT");
  await running.until(() => exists(`${container.shared}/tidying`));
  const began = performance.now();
  await interrupted(sandbox, running);
  assertLess(performance.now() - began, 3000);
});

Deno.test("SIGINT during the upload ends it, here and on the target", { ignore }, async () => {
  await using container = await startContainer({
    files: { "/usr/bin/tar": { text: HANGING_TAR, mode: 0o755 } },
  });
  await using sandbox = await Sandbox.make();
  const running = await unpacking(sandbox, container);
  await interrupted(sandbox, running);
  assertEquals((await container.run("ls /root/.ssh/authorized_keys")).code, 0);
});
