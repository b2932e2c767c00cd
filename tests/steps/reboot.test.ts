/** Leaving an installer by kexec: what is loaded, what is done where that fails, and what is told of it. */
import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { BootError } from "../../lib/errors.ts";
import type { ReportEvent } from "../../lib/report/events.ts";
import type { BootCheck } from "../../lib/plan/boot_check.ts";
import { reboot, type RebootOptions } from "../../lib/steps/reboot/reboot.ts";
import { type Boot, startMachine } from "../support/loopback/mod.ts";
import { ignore, login } from "../ssh/fixture.ts";

const SYSTEM = `/nix/store/${"1".repeat(32)}-nixos-system-web-25.11`;
const PARAMETERS = `init=${SYSTEM}/init dyndbg="file a +p" $HOME 'x'`;
const entry = {
  file: "/boot/loader/entries/nixos.conf",
  kernel: "/mnt/boot/a kernel",
  initrds: ["/mnt/boot/initrd"],
  parameters: PARAMETERS,
};
const BOOTS: BootCheck = { answer: "boots", entry };
const LOAD = `/mnt/boot/a kernel --initrd=/mnt/boot/initrd --command-line=${PARAMETERS}`;
const AUTO = `kexec --load --kexec-syscall-auto ${LOAD}`;
const BY_FIRMWARE = "root@127.0.0.1: not by kexec but by its firmware: ";

/** What kexec does when it is told to load and to execute. */
interface Kexec {
  readonly load?: string;
  readonly exec?: string;
}

/** A kexec that writes down its words, the initrd that it is handed, and which folders for one are left when it executes. */
function installer(
  { load = ":", exec = "echo kexec >>/run/box/signals" }: Kexec,
  more: Boot = {},
): Boot {
  const text = `#!/bin/sh
printf 'kexec %s\\n' "$*" >>/run/box/commands
for word; do
  case $word in
  --initrd=/tmp/*) printf 'initrd %s %s\\n' "$(stat -c %a "\${word#*=}")" "$(tr '\\000' _ <"\${word#*=}")" ;;
  --exec) find /tmp -name 'tmp.*' ;;
  esac
done >>/run/box/commands
case $1 in
--load) ${load} ;;
--exec) ${exec} ;;
esac
`;
  return {
    installer: true,
    ...more,
    files: {
      "/mnt/boot/a kernel": "kernel",
      "/mnt/boot/microcode": "three",
      "/mnt/boot/initrd": "seven..",
      "/usr/local/bin/sync": { text: "#!/bin/sh\n", mode: 0o755 },
      "/usr/local/bin/kexec": { text, mode: 0o755 },
    },
  };
}

/** Reboots a machine with this installer, and tells what came of it. */
async function leave(first: Boot, options: RebootOptions = {}, next: Boot = {}) {
  await using machine = await startMachine(first, {
    setup: `mkdir -p ${SYSTEM}; ln -s ${SYSTEM} /run/current-system`,
    ...next,
  });
  const [container] = machine.containers;
  const events: ReportEvent[] = [];
  const report = (event: ReportEvent) => void events.push(event);
  const session = await login(machine, "root", { report });
  const outcome = await reboot(session, { system: SYSTEM, kexec: BOOTS, ...options })
    .catch((error) => error);
  const commands = (await container!.commands()).filter((line) => !/^(swapoff|zpool) /.test(line));
  const warnings = events.flatMap((event) =>
    event.type === "log" && event.level === "warning" ? [event.text] : []
  );
  const { seen, by, system } = outcome;
  return {
    outcome,
    ended: [seen, by, system],
    commands: commands.map((one) => one.trim()),
    warnings,
  };
}

const RUNS_BY = (by: string) => ["running", by, SYSTEM];

Deno.test("reboot() has kexec start the entry's kernel, and tells by its number that it did", {
  ignore,
}, async () => {
  const { ended, commands, warnings } = await leave(installer({}));
  assertEquals(ended, RUNS_BY("kexec"));
  assertEquals(commands, [AUTO, "kexec --exec"]);
  assertEquals(warnings, []);
});

