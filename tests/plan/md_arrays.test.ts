import { assertEquals } from "@std/assert";
import { makesArrays, startsArrays } from "../../lib/plan/md_arrays.ts";

Deno.test("makesArrays() knows arrays whose superblock has the kernel's own fields", () => {
  const rows: readonly [makes: boolean, code: string][] = [
    [
      true,
      `echo 'y' | mdadm --create "/dev/md/root" \\\n --level=1 \\\n --metadata=default \\\n a b`,
    ],
    [true, "mdadm -C /dev/md0 -l1 -n2 a b"],
    [false, "mdadm --create /dev/md/imsm --metadata=imsm a b"],
    [false, "mdadm --create /dev/md0 -e 0.90 a b"],
    [false, "mdadm --assemble /dev/md0 --create-later"],
    [false, "# mdadm --create /dev/md0 a b"],
    [false, 'mdadm --stop "/dev/md/root"'],
  ];
  for (const [makes, code] of rows) assertEquals(makesArrays(`set -e\n${code}\n`), makes, code);
});

Deno.test("startsArrays() says no where a kernel before 6.19 is to start what a later one made", () => {
  const rows: readonly [starts: boolean, kernel: string, maker: string][] = [
    [false, "6.18.38", "7.0.9"],
    [false, "5.15.1", "6.19.0-rc1"],
    [false, "6.6.1-hardened", "10.2"],
    [true, "6.19", "7.0.9"],
    [true, "6.18.38", "6.18.41"],
    [true, "7.1.5", "6.12.1"],
    [true, "6.18.38", ""],
    [true, "later", "7.0.9"],
  ];
  for (const [starts, kernel, maker] of rows) {
    assertEquals(startsArrays(kernel, maker), starts, `${kernel} ${maker}`);
  }
});
