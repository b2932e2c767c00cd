/**
 * The whole installation where the target does as much as it can: it fetches the image, looks at its hardware and builds
 * the system. The login is by password, as a user with doas.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
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
import { type Fixture, openFixture } from "./fixture.ts";

const PASSWORD = 'a pass\'word "with" $all \\that';
/** The machine that emulates, as its guest sees it. */
const HERE = "10.0.2.2";

Deno.test({
  name:
    "cli.ts --env-password has the target fetch, scan and build, and takes its temporary key away again",
  ignore: (await missingPackages()).length > 0,
  fn: async (t) => {
    await using fixture = await openFixture({ password: PASSWORD });
    const { machine, folder, flake } = fixture;
    const target = `operator@${machine.host}`;
    await shell('gzip -dc "$1" | zstd -q -1 -T0 -o "$2/image.tar.zst"', [
      fixture.images.kexecTarball,
      folder,
    ]);
    const git = (...words: string[]) => run("git", ["-C", flake, ...words]);
    const author = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
    await git("init", "-q");
    await git("add", "--all");
    await git(...author, "commit", "-qm", "the flake");
    await using server = serve(folder);
    await t.step(
      "uploadKexec() lets a target without curl fetch with wget",
      () => fetchedByWget(fixture, server),
    );

    const logins = await countLogins(machine);
    const port = String(machine.port);
    await using running = startCommand(fixture, [
      ...["-p", port, "--post-kexec-ssh-port", port],
      ...fixture.sshOptions.flatMap((option) => ["--ssh-option", option]),
      ...["--kexec", `${server.url}/image.tar.zst?for=target&of=x`, "-f", `${flake}#generated`],
      ...["--generate-hardware-config", "nixos-facter", `${flake}/facter.json`],
      ...["--kexec-extra-flags", "--no-checks"],
      ...["--build-on", "remote", "--copy-host-keys", "--env-password", "--debug", target],
    ], { SSHPASS: PASSWORD });

    // With flags the image's script boots by itself: the first system still runs for six seconds.
    await running.said(/machine will boot into nixos/);
    const before = await authorizedKeys(fixture, "/home/operator");
    for (const line of await fixture.leftProcesses()) assert(!line.includes(PASSWORD), line);
    assertEquals(await filesWith(PASSWORD, fixture.temporary), "");
    await running.said(/^### Formatting the disks$/m);
    const after = await authorizedKeys(fixture, "/root");
    const { output, stdout } = await running.expect(0);

    // One login on each of the first two systems was the look at its keys; the third one lets nobody in by password.
    const boots = await logins();
    printTimes("fetched and built by the target", printedTimes(output), boots);
    const installed = boots.pop();
    assertFewLogins(boots, ["target", "installer"]);
    assertEquals([installed?.stage, installed?.accepted], ["installed", []]);
    await assertNothingLeft(fixture);
    assertMatch(boots[0]?.accepted.join("\n") ?? "", /Accepted password for operator/);
    assertEquals(server.requests.splice(0), ["curl /image.tar.zst?for=target&of=x"]);
    assertEquals(before, `debian\n${fixture.publicKey}`);
    // Carried over for root and for the user of doas; ours logs in again until the reboot.
    const lines = after.split("\n");
    const own = lines.filter((line) => / nixos-anywhere-\S+$/.test(line));
    assertEquals(lines.filter((line) => !own.includes(line)), [
      "nixos",
      fixture.publicKey,
      fixture.publicKey,
    ]);
    assert(own.length > 0, after);
    assert(!output.includes(PASSWORD), "the password is in the output");
    assert(!output.includes("PRIVATE KEY"), "a private key is in the output");
    assertMatch(output, /^building on the target: as --build-on says$/m);
    // nix would find out for every path that this one does not answer.
    assertMatch(output, /^warning: .*the substituter http:\/\/10\.0\.2\.2:9\/ does not answer/m);
    assert(!output.includes("unable to download"), output);
    assert(!output.includes("nothing is shared by the stores"), output);

    const end = /^(\S+) was rebooted into (\S+); it does not let this login in\n$/.exec(stdout);
    const [, host, system = ""] = end ?? [];
    assertEquals(host, target);
    assertMatch(system, /^\/nix\/store\/\w{32}-nixos-system-generated-25\.11$/);
    await assertRejects(() => Deno.lstat(system), Deno.errors.NotFound);
    await assertInstalled(fixture, system);
    assertEquals(await git("status", "--porcelain"), " A facter.json\n");
    const facter = await Deno.readTextFile(`${flake}/facter.json`);
    assertEquals(JSON.parse(facter).hardware.disk[0].unix_device_names, ["/dev/vda"]);
    assertEquals(await fixture.look("cat /etc/hardware"), facter.trimEnd());
  },
});

/** The same without curl, with another compression, by the steps themselves. */
async function fetchedByWget(fixture: Fixture, server: Served): Promise<void> {
  const { machine } = fixture;
  // It is only unpacked, so that empty files will do.
  const text = 'cd "$1"; mkdir kexec; for name in run kexec ip bzImage initrd; do ' +
    'install /dev/null "kexec/$name"; done; tar -cJf image.tar.xz kexec';
  await shell(text, [fixture.folder]);
  await fixture.look("mv /usr/bin/curl /usr/bin/not-curl");
  await fixture.within(async () => {
    await using target = await connect(`root@${machine.host}`, {
      port: machine.port,
      password: PASSWORD,
      sshOptions: fixture.sshOptions,
    });
    assertEquals(target.method, "password");
    const { folder } = await uploadKexec(target, { image: `${server.url}/image.tar.xz` });
    await target.run(["test", "-x", `${folder}/kexec/run`]);
    await target.run(["rm", "-r", folder]);
  });
  assertEquals(server.requests.splice(0), ["Wget /image.tar.xz"]);
  await assertNothingLeft(fixture);
  await fixture.look("mv /usr/bin/not-curl /usr/bin/curl");
}

/** The system's name and the authorized keys in a home. */
async function authorizedKeys(fixture: Fixture, home: string): Promise<string> {
  return await fixture.look(
    `sed -n 's/^ID=//p' /etc/os-release; grep . ${home}/.ssh/authorized_keys`,
  );
}

/** The files of a folder that hold a text. */
async function filesWith(text: string, folder: string): Promise<string> {
  return await run("grep", ["-rlF", "-D", "skip", "-e", text, folder]).catch(() => "");
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
