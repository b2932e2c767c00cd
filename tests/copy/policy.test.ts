import { assertEquals } from "@std/assert";
import {
  chooseFormat,
  findBrake,
  type Format,
  type Known,
  type Link,
  type Signs,
} from "../../lib/copy/policy.ts";

const both = new Set(["zstd", "gzip"]);
const [gzip, neither] = [new Set(["gzip"]), new Set<string>()];

const rows: readonly [link: Link, bytes: number, format: Format, tools?: Partial<Known>][] = [
  // Nothing is known, or that it is near.
  [{}, 1e12, "none"],
  [{ rtt: 10 }, 1e12, "none"],
  // Far is believed to be slow, however few the bytes.
  [{ rtt: 30 }, 1, "zstd"],
  [{ rtt: 200 }, 1e9, "zstd"],
  // A rate is believed more than a round trip.
  [{ rtt: 100, rate: 100e6 }, 1e12, "none"],
  [{ rtt: 0, rate: 10e6 }, 1e9, "zstd"],
  // Few bytes are through before another program has started.
  [{ rtt: 0, rate: 10e6 }, 4e6, "none"],
  [{ rtt: 0, rate: 10e6 }, 6e6, "zstd"],
  // What is slower than the link is not spared by packing.
  [{ rtt: 0, rate: 10e6 }, 1e9, "none", { brake: "there" }],
  [{ rtt: 100, rate: 10e6 }, 1e9, "none", { brake: "here" }],
  [{ rtt: 0, rate: 10e6 }, 1e9, "zstd", { brake: "link" }],
  // What both have; of the target nothing is known before it is probed.
  [{ rtt: 50 }, 1e9, "zstd", { there: both }],
  [{ rtt: 50 }, 1e9, "gzip", { there: gzip }],
  [{ rtt: 50 }, 1e9, "gzip", { here: gzip, there: both }],
  [{ rtt: 50 }, 1e9, "gzip", { here: gzip }],
  [{ rtt: 50 }, 1e9, "none", { there: neither }],
  [{ rtt: 50 }, 1e9, "none", { here: neither, there: both }],
];
for (const [link, bytes, format, tools] of rows) {
  const { brake, ...sets } = tools ?? {};
  const has = brake ? `limited by ${brake}` : Object.keys(sets).join(" and ");
  const of = JSON.stringify(link);
  Deno.test(`chooseFormat() takes ${format} for ${of}, ${bytes} bytes ${has}`, () => {
    assertEquals(chooseFormat({ link, bytes, here: both, ...tools }), format);
  });
}

const brakes: readonly [signs: Signs, brake: ReturnType<typeof findBrake>][] = [
  [{}, undefined],
  [{ queued: 1 }, "link"],
  [{ queued: 0 }, "there"],
  [{ queued: 0, idleHere: 0 }, "here"],
  // Bytes that wait at both ends wait for the target.
  [{ queued: 1, unread: 0 }, "link"],
  [{ queued: 1, unread: 1 }, "there"],
  // A busy target takes what comes all the same.
  [{ queued: 1, unread: 0, idleHere: 0, idleThere: 0 }, "link"],
  // Where this end cannot be seen, who is busy is believed to be it.
  [{ unread: 1 }, "there"],
  [{ unread: 0, idleThere: 0 }, "there"],
  [{ idleHere: 0 }, "here"],
  [{ idleHere: 0.5, idleThere: 0.9 }, undefined],
];
for (const [signs, brake] of brakes) {
  Deno.test(`findBrake() finds ${brake ?? "nothing"} with ${JSON.stringify(signs)}`, () => {
    assertEquals(findBrake(signs), brake);
  });
}
