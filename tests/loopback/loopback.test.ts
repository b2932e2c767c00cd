import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/steps/connect.ts";
import type { Session } from "../../lib/ssh/session.ts";
import {
  atHome,
  type Container,
  type Machine,
  noContainers,
  PASSWORD,
  startContainer,
  startMachine,
  writeKexec,
} from "../support/loopback/mod.ts";

const why = await noContainers();
const ignore = why !== undefined;

Deno.test(`startBox() works on this machine${ignore ? `, which it does not: ${why}` : ""}`, {
  ignore,
}, () => {
  assert(!ignore);
});

function login(target: Container | Machine): Promise<Session> {
  const { host, port, identityFile } = target;
  return connect(`root@${host}`, { port, identityFile, hostKey: "off" });
}

Deno.test("startBox() keeps what runs in it from this machine's files", { ignore }, async () => {
  const path = `/etc/box-${crypto.randomUUID()}`;
  await using container = await startContainer({
    bootId: "a-boot",
    without: ["setsid"],
    installer: true,
  });
  await using target = await login(container);
  await target.run(["sh", "-c", "echo x >$1; reboot -f", "sh", path]);
  assert(!(await Deno.stat(path).then(() => true, () => false)));
  assertEquals(
    (await container.run(`cat ${path} /proc/sys/kernel/random/boot_id`)).stdout,
    "x\na-boot\n",
  );
  assertEquals((await container.run("command -v setsid")).code, 127);
  assertMatch((await container.run("cat /etc/os-release")).stdout, /^VARIANT_ID=installer$/m);
  assertEquals(await container.commands(), ["reboot -f"]);
  assertEquals(await container.logins(), ["root publickey"]);
});

Deno.test(
  "startBox() gives admin sudo, plain none and pwuser with a password",
  { ignore },
  async () => {
    await using container = await startContainer();
    assertEquals((await container.run("su admin -c 'sudo -n id -u'")).stdout, "0\n");
    assertEquals((await container.run("su plain -c 'sudo -n id -u'")).code, 1);
    assertEquals((await container.run("su pwuser -c 'sudo -n id -u'")).code, 1);
    const { stdout } = await container.run(`su pwuser -c 'echo ${PASSWORD} | sudo -S id -u'`);
    assertEquals(stdout, "0\n");
  },
);

Deno.test("Box.end() leaves neither processes nor files", { ignore }, async () => {
  const mark = `${100000 + Math.floor(Math.random() * 100000)}`;
  const container = await startContainer();
  await container.run(`setsid sleep ${mark} >/dev/null 2>&1 & sleep 0.05`);
  await container.end();
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args"] }).output();
  assert(!new TextDecoder().decode(stdout).includes(mark));
  assert(!(await Deno.stat(container.folder).then(() => true, () => false)));
});

Deno.test(
  "startMachine() boots with the same host keys after a kexec image's run",
  { ignore },
  async () => {
    await using machine = await startMachine({}, { installer: true, gap: 0 });
    const image = await writeKexec(`${machine.container.shared}/image.tar.gz`);
    {
      await using target = await login(machine);
      using file = await Deno.open(image);
      await target.pipe(file.readable, ["tar", "-xzC", "/root"]);
      const { stdout } = await target.run(["/root/kexec/run", "--kexec-extra-flags", "--a --b"]);
      assertMatch(stdout, /^machine will boot into nixos in 6s\.\.\.$/m);
    }
    while (machine.containers.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    await using target = await login(machine);
    assertEquals((await target.run(["ls", "/root"])).stdout, "");
    assertMatch((await machine.containers[0]!.commands())[0]!, /^run flags=--a --b /);
    assertEquals(await machine.logins(), ["0 root publickey", "1 root publickey"]);
    assertEquals(machine.containers[0]!.knownHosts, machine.containers[1]!.knownHosts);
  },
);

Deno.test("atHome() shows another ~/.ssh", { ignore }, async () => {
  const { stdout } = await atHome(["sh", "-c", "cd && ls .ssh"], { config: "", known_hosts: "" });
  assertEquals(stdout, "config\nknown_hosts\n");
});

Deno.test("startBox() answers as the machine that it is said to be", { ignore }, async () => {
  const look = "cat /proc/sys/kernel/kexec_load_disabled; systemd-detect-virt; hostname";
  await using usual = await startContainer();
  assertEquals((await usual.run(look)).stdout, "0\nnone\nbox\n");
  await using other = await startContainer({ kexec: "disabled", container: "lxc" });
  assertEquals((await other.run(look)).stdout, "1\nlxc\nbox\n");
  await using old = await startContainer({ kexec: "missing" });
  assertEquals((await old.run(look)).stdout, "none\nbox\n");
});
