/**
 * What it means when a kexec image's script fails: by the words of kexec, the kernel and the tools of the script.
 *
 * @module
 */
import { hintFor } from "./troubles.ts";

/** What a failed script said, what it means, and what to do; more special words come first. */
interface Words {
  readonly said: RegExp;
  readonly meaning: string;
  readonly hint: string;
}

const BOOT_ISO = "boot the machine from a NixOS installer image (ISO or netboot)";
const BOARD =
  "boards that start from a device tree, such as the Raspberry Pi, often have no working kexec: " +
  "start the board from a NixOS SD card image";

const WORDS: readonly Words[] = [
  {
    said: /\bxen\b|\bxc_\w+|hypercall/i,
    meaning: "the machine is a Xen guest, which cannot load another kernel",
    hint: `${BOOT_ISO}, or let Xen start it as a fully virtualised guest`,
  },
  {
    said: /Lockdown:|locked down|Required key not available|Key was rejected|unsigned image/i,
    meaning: "the kernel is locked down, as with Secure Boot, and takes signed kernels only",
    hint: `turn Secure Boot off in the firmware, or ${BOOT_ISO}`,
  },
  {
    said: /device[- ]?tree|(\b|_)dtb\b|\bfdt\b/i,
    meaning: "kexec found no device tree that it can hand on",
    hint: BOARD,
  },
  {
    said: /Could not find a free area of memory|locate_hole|Unable to find.*hole/i,
    meaning: "there is no free place in memory where the installer could be loaded",
    hint: `${BOARD}; on another machine use a smaller image with --kexec, or ${BOOT_ISO}`,
  },
  {
    said: /Cannot assign requested address|EADDRNOTAVAIL|Overlapping memory segments/i,
    meaning: "the kernel does not let that place in memory be written",
    hint: `${BOARD}; on another machine ${BOOT_ISO}`,
  },
  {
    said: /\bkexec\w*( failed)?: Operation not permitted/i,
    meaning:
      "the kernel does not let even root load another one: lockdown or Secure Boot, a container, or kernel.kexec_load_disabled",
    hint:
      `look at /proc/sys/kernel/kexec_load_disabled and /sys/kernel/security/lockdown there, or ${BOOT_ISO}`,
  },
  {
    said: /Device or resource busy/i,
    meaning: "another kernel is being loaded, or a crash kernel is in use",
    hint: "stop kdump or what else loads kernels there",
  },
  {
    said: /Cannot allocate memory|Out of memory|memory exhausted|\bENOMEM\b|^Killed$|oom-kill/im,
    meaning: "the target has too little memory to hold the kexec image",
    hint:
      "give the machine more memory, stop what uses it, use a smaller image with --kexec, or boot it from an installer image",
  },
  {
    said: /No space left on device|Disk quota exceeded/i,
    meaning: "there is no room on the target to unpack or extend the image",
    hint: "make room in /root, /var/tmp or /tmp on the target",
  },
  {
    said: /unrecognized option|invalid option|unknown option/i,
    meaning: "the image's kexec does not know one of its flags",
    hint: "see --kexec-extra-flags",
  },
  {
    said: /command line.*too long|command line overflow/i,
    meaning: "the kernel's command line becomes too long",
    hint: "shorten --kexec-extra-flags",
  },
  {
    said:
      /Exec format error|cannot execute binary file|Cannot determine the file type|syntax error/i,
    meaning: "the image is for another architecture, or damaged",
    hint: "give an image for the target's architecture with --kexec",
  },
  {
    said: /Permission denied/i,
    meaning:
      "a program of the image may not be run there: the folder may be on a file system mounted noexec",
    hint: "see how /root, /var/tmp and /tmp are mounted on the target",
  },
  {
    said: /Function not implemented|syscall kexec\w* not available|Invalid argument|\bENOSYS\b/i,
    meaning: "the target's kernel does not have the kexec that the image uses",
    hint: `try a kernel built with CONFIG_KEXEC and CONFIG_KEXEC_FILE, or ${BOOT_ISO}`,
  },
  {
    said:
      /(Cannot|Can't|Could not|Unable to|Failed to) open .*\/(proc|sys)\/|\/(proc|sys)\/\S+: No such file/i,
    meaning: "the target shows too little of its kernel in /proc and /sys, as in a container",
    hint: `see that both are mounted, or ${BOOT_ISO}`,
  },
  {
    said: /: (command )?not found|No such file or directory/i,
    meaning: "the image's script lacks a program or a file",
    hint: "install what its output names on the target, or use another image with --kexec",
  },
];

/** What to do when the script of a kexec image has failed, by its output; nothing is guessed. */
export function kexecHint(output: string): string {
  // What a trace shows are the script's words, not those of what failed.
  const said = output.replace(/^\++ .*$/gm, "");
  const known = WORDS.find((words) => words.said.test(said));
  return hintFor(
    output,
    known
      ? `${known.meaning}: ${known.hint}`
      : "its output above is all that is known of the reason; --debug shows every command of the script",
  );
}
