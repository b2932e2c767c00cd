/**
 * The emulated machine by itself: a whole installation by hand, with nothing but ssh, tar and nix. When this fails, no
 * other test on the machine means anything.
 */
import { run } from "./build/run.ts";
import { buildImages, flakeFor, missingPackages } from "./images.ts";
import { type Machine, startMachine } from "./machine.ts";
import { NIX_CONFIG } from "./nix.ts";

function equals(actual: string, expected: string): void {
  if (actual.trim() !== expected) throw new Error(`Expected ${expected}, got ${actual.trim()}`);
}

/** The commands of one test: a key, a known_hosts file and the options that every ssh gets. */
class Hand {
  readonly options: readonly string[];
  constructor(readonly folder: string, readonly machine: Machine) {
    this.options = [
      ...[
        "-i",
        `${folder}/id`,
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "BatchMode=yes",
        "-o",
        "ConnectTimeout=10",
      ],
      ...["-o", `UserKnownHostsFile=${folder}/known_hosts`, "-o", "StrictHostKeyChecking=yes"],
      // A login that a kexec cuts in two would wait for ever.
      ...["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=3"],
      ...["-o", `Port=${machine.port}`, "-F", "none"],
    ];
  }

  ssh(command: string, user = "root"): Promise<string> {
    return run("ssh", [...this.options, `${user}@${this.machine.host}`, command]);
  }

  nix(...args: string[]): Promise<string> {
    // The nix of Debian 12 splits this at spaces.
    return run("nix", args, { env: { NIX_CONFIG, NIX_SSHOPTS: this.options.join(" ") } });
  }

  async bootId(): Promise<string> {
    return (await this.ssh("cat /proc/sys/kernel/random/boot_id")).trim();
  }

  /** Waits for a login on another boot than the one given. */
  async rebooted(before: string, seconds: number): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    let problem: unknown;
    while (performance.now() < deadline) {
      // Only a banner is cheap to wait for: a login begun too early hangs until its time is up.
      await this.machine.answers(deadline - performance.now());
      try {
        if (await this.bootId() !== before) return;
      } catch (error) {
        problem = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`Nothing new answers:\n${(await this.machine.console()).slice(-3000)}`, {
      cause: problem,
    });
  }
}

Deno.test({
  name: "startMachine() gives a machine that NixOS can be installed on by hand",
  ignore: (await missingPackages()).length > 0,
  fn: async () => {
    const images = await buildImages({ report: console.log });
    const folder = await Deno.makeTempDir({ prefix: "vm-test-" });
    let started = performance.now();
    const lap = (what: string) => {
      console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${what}`);
      started = performance.now();
    };
    try {
      await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${folder}/id`]);
      const key = await Deno.readTextFile(`${folder}/id.pub`);
      await using machine = await startMachine(images, { authorizedKeys: [key] });
      lap("stage 1 answers");
      const known = machine.hostKeys.map((line) => `[${machine.host}]:${machine.port} ${line}\n`)
        .join("");
      await Deno.writeTextFile(`${folder}/known_hosts`, known);
      const hand = new Hand(folder, machine);

      equals(await hand.ssh("id -u; . /etc/os-release; echo $ID"), "0\ndebian");
      equals(await hand.ssh("sudo -n id -u", "admin"), "0");
      equals(await hand.ssh("doas -n id -u", "operator"), "0");
      lap("logins as root, admin, operator");

      const first = await hand.bootId();
      const upload = `ssh ${
        hand.options.join(" ")
      } root@${machine.host} 'tar -xzf - -C /root' < ${images.kexecTarball}`;
      await run("sh", ["-euc", upload]);
      lap("image uploaded");
      const said = await hand.ssh(
        "TMPDIR=/root setsid --wait /root/kexec/run --kexec-extra-flags ''",
      );
      equals(said.slice(-38), "machine will boot into nixos in 6s...");
      lap("run returned");
      // known_hosts holds the first system's keys only: any answer proves that they were carried over.
      await hand.rebooted(first, 60);
      lap("installer answers");
      equals(await hand.ssh(". /etc/os-release; echo $ID $VARIANT_ID"), "nixos installer");

      const flake = await flakeFor(images, { authorizedKeys: [key], dir: `${folder}/flake` });
      const attribute = (name: string) =>
        `path:${flake}#nixosConfigurations.demo.config.system.build.${name}`;
      const build = async (name: string): Promise<string> => {
        const [built] = JSON.parse(await hand.nix("build", "--json", "--no-link", attribute(name)));
        return built.outputs.out;
      };
      const [disko, toplevel] = [await build("diskoScript"), await build("toplevel")];
      lap("flake built");
      const store = `ssh-ng://root@${machine.host}`;
      await hand.nix("copy", "--no-check-sigs", "--to", store, disko);
      lap("disk script copied");
      await hand.ssh(disko);
      lap("disk script run");
      await hand.nix(
        "copy",
        "--no-check-sigs",
        "--to",
        `${store}?remote-store=local?root=/mnt`,
        toplevel,
      );
      lap("closure copied");
      const installed = await hand.ssh(
        `nixos-install --no-root-passwd --no-channel-copy --system ${toplevel}`,
      );
      if (!/installing the boot loader...\n[^]*installation finished!\n$/.test(installed)) {
        throw new Error(installed);
      }
      await hand.ssh("cp -p /etc/ssh/ssh_host_* /mnt/etc/ssh/");
      lap("nixos-install");

      const second = await hand.bootId();
      await hand.ssh("nohup sh -c 'sleep 1; reboot' > /dev/null 2>&1 < /dev/null &");
      await hand.rebooted(second, 60);
      lap("installed system answers");
      equals(await hand.ssh("readlink -f /run/current-system"), toplevel);
      equals(await hand.ssh("readlink -f /nix/var/nix/profiles/system"), toplevel);
      equals(
        await hand.ssh(". /etc/os-release; echo $ID; findmnt -no SOURCE,OPTIONS / | cut -c 1-12"),
        "nixos\n/dev/vda1 rw",
      );
      equals(`${machine.starts}`, "2");
      lap("checked");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
