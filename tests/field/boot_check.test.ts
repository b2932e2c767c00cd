/** What the boot check says of a system, for every loader that nixpkgs can install, laid out as its script does it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { BootError } from "../../lib/errors.ts";
import { storePath } from "../../lib/plan/store_path.ts";
import { checkBootable } from "../../lib/steps/bootable/check_bootable.ts";
import { type ContainerOptions, startContainer } from "../support/loopback/mod.ts";
import { login } from "../ssh/fixture.ts";
import { attempt, condition } from "./condition.ts";
import { LAYOUTS, PARAMETERS, PREPARE, SYSTEM } from "./boot_layouts.ts";

const picked = new RegExp(Deno.env.get("LAYOUT") ?? "");

/** Lays each out in a container of these options, and compares what is said of it. */
async function checkAll(options: ContainerOptions, layouts: typeof LAYOUTS): Promise<void> {
  await using container = await startContainer({ installer: true, ...options });
  const texts: string[] = [];
  await using installer = await login(container, "root", {
    report: (event) => void (event.type === "log" && texts.push(event.text)),
  });
  const wrong: string[] = [];
  for (const [name, wanted, code, wantedEntry = PARAMETERS] of layouts) {
    if (!picked.test(name)) continue;
    const { code: exit, stderr } = await container.run(`set -eu\n${PREPARE}\n${code}`);
    assertEquals(exit, 0, `${name}: ${stderr}`);
    texts.length = 0;
    let entry: string | undefined;
    const said = await checkBootable(installer, storePath(SYSTEM)).then(
      async (check) => {
        if (check.answer === "unknown") return `unknown: ${check.why}`;
        entry = check.entry ? check.entry.parameters : check.why;
        if (check.entry) {
          // The files are the kernel and the initrds, and nothing else.
          const { kernel, initrds } = check.entry;
          const { stdout } = await installer.run(["cat", kernel, ...initrds]);
          assertMatch(stdout, /^a kernel\n(an initrd\n|x\n)*$/, name);
        }
        return "boots";
      },
      (error) => {
        if (!(error instanceof BootError)) throw error;
        assertStringIncludes(error.hint, "--force");
        return `refused: ${error.message}`;
      },
    );
    assertEquals(
      texts.filter((text) => text.includes("not known: ")).length,
      +said.startsWith("unknown"),
    );
    const right = typeof wanted === "string" ? said === wanted : wanted.test(said);
    if (!right) wrong.push(`${name}: ${said}`);
    if (entry === undefined) continue;
    const same = typeof wantedEntry === "string" ? entry === wantedEntry : wantedEntry.test(entry);
    if (!same) wrong.push(`${name}: its entry: ${entry}`);
  }
  assertEquals(wrong, []);
}

const KINDS = {
  "systemd-boot": /^systemd-boot/,
  GRUB: /^GRUB/,
  "limine and rEFInd": /^(limine|rEFInd)/,
  "Lanzaboote and unified kernel images": /^(Lanzaboote|a unified)/,
  "extlinux and the Raspberry Pi's": /^(extlinux|the Raspberry)/,
};

for (const [kind, names] of Object.entries(KINDS)) {
  condition("boot check", kind, () => checkAll({}, LAYOUTS.filter(([name]) => names.test(name))));
}

condition("boot check", "what no loader's script made", async () => {
  const known = Object.values(KINDS);
  await checkAll({}, LAYOUTS.filter(([name]) => !known.some((names) => names.test(name))));
});

const FEW =
  /XBOOTLDR|an empty initrd|subvolume @nix|Xen missing|limine.* \/esp|Lanzaboote.* \/boot$|store of its own|^nothing|mentions|a space/;

condition("boot check", "an installer that has only busybox to look with, and no cmp", async () => {
  const tools = ["find", "grep", "xargs", "head", "tr", "sed", "readlink"];
  const setup = tools.map((tool) => `ln -sf /usr/bin/busybox /usr/local/bin/${tool}\n`).join("");
  await checkAll({ setup, without: ["cmp"] }, LAYOUTS.filter(([name]) => FEW.test(name)));
});

condition("boot check", "an installer without find: what is missing is still known", async () => {
  const certain = LAYOUTS.filter(([name]) => /^(no kernel|no initrd|no system)/.test(name));
  const others = LAYOUTS.filter(([name]) => /XBOOTLDR|^nothing/.test(name))
    .map(([name, , code]) => [name, /^unknown: the installer has no find/, code] as const);
  await checkAll({ without: ["find"] }, [...certain, ...others]);
});

/** An installer whose nixos-install leaves what the code writes. */
const loader = (code: string) => ({
  "/usr/local/bin/nixos-install": {
    mode: 0o755,
    text: `#!/bin/sh
set -eu
while [ $# -gt 0 ]; do case $1 in --system) system=$2; shift 2 ;; *) shift ;; esac; done
mkdir -p /mnt/nix/var/nix/profiles
ln -sfn "$system" /mnt/nix/var/nix/profiles/system-1-link
ln -sfn system-1-link /mnt/nix/var/nix/profiles/system
${code}
`,
  },
});

/** GRUB in a folder; `seen` is what GRUB calls that folder. */
const grub = (folder: string, seen: string) => `
mkdir -p /mnt${folder}/grub /mnt${folder}/kernels
cp "/mnt$system/kernel" /mnt${folder}/kernels/k
cp "/mnt$system/initrd" /mnt${folder}/kernels/i
printf 'menuentry "x" {\\n  linux ($drive1)${seen}/kernels/k init=%s/init\\n  initrd ($drive1)${seen}/kernels/i\\n}\\n' "$system" \\
  >/mnt${folder}/grub/grub.cfg
`;
const WHOLE: Readonly<Record<string, string>> = {
  "GRUB in a btrfs subvolume, the whole install": grub("/boot", "/@/boot"),
  "mirroredBoots, the whole install": grub("/boot-1", "/") + grub("/boot-2", "/"),
};
for (const [name, code] of Object.entries(WHOLE)) {
  condition("boot check", name, async () => {
    const options = { inInstaller: true, installer: { files: loader(code) } };
    const { code: exit, stderr } = await attempt(options);
    assertEquals(exit, 0, stderr);
    assert(!stderr.includes("warning: "), stderr);
  });
}

condition(
  "boot check",
  "one that nobody here has heard of: a warning, and the reboot",
  async () => {
    const code = `mkdir -p /mnt/boot/new; echo "start=$system/init" >/mnt/boot/new/loader.toml`;
    const { code: exit, stderr } = await attempt({
      inInstaller: true,
      installer: { files: loader(code) },
    });
    assertEquals(exit, 0, stderr);
    assertMatch(
      stderr,
      /^warning: .*whether the installed system boots is not known: \/boot\/new\/loader.toml/m,
    );
  },
);

condition("boot check", "none at all: refused, and not with --force", async () => {
  const options = { inInstaller: true, installer: { files: loader(":") } };
  const refused = await attempt(options);
  assertEquals(refused.code, 1, refused.stderr);
  assertMatch(refused.stderr, /would not boot: nothing .* names it$/m);
  assertMatch(refused.stderr, /--force/);
  const forced = await attempt(options, (fixture) => ["--force", ...fixture.words]);
  assertEquals(forced.code, 0, forced.stderr);
  assertMatch(forced.stderr, /^warning: .*would not boot: .*: going on, as --force says$/m);
  assert(forced.stdout.includes(" runs /nix/store/"), forced.stdout);
});
