import { assertEquals } from "@std/assert";
import { readDryRun } from "../../lib/nix/work.ts";
import { workLines } from "../../lib/report/work_lines.ts";

const path = (name: string) => `  /nix/store/${"a".repeat(32)}-${name}`;
const nothing = { builds: 0, fetches: 0, downloadBytes: 0, unpackedBytes: 0 };

Deno.test("readDryRun() counts what is built and fetched, as nix 2.8 and newer ones tell it", () => {
  const said = [
    "warning: unable to download 'https://cache.example/nix-cache-info': Could not resolve host",
    "these 2 derivations will be built:",
    path("a.drv"),
    path("b.drv"),
    "this path will be fetched (0.05 MiB download, 1.5 MiB unpacked):",
    path("c"),
  ];
  const work = { builds: 2, fetches: 1, downloadBytes: 52429, unpackedBytes: 1572864 };
  assertEquals(readDryRun(said), work);
  assertEquals(workLines(work), [
    "to build: 2 derivations, 1 path from caches (52.4 kB to download, 1.6 MB unpacked)",
  ]);
  const other = said.slice(4).map((line) => line.replace("0.05 MiB", "51.2 KiB"));
  assertEquals(readDryRun(other), { ...work, builds: 0 });
});

Deno.test("readDryRun() knows that there is nothing to do, and what it cannot know", () => {
  assertEquals(readDryRun([]), nothing);
  assertEquals(readDryRun(["this derivation will be built:", path("a.drv")]).builds, 1);
  assertEquals(readDryRun(["these 2 paths will be fetched:", path("a"), path("b")]), {
    builds: 0,
    fetches: 2,
  });
  assertEquals(readDryRun(["don't know how to build these paths:", path("a")]), {});
  assertEquals(readDryRun([path("a")]), nothing);
});

Deno.test("workLines() says what is known, and nothing where nothing is", () => {
  assertEquals(workLines({}), []);
  assertEquals(workLines(nothing), ["to build: nothing, all of it is here"]);
  const copied = { closure: { paths: 1, bytes: 2.5e9 }, imageBytes: 3e8, extraFilesBytes: 12 };
  assertEquals(workLines(copied), [
    "to copy, at most: kexec image 300 MB, closure 2.5 GB in 1 path, extra files 12 B",
  ]);
});
