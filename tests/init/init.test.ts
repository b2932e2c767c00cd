/** `nixos-anywhere init`: the flakes that it writes, with this machine's nix, and what it refuses. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { LAYOUT, parseLayout } from "../../lib/nix/disk_layout.ts";
import { wrongWith } from "../pages/command_line.ts";
import { init as main } from "../../lib/cli/init.ts";
import { Terminal } from "../field/terminal.ts";
import { Sandbox } from "../support/install/sandbox.ts";
import { NIX_CONFIG } from "../vm/nix.ts";
import { readLayout } from "./disk_layout.ts";
import { writeStandIns } from "./stand_ins.ts";

const LAYOUTS = {
  plain: { "/": "ext4", "/boot": "vfat" },
  luks: { "/": "ext4", "/boot": "vfat" },
  zfs: { "/": "zfs", "/boot": "vfat", "/home": "zfs", "/nix": "zfs" },
  btrfs: { "/": "btrfs", "/boot": "vfat", "/home": "btrfs", "/nix": "btrfs" },
  mirrored: { "/": "ext4", "/boot": "vfat" },
} as const;
const FILES = ["configuration.nix", "disk-config.nix", "flake.nix"];

/** A comment of a key that would be evaluated, if it were not kept as a value. */
const COMMENT = 'me@x ${throw "evaluated"} "; \\ \'\'';

const noNix = await new Deno.Command("nix-instantiate", { args: ["--version"] }).output()
  .then(({ success }) => !success, () => true);

async function run(program: string, ...args: readonly string[]): Promise<string> {
  const env = { NIX_CONFIG };
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], env })
    .output();
  assert(success, `${program} ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Makes a key, and returns its public half. */
async function makeKey(path: string, comment = COMMENT): Promise<string> {
  await run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path);
  return (await Deno.readTextFile(`${path}.pub`)).trim();
}

async function withUser(
  work: (sandbox: Sandbox, key: string, ssh: string) => Promise<void>,
): Promise<void> {
  await using sandbox = await Sandbox.make();
  const ssh = `${sandbox.folder}/home/.ssh`;
  await Deno.mkdir(ssh, { mode: 0o700 });
  await work(sandbox, await makeKey(`${ssh}/id_ed25519`), ssh);
}

const init = (sandbox: Sandbox, ...words: readonly string[]) =>
  sandbox.start(["init", ...words]).end;

Deno.test(
  "init writes a flake of each layout that nix evaluates",
  { ignore: noNix },
  () =>
    withUser(async (sandbox, key) => {
      const inputs = await writeStandIns(`${sandbox.folder}/inputs`);
      for (const [at, [layout, points]] of Object.entries(LAYOUTS).entries()) {
        const disks = layout === "mirrored"
          ? ["/dev/sda", "/dev/sdb"]
          : ["/dev/disk/by-id/wwn-0x5"];
        const arm = at % 2 === 1;
        const folder = `${sandbox.folder}/run/${layout}`;
        const system = arm ? "aarch64-linux" : "x86_64-linux";
        const hardware = arm ? "nixos-generate-config" : "nixos-facter";
        const { code, stderr } = await init(
          sandbox,
          layout,
          ...["--layout", layout, "--system", system, "--hardware", hardware],
          ...disks.flatMap((disk) => ["--disk", disk]),
        );
        assertEquals(code, 0, stderr);
        assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), FILES);
        await run("nix-instantiate", "--parse", ...FILES.map((name) => `${folder}/${name}`));

        const what = `path:${folder}#nixosConfigurations.${layout}.config`;
        const args = ["eval", "--json", "--no-write-lock-file", ...inputs, what];
        const config = JSON.parse(await run("nix", ...args));
        const read = readLayout(config.disko.devices);
        assertEquals(read, { wrong: [], mounted: read.mounted, disks });
        assertEquals(read.mounted, points);
        assertEquals(config.users.users.root.openssh.authorizedKeys.keys, [key]);
        assertEquals(config.networking.hostName, layout);
        assertEquals(config.nixpkgs.hostPlatform, system);
        assertEquals(config.boot.loader.grub.device, arm ? "nodev" : undefined);
        const bios = await Deno.readTextFile(`${folder}/disk-config.nix`);
        assertEquals(bios.includes("EF02"), !arm);
        assertEquals([config.virtual, config.firmware], [true, true]);
        assertEquals(config.hardware?.facter.reportPath, arm ? undefined : {});
        // Our own look at it: the passphrase is asked for before anything is booted.
        const told = parseLayout(JSON.parse(await run("nix", ...args, "--apply", LAYOUT)));
        assertEquals(told?.disks.map(({ device }) => device), disks);
        assertEquals(
          told?.passphrases,
          layout === "luks" ? [{ kind: "LUKS", name: "cryptroot" }] : [],
        );
        // What the installer's newest kernel makes is started by the newest one, not by each.
        assertEquals(told?.kernel, layout === "mirrored" ? "7.1.5" : undefined);
        if (layout === "zfs") assertMatch(config.networking.hostId, /^[0-9a-f]{8}$/);

        // What the install writes is used from then on.
        const written = arm ? "hardware-configuration.nix" : "facter.json";
        await Deno.writeTextFile(`${folder}/${written}`, arm ? "{ found = true; }" : "{}");
        const then = JSON.parse(await run("nix", ...args));
        assert(
          arm ? then.found : then.hardware.facter.reportPath.endsWith("facter.json"),
          written,
        );
      }
    }),
);

