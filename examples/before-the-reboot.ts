/**
 * An install with a step of one's own in it: the system is installed below /mnt, and the installer still runs.
 *
 *     deno run -A examples/before-the-reboot.ts .#web root@203.0.113.7 [IMAGE] [PORT]
 */
import { nixosAnywhere } from "@nixos-anywhere/deno";

const [flake = ".#web", host = "root@203.0.113.7", kexec, port] = Deno.args;

const { rebooted } = await nixosAnywhere({
  flake,
  host,
  kexec,
  postKexecSshPort: port,
  after: {
    async install({ installer, system, report }) {
      await installer.script('date >"/mnt/etc/installed-at"');
      report({ type: "log", level: "info", text: `${system}: the date is noted` });
    },
  },
});
console.log(`${host} is ${rebooted?.seen}`);
