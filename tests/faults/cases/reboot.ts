/** Faults of the reboot into the new system. */
import { at, FAIL, type Fault, HANG, signal } from "../fault.ts";

const OTHER = `/nix/store/${"0".repeat(32)}-other`;
const phase = "reboot";
const inInstaller = true;
const words = ["--timeout", "reboot=3"];
const failed = { code: 1, state: "rebooting" } as const;

export const REBOOT: readonly Fault[] = [
  {
    phase,
    fault: "reboot fails",
    words,
    fixture: {
      inInstaller,
      breakpoints: { reboot: `cp /etc/gates/.reboot /etc/gates/reboot; ${FAIL}` },
      installer: { files: { "/usr/bin/systemctl": { text: "#!/bin/sh\nexit 1\n", mode: 0o755 } } },
    },
    error: /root@127\.0\.0\.1: still runs the same boot after 3 s$/,
    mend: ({ machine }) => machine.container.run("rm /etc/gates/reboot"),
    ...failed,
  },
  {
    phase,
    fault: "reboot hangs",
    words,
    fixture: { inInstaller, breakpoints: { reboot: HANG } },
    error: /root@127\.0\.0\.1: still runs the same boot after 3 s$/,
    gone: true,
    ...failed,
  },
  {
    phase,
    fault: "another system comes up",
    fixture: {
      inInstaller,
      installed: { setup: `ln -sfn ${OTHER} /run/current-system\n` },
    },
    error: /root@127\.0\.0\.1: runs \/nix\/store\/0{32}-other instead of /,
    again: "none",
    ...failed,
  },
  {
    phase,
    fault: "the system of another disk comes up, which is no NixOS",
    fixture: {
      inInstaller,
      installed: { osRelease: "ID=debian\nPRETTY_NAME=Old\n", setup: "rm /run/current-system\n" },
    },
    error: /root@127\.0\.0\.1: runs Old instead of \/nix\/store\//,
    again: "none",
    ...failed,
  },
  ...(["SIGINT", "SIGTERM"] as const).map((name): Fault => ({
    phase,
    fault: name,
    fixture: { inInstaller, breakpoints: { reboot: "sleep 1" } },
    act: at("reboot", signal(name)),
    error: new RegExp(`interrupted by ${name}$`),
    here: true,
    again: "none",
    ...failed,
    code: 130,
  })),
];