Deno.test(
  "init guesses no disk to wipe: what is made of it does not evaluate before one is named",
  {
    ignore: noNix,
  },
  () =>
    withUser(async (sandbox) => {
      const inputs = await writeStandIns(`${sandbox.folder}/inputs`);
      for (const layout of ["plain", "mirrored"]) {
        const { code, stderr } = await init(sandbox, layout, "--layout", layout);
        assertEquals(code, 0, stderr);
        const folder = `${sandbox.folder}/run/${layout}`;
        const what = `path:${folder}#nixosConfigurations.${layout}.config`;
        const args = ["eval", "--json", "--no-write-lock-file", ...inputs];
        await run("nix", ...args, `${what}.networking.hostName`);
        const error = await run("nix", ...args, `${what}.disko.devices`).catch(String);
        assertStringIncludes(error, "disk-config.nix names no disk yet");
        assertEquals(error.includes("/dev/sd"), false, error);
      }
    }),
);

Deno.test("init says the next two commands, as they are in a work tree of git and elsewhere", () =>
  withUser(async (sandbox) => {
    const first = await init(sandbox, "it's web/", "--disk", "/dev/vda");
    assertEquals(first.code, 0, first.stderr);
    const [title, lock, install, ...more] = first.stdout.trimEnd().split("\n");
    assertEquals([title, more], ["next:", []]);
    assertEquals(lock, "  cd 'it'\\''s web' && nix flake lock");
    assertMatch(install ?? "", /^ {2}nixos-anywhere --flake '\.#server' --generate-hardware-/);
    assertEquals(first.stderr.includes("notice"), false);
    assertEquals(await wrongWith(install ?? ""), undefined);
    const dash = await init(sandbox, "--disk", "/dev/vda", "--", "-web");
    assertStringIncludes(dash.stdout, "  cd ./-web && nix flake lock\n");
    await Deno.mkdir(`${sandbox.folder}/run/.git`);
    const second = await init(sandbox, "--hardware", "none", "--name", "my.web");
    assertEquals(second.code, 0, second.stderr);
    assertStringIncludes(
      second.stdout,
      "\n  git add flake.nix configuration.nix disk-config.nix &&",
    );
    assertStringIncludes(second.stdout, "\n  nixos-anywhere --flake '.#my.web' root@ADDRESS\n");
    assertStringIncludes(second.stderr, "notice: no disk is named yet");
    assertStringIncludes(second.stdout, "next:\n  ssh root@ADDRESS ls -l /dev/disk/by-id\n  git");
  }));

