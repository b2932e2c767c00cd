/**
 * The install step by step, for whoever wants to do something between two of them. The two store paths
 * are built before; a local kexec image and a port can be named as well.
 *
 *     deno run -A examples/steps.ts root@203.0.113.7 DISKO SYSTEM [IMAGE] [PORT]
 *
 *     nix build --print-out-paths .#nixosConfigurations.web.config.system.build.diskoScript
 *     nix build --print-out-paths .#nixosConfigurations.web.config.system.build.toplevel
 */
import {
  connect,
  copyClosure,
  getFacts,
  install,
  reboot,
  runDisko,
  runKexec,
  storePath,
  uploadKexec,
} from "@nixos-anywhere/deno";

const [host = "root@203.0.113.7", diskoPath = "", systemPath = "", image, port] = Deno.args;
const disko = storePath(diskoPath);
const system = storePath(systemPath);
const after = port === undefined ? {} : { port: Number(port) };

// A session is one ssh login; `await using` ends it, however this script ends.
await using target = await connect(host, after);
const facts = await getFacts(target);
console.log(`${facts.name}, ${facts.arch}, ${Math.round(facts.memory / 2 ** 20)} MiB`);
if (facts.os !== "Linux") throw new Error(`${host} runs ${facts.os}`);

// The old system is gone after this, its disks are not touched yet.
const remote = await uploadKexec(target, { image, facts });
await using installer = await runKexec(target, remote, after);
console.log((await installer.run(["lsblk", "-o", "NAME,SIZE"], { allowFailure: true })).stdout);

// From here on the data on the disks that the script names is gone.
await copyClosure(installer, disko);
await runDisko(installer, disko);

await copyClosure(installer, system, { root: "/mnt" });
await install(installer, system, { copyHostKeys: true });
// The new system is below /mnt: the place and the time for changes of one's own.
await installer.script('date >"/mnt/etc/installed-at"');

const { seen, system: running } = await reboot(installer, { system });
console.log(`${host}: ${seen} ${running ?? ""}`);
