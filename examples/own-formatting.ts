/**
 * A script of one's own in the place of disko: it formats the disks and mounts them below /mnt. All else stays as it is:
 * the checks, the events, going on after a failure.
 *
 *     deno run -A examples/own-formatting.ts .#web root@203.0.113.7 ./format.sh [IMAGE] [PORT]
 */
import { nixosAnywhere } from "@nixos-anywhere/deno";

const [flake = ".#web", host = "root@203.0.113.7", file = "./format.sh", kexec, port] = Deno.args;
const format = await Deno.readTextFile(file);

const { system, rebooted } = await nixosAnywhere({
  flake,
  host,
  kexec,
  postKexecSshPort: port,
  stages: {
    async disko({ installer }) {
      await installer.script(format, { name: file });
    },
  },
});
console.log(`${host}: ${system} is ${rebooted?.seen}`);
