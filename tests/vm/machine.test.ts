/**
 * The emulated machine by itself: into the installer by hand, with nothing but ssh and tar. When this fails, no other
 * test on the machine means anything; from there on those are whole installations.
 */
import { run } from "./build/run.ts";
import { buildImages, missingPackages } from "./images.ts";
import { type Machine, startMachine } from "./machine.ts";

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
  name:
    "startMachine() gives a machine that boots an installer by hand, with the host keys and logins it had",
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
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
