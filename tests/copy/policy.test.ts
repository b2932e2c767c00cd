import { assertEquals } from "@std/assert";
import { chooseFormat, type Format, type Known, type Link } from "../../lib/copy/policy.ts";

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
  // What both have; of the target nothing is known before it is probed.
  [{ rtt: 50 }, 1e9, "zstd", { there: both }],
  [{ rtt: 50 }, 1e9, "gzip", { there: gzip }],
  [{ rtt: 50 }, 1e9, "gzip", { here: gzip, there: both }],
  [{ rtt: 50 }, 1e9, "gzip", { here: gzip }],
  [{ rtt: 50 }, 1e9, "none", { there: neither }],
  [{ rtt: 50 }, 1e9, "none", { here: neither, there: both }],
];
for (const [link, bytes, format, tools] of rows) {
  const [has, of] = [tools ? Object.keys(tools).join(" and ") : "", JSON.stringify(link)];
  Deno.test(`chooseFormat() takes ${format} for ${of}, ${bytes} bytes ${has}`, () => {
    assertEquals(chooseFormat({ link, bytes, here: both, ...tools }), format);
  });
}
