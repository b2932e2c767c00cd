/** The whole installation by password, with an image that the target fetches over HTTP. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect, uploadKexec } from "../../mod.ts";
import { run, shell } from "./build/run.ts";
import {
  assertFewLogins,
  assertInstalled,
  assertNothingLeft,
  printedTimes,
  printTimes,
} from "./checks.ts";
import { startCommand } from "./command.ts";
import { missingPackages } from "./images.ts";
import { countLogins } from "./logins.ts";
import { openScene, type Scene } from "./scene.ts";

const PASSWORD = 'a pass\'word "with" $all \\that';
/** The machine that emulates, as its guest sees it. */
const HERE = "10.0.2.2";

Deno.test({
  name:
    "cli.ts --env-password installs with an image that the target fetches, and takes its temporary key away again",
  ignore: (await missingPackages()).length > 0,
  fn: async () => {
    await using scene = await openScene({ password: PASSWORD });
    const { machine, folder } = scene;
    await shell('gzip -dc "$1" | zstd -q -1 -T0 -o "$2/image.tar.zst"', [
      scene.images.kexecTarball,
      folder,
    ]);
    await using server = serve(folder);
    await fetchedByWget(scene, server);

    const [system = ""] = await scene.build("demo", "toplevel");
    const logins = await countLogins(machine);
    const port = String(machine.port);
    await using running = startCommand(scene, [
      ...["-p", port, "--post-kexec-ssh-port", port],
      ...scene.sshOptions.flatMap((option) => ["--ssh-option", option]),
      ...[
        "--kexec",
        `${server.url}/image.tar.zst?for=target&of=x`,
        "-f",
        `path:${scene.flake}#demo`,
      ],
      ...["--env-password", "--debug", `root@${machine.host}`],
    ], { SSHPASS: PASSWORD });

    // The first system still runs for six seconds.
    await running.said(/machine will boot into nixos/);
    const before = await authorizedKeys(scene);
    for (const line of await scene.leftProcesses()) assert(!line.includes(PASSWORD), line);
    assertEquals(await grep(scene.temporary), "");
    await running.said(/^### Formatting the disks$/m);
    const after = await authorizedKeys(scene);
    const { output, stdout } = await running.expect(0);

    // Two of the logins were not the command's: one look on each system.
    const boots = await logins();
    printTimes("by password, image over HTTP", printedTimes(output), boots);
    const installed = boots.pop();
    assertFewLogins(boots, ["target", "installer"]);
    assertEquals([installed?.stage, installed?.accepted], ["installed", []]);
    await assertNothingLeft(scene);
    assertMatch(boots[0]?.accepted.join("\n") ?? "", /Accepted password for root/);
    assertEquals(server.requests.splice(0), ["curl /image.tar.zst?for=target&of=x"]);
    assertEquals(before, `debian\n${scene.publicKey}`);
    assertEquals(after, `nixos\n${scene.publicKey}`);
    assert(!output.includes(PASSWORD), "the password is in the output");
    assert(!output.includes("PRIVATE KEY"), "a private key is in the output");
    // Nobody's password is valid on the new system, and the temporary key was never in it.
    assertMatch(
      stdout,
      new RegExp(`^root@.* was rebooted into ${system}; it does not let this login in\n$`),
    );
    await machine.answers(30_000);
    await assertInstalled(scene, system, { anyHostKey: true });
  },
});

/** The same without curl, with another compression, by the steps themselves. */
async function fetchedByWget(scene: Scene, server: Served): Promise<void> {
  const { machine } = scene;
  // Only unpacked, so that one file is enough.
  const text = 'cd "$1"; mkdir kexec; install /dev/null kexec/run; tar -cJf image.tar.xz kexec';
  await shell(text, [scene.folder]);
  await scene.look("mv /usr/bin/curl /usr/bin/not-curl");
  await scene.within(async () => {
    await using target = await connect(`root@${machine.host}`, {
      port: machine.port,
      password: PASSWORD,
      sshOptions: scene.sshOptions,
    });
    assertEquals(target.method, "password");
    const { folder } = await uploadKexec(target, { image: `${server.url}/image.tar.xz` });
    await target.run(["test", "-x", `${folder}/kexec/run`]);
    await target.run(["rm", "-r", folder]);
  });
  assertEquals(server.requests.splice(0), ["Wget /image.tar.xz"]);
  await assertNothingLeft(scene);
  await scene.look("mv /usr/bin/not-curl /usr/bin/curl");
}

/** The system's name and root's authorized keys, once they are as they were, or after a while. */
async function authorizedKeys(scene: Scene): Promise<string> {
  return await scene.look(
    "for i in 1 2 3 4 5 6; do grep -q nixos-anywhere /root/.ssh/authorized_keys || break; sleep 0.3; done; " +
      "sed -n 's/^ID=//p' /etc/os-release; grep . /root/.ssh/authorized_keys",
  );
}

/** The files of a folder that hold the password. */
async function grep(folder: string): Promise<string> {
  return await run("grep", ["-rlF", "-D", "skip", "-e", PASSWORD, folder]).catch(() => "");
}

interface Served extends AsyncDisposable {
  readonly url: string;
  /** Program and path of each request so far. */
  readonly requests: string[];
}

/** Serves the files of a folder on this machine. */
function serve(folder: string): Served {
  const requests: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      requests.push(`${request.headers.get("user-agent")?.split("/")[0]} ${pathname}${search}`);
      const file = await Deno.open(`${folder}${pathname}`);
      return new Response(file.readable);
    },
  );
  return {
    url: `http://${HERE}:${server.addr.port}`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
