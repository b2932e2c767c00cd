import { assertEquals } from "@std/assert";
import { connect, type ReportEvent, useSubstituters } from "../../mod.ts";
import { freePort, noContainers, startContainer } from "../support/loopback/mod.ts";

const ignore = await noContainers() !== undefined;
const CONF = "cat /root/.config/nix/nix.conf";

Deno.test("useSubstituters() adds what answers, once, and leaves out what does not", {
  ignore,
}, async () => {
  await using container = await startContainer();
  const { host, port, identityFile } = container;
  const told: string[] = [];
  const report = (event: ReportEvent) => {
    if (event.type === "log" && event.level === "warning") told.push(event.text);
  };
  await using target = await connect(`root@${host}`, {
    ...{ port, identityFile, hostKey: "off", report },
  });
  const asked: string[] = [];
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    ({ url }) => {
      asked.push(new URL(url).pathname);
      return new Response("no", { status: 404 });
    },
  );
  const alive = `http://127.0.0.1:${server.addr.port}/cache?a=$(touch /tmp/ran)&b=*`;
  const dead = `http://127.0.0.1:${freePort()}`;
  const publicKeys = ["one:AAAA=", "two:BBBB="];
  for (let time = 0; time < 2; time++) {
    await useSubstituters(target, { substituters: [dead, alive, "s3://bucket"], publicKeys });
  }
  const { stdout } = await container.run(`${CONF}; ls /tmp/ran 2>&1`);
  assertEquals(stdout.split("\n").filter((line) => line !== ""), [
    `extra-substituters = ${alive} s3://bucket`,
    "extra-trusted-public-keys = one:AAAA= two:BBBB=",
    "ls: cannot access '/tmp/ran': No such file or directory",
  ]);
  const line = `root@${host}: the substituter ${dead} does not answer there: not used`;
  assertEquals(told, [line, line]);
  assertEquals(asked.length, 2);
});

Deno.test("useSubstituters() adds nothing for nothing", { ignore }, async () => {
  await using container = await startContainer({ without: ["curl"] });
  const { host, port, identityFile } = container;
  await using target = await connect(`root@${host}`, { port, identityFile, hostKey: "off" });
  await useSubstituters(target, { substituters: [], publicKeys: [] });
  assertEquals((await container.run(CONF)).stdout, "");
  // What cannot be asked is believed.
  await useSubstituters(target, { substituters: ["http://127.0.0.1:1"], publicKeys: [] });
  assertEquals((await container.run(CONF)).stdout, "\nextra-substituters = http://127.0.0.1:1\n");
});
