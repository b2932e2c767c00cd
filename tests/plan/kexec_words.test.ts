import { assert, assertMatch } from "@std/assert";
import { kexecHint } from "../../lib/plan/kexec_words.ts";
import { TROUBLES } from "../../lib/plan/troubles.ts";

/** What scripts of images have printed on real machines, and what the hint has to speak of. */
const SAID: readonly [output: string, hint: RegExp][] = [
  [
    "kexec_load failed: Operation not permitted\nentry       = 0x7ff6720 flags = 0x3e0000",
    /lockdown/,
  ],
  ["kexec_file_load failed: Operation not permitted", /lockdown/],
  [
    "Lockdown: kexec: kexec of unsigned images is restricted; see man kernel_lockdown.7",
    /Secure Boot/,
  ],
  ["kexec_file_load failed: Required key not available", /Secure Boot/],
  ["kexec_file_load failed: Key was rejected by service", /Secure Boot/],
  ["xc_interface_open failed\nkexec failed", /Xen/],
  ["kexec: cannot load on Xen domU\nCannot allocate memory", /Xen/],
  [
    "Could not find a free area of memory of 0x8000 bytes...\nCannot load /root/x/kexec/bzImage",
    /Raspberry Pi/,
  ],
  ["unable to read device tree /proc/device-tree", /device tree/],
  ["kexec: setup_2nd_dtb failed.", /device tree/],
  ["kexec_load failed: Cannot assign requested address", /Raspberry Pi/],
  ["syscall kexec_file_load not available.", /kernel does not have the kexec/],
  [
    "syscall kexec_file_load not available.\nCould not find a free area of memory of 0x1000",
    /Raspberry Pi/,
  ],
  ["kexec_load failed: Function not implemented", /CONFIG_KEXEC/],
  ["kexec_load failed: Cannot allocate memory", /more memory/],
  ["./run: line 40:  1234 Killed                  kexec --load\nKilled", /more memory/],
  ["kexec_load failed: Device or resource busy", /crash kernel/],
  ["cpio: write error: No space left on device", /room/],
  ["kexec: unrecognized option '--foo'", /--kexec-extra-flags/],
  [
    "/root/x/kexec/run: line 3: /root/x/kexec/ip: cannot execute binary file: Exec format error",
    /architecture/,
  ],
  ["Cannot determine the file type of /root/x/kexec/bzImage", /architecture/],
  ["/root/x/kexec/run: /root/x/kexec/ip: Permission denied", /noexec/],
  ["Cannot open /proc/iomem: No such file or directory", /\/proc and \/sys/],
  ["/root/x/kexec/run: line 9: cpio: not found", /install what its output names/],
  ["Failure unpacking initrd", new RegExp(TROUBLES.initrd.hint)],
];
for (const [output, hint] of SAID) {
  Deno.test(`kexecHint() names the cause of: ${output.split("\n").at(0)}`, () => {
    assertMatch(kexecHint(output), hint);
    if (hint.source !== "more memory" && hint.source !== TROUBLES.initrd.hint) {
      assert(!/too little memory|more memory/.test(kexecHint(output)), kexecHint(output));
    }
  });
}

Deno.test("kexecHint() claims nothing that was not said", () => {
  for (const output of ["", "it is broken", "+ kexec --load --command-line 'console=xen dtb'"]) {
    assert(!/memory|Xen|tree|Secure/.test(kexecHint(output)), kexecHint(output));
  }
});