Deno.test(
  "reboot() joins several initrds, for nobody else to read; kexec may know one way to load only",
  {
    ignore,
  },
  async () => {
    const kexec: BootCheck = {
      answer: "boots",
      entry: { ...entry, initrds: ["/mnt/boot/microcode", ...entry.initrds] },
    };
    const load = 'case $2 in --*) echo "unrecognized option" >&2; exit 1 ;; esac';
    const { ended, commands, warnings } = await leave(installer({ load }), { kexec });
    assertEquals(ended, RUNS_BY("kexec"));
    const rest = /\/mnt\/boot\/a kernel --initrd=\/tmp\/\S+\/initrd --command-line=init=/;
    assertMatch(commands[0] ?? "", new RegExp(`^kexec --load --kexec-syscall-auto ${rest.source}`));
    assertMatch(commands[2] ?? "", new RegExp(`^kexec --load ${rest.source}`));
    const joined = "initrd 600 three___seven.._";
    assertEquals([commands[1], ...commands.slice(3)], [joined, joined, "kexec --exec"]);
    assertEquals(warnings, []);
  },
);

Deno.test("reboot() lets systemd stop what runs before the kexec", { ignore }, async () => {
  const more = { setup: "mkdir -p /run/systemd/system" };
  const { ended, commands } = await leave(installer({}, more));
  assertEquals(ended, RUNS_BY("kexec"));
  assertEquals(commands, [AUTO, "systemctl kexec"]);
});

Deno.test("reboot() goes by the firmware where kexec loads nothing, past what was loaded before", {
  ignore,
}, async () => {
  const load = "echo 'kexec_load failed: Operation not permitted'; echo 'segment[0]'; exit 255";
  const more = { setup: "mount -t tmpfs kernel /sys/kernel; echo 1 >/sys/kernel/kexec_loaded" };
  const { ended, commands, warnings } = await leave(installer({ load }, more));
  assertEquals(ended, RUNS_BY("firmware"));
  assertEquals(commands, [AUTO, `kexec --load ${LOAD}`, "kexec --unload", "reboot"]);
  const why = "the new kernel could not be loaded: kexec_load failed: Operation not permitted";
  assertEquals(warnings, [`${BY_FIRMWARE}${why}`]);
});

Deno.test("reboot() goes by the firmware where there is no kexec, or no entry", {
  ignore,
}, async () => {
  const { files: { "/usr/local/bin/kexec": _, ...files } = {}, ...rest } = installer({});
  const none = await leave({ ...rest, files, without: ["kexec"] });
  assertEquals(none.ended, RUNS_BY("firmware"));
  assertEquals(none.commands, ["reboot"]);
  const why = "the new kernel could not be loaded: there is no kexec command";
  assertEquals(none.warnings, [`${BY_FIRMWARE}${why}`]);
  const xen = "/boot/grub/grub.cfg starts it with another program before the kernel";
  const other = await leave(installer({}), { kexec: { answer: "boots", why: xen } });
  assertEquals(other.ended, RUNS_BY("firmware"));
  assertEquals(other.commands, ["reboot"]);
  assertEquals(other.warnings, [`${BY_FIRMWARE}${xen}`]);
});

Deno.test("reboot() goes by the firmware, and tells so, where kexec is not executed", {
  ignore,
}, async () => {
  const { ended, commands, warnings } = await leave(installer({ exec: "exit 1" }));
  assertEquals(ended, RUNS_BY("firmware"));
  assertEquals(commands, [AUTO, "kexec --exec", "kexec --unload", "reboot"]);
  assertEquals(warnings, [
    "root@127.0.0.1: its firmware has started the new system: kexec did not get that far",
  ]);
});

Deno.test("reboot() says what to do where the kernel of kexec is not heard of, or never starts", {
  ignore,
}, async () => {
  const silent = await leave(installer({ exec: "pkill -x sshd" }), { timeout: 4000 });
  assertEquals(silent.ended, ["silent", "kexec", undefined]);
  assertMatch(
    silent.warnings.join("\n"),
    /silent, switch it off and on: its boot loader is installed$/,
  );
  const systemctl = { text: "#!/bin/sh\n", mode: 0o755 };
  const systemd = installer({}, { setup: "mkdir -p /run/systemd/system" });
  const files = { ...systemd.files, "/usr/bin/systemctl": systemctl };
  const stayed = await leave({ ...systemd, files }, { timeout: 3000 });
  assertInstanceOf(stayed.outcome, BootError);
  assertEquals(stayed.outcome.outcome, "stayed");
  assertMatch(
    stayed.outcome.hint,
    /switch the machine off and on, or run --phases reboot without --reboot kexec$/,
  );
});