Deno.test("init overwrites nothing, and writes nothing then", () =>
  withUser(async (sandbox) => {
    const folder = `${sandbox.folder}/run/web`;
    await Deno.mkdir(folder);
    // A link to nowhere would be written through.
    await Deno.symlink(`${sandbox.folder}/elsewhere`, `${folder}/disk-config.nix`);
    await Deno.writeTextFile(`${sandbox.folder}/run/file`, "mine");
    for (
      const [dir, message] of [
        ["web", '"web" has disk-config.nix already'],
        ["file", "no folder"],
        ["file/web", "cannot write into"],
      ]
    ) {
      const { code, stderr, stdout } = await init(sandbox, dir ?? "");
      assertEquals([code, stdout], [2, ""]);
      assertStringIncludes(stderr, message ?? "");
    }
    assertEquals([...Deno.readDirSync(folder)].length, 1);
    assertEquals(await Deno.lstat(`${sandbox.folder}/elsewhere`).catch(() => "none"), "none");
    assertEquals(await Deno.readTextFile(`${sandbox.folder}/run/file`), "mine");
  }));

Deno.test("init refuses what it is told wrongly, with exit code 2 and nothing written", () =>
  withUser(async (sandbox, _key, ssh) => {
    const rows: readonly [words: readonly string[], message: RegExp][] = [
      [["--layout", "raid9"], /--layout: "raid9" is not possible\nhint: use one of plain, luks/],
      [["--disk", "sda"], /--disk: "sda" is no disk/],
      [["--disk", '/dev/sda"; evil = "'], /is no disk/],
      [["--disk", "/dev/../etc"], /is no disk/],
      [["--disk", "/dev/nvme0n1p2"], /is a partition/],
      [["--disk", "/dev/disk/by-partuuid/x"], /names what is on a disk/],
      [["--disk", "/dev/disk/by-id/ata-X-part1"], /is a partition/],
      [["--disk", "/dev/sda", "--disk", "/dev/sdb"], /--layout plain takes 1 disk, not 2/],
      [["--layout", "mirrored", "--disk", "/dev/sda"], /takes 2 to 8 disks, not 1/],
      [["--layout", "mirrored", "--disk", "/dev/sda", "--disk", "/dev/sda"], /named twice/],
      [["--hostname", "a.b"], /--hostname: "a\.b" is no name of a machine/],
      [["--name", "a#b"], /--name: "a#b" is no name of a configuration/],
      [["--name", "${x}"], /is no name of a configuration/],
      [["--key", "ssh-ed25519 AAAA"], /--key: "ssh-ed25519 AAAA" is no public ssh key/],
      [["--key", "nowhere.pub"], /no file that can be read/],
      [["--key", `${ssh}/id_ed25519`], /is a private key, which no configuration may hold/],
      [["--hardware", "guess"], /--hardware: "guess" is not possible/],
      [["--disc", "/dev/sda"], /unknown option "--disc"/],
      [["a", "b"], /two folders are named/],
      [["a\x1b[2Jb"], /is no folder/],
    ];
    const secret = (await Deno.readTextFile(`${ssh}/id_ed25519`)).split("\n")[1] ?? "";
    for (const [words, message] of rows) {
      const said: string[] = [];
      const printError = (line: string) => void said.push(line);
      const terminal = {
        ...{ print: printError, printError, writeError: printError },
        exit: () => {},
      };
      const dir = words[0]?.startsWith("-") ? [`${sandbox.folder}/run/new`] : [];
      assertEquals(await main([...words, ...dir], terminal), 2, `${words}: ${said}`);
      const text = said.join("\n");
      assertMatch(text, message);
      assertMatch(text, /^hint: ./m);
      assert(!text.includes(secret) && !text.includes("\x1b"), text);
    }
    assertEquals([...Deno.readDirSync(`${sandbox.folder}/run`)], []);
  }));

Deno.test("init takes the user's own keys, else those of the agent, else says that there are none", async () => {
  await using sandbox = await Sandbox.make();
  const ssh = `${sandbox.folder}/home/.ssh`;
  await Deno.mkdir(ssh);
  const none = await init(sandbox, "a");
  assertEquals(none.code, 2);
  assertMatch(none.stderr, /^error: there is no ssh key: nobody could log in/m);
  // Whoever makes a new key then writes over this one.
  await Deno.writeTextFile(`${ssh}/id_ed25519`, "a private key\n");
  const half = await init(sandbox, "a");
  assertEquals(half.code, 2);
  assertStringIncludes(half.stderr, "ssh-keygen -y -f ~/.ssh/id_ed25519 >~/.ssh/id_ed25519.pub");
  assert(!half.stderr.includes("-t ed25519"), half.stderr);
  await Deno.remove(`${ssh}/id_ed25519`);

  const keyOf = async (name: string) => {
    const text = await Deno.readTextFile(`${sandbox.folder}/run/${name}/configuration.nix`);
    return [...text.matchAll(/^ {4}"(ssh-.*)"$/gm)].map(([, key]) => key);
  };
  const held = await makeKey(`${sandbox.folder}/held`, "held");
  const socket = `${sandbox.folder}/agent`;
  await using agent = new Deno.Command("ssh-agent", { args: ["-D", "-a", socket], stdout: "null" })
    .spawn();
  while (!await Deno.stat(socket).then(() => true, () => false)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { success } = await new Deno.Command("ssh-add", {
    args: ["-q", `${sandbox.folder}/held`],
    env: { SSH_AUTH_SOCK: socket },
  }).output();
  assert(success);
  const ended = await sandbox.start(["init", "b"], { SSH_AUTH_SOCK: socket }).end;
  assertStringIncludes(ended.stderr, "with the keys of your ssh agent");
  assertEquals(await keyOf("b"), [held]);
  agent.kill();

  // Any that is there is better than none, and what ssh tries by itself is better than any.
  await Deno.writeTextFile(`${ssh}/a-note.pub`, "no key\n");
  const other = await makeKey(`${ssh}/work`, "work");
  assertMatch((await init(sandbox, "c")).stderr, /with the keys of ~\/\.ssh\/work\.pub$/m);
  assertEquals(await keyOf("c"), [other]);
  const own = await makeKey(`${ssh}/id_ed25519`, "own");
  await init(sandbox, "d");
  assertEquals(await keyOf("d"), [own]);
  await init(sandbox, "e", "--key", `~/.ssh/work.pub`, "--key", own, "--key", own);
  assertEquals(await keyOf("e"), [other, own]);
});

Deno.test("init asks on a terminal what was left open, and takes no wrong answer", () =>
  withUser(async (sandbox) => {
    await using terminal = new Terminal(sandbox, ["init", "web"], {
      "machine [web]: ": "shop",
      "Layout [plain]: ": "btrfs",
      "wipe [later]: ": "/dev/vda",
    });
    const { code, output, asked } = await terminal.end;
    assertEquals([code, asked], [0, 3], output);
    assertStringIncludes(output, "mirrored  two disks or more");
    const disks = await Deno.readTextFile(`${sandbox.folder}/run/web/disk-config.nix`);
    assertStringIncludes(disks, 'device = "/dev/vda";');
    assertStringIncludes(disks, 'type = "btrfs";');
    assertStringIncludes(output, "all data on /dev/vda will be wiped: compare");
    assertStringIncludes(output, "nixos-anywhere --flake '.#shop'");

    await using wrong = new Terminal(sandbox, ["init", "db", "--layout", "luks"], {
      "machine [db]: ": "",
      "wipe [later]: ": "/dev/vda1",
    });
    const ended = await wrong.end;
    assertEquals([ended.code, ended.asked], [2, 4], ended.output);
    assertStringIncludes(ended.output, "name the whole disk");

    await using two = new Terminal(sandbox, ["init", "two", "--layout", "mirrored"], {
      "machine [two]: ": "",
      "wipe, 2 to 8 with spaces between them [later]: ": "/dev/vda /dev/vdb",
    });
    const both = await two.end;
    assertEquals([both.code, both.asked], [0, 2], both.output);
    assertStringIncludes(both.output, "layout mirrored on /dev/vda /dev/vdb");

    for (const [typed, code] of [["\x03", 130], ["\x04", 2]] as const) {
      await using left = new Terminal(sandbox, ["init", "db"], { "machine [db]: ": typed });
      const ended = await left.end;
      assertEquals([ended.code, ended.asked], [code, 1], ended.output);
    }
    assertEquals(await Deno.stat(`${sandbox.folder}/run/db`).catch(() => "none"), "none");
  }));
