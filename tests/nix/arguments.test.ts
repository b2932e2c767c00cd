import { assertEquals } from "@std/assert";
import { nixCommand, settingArgs } from "../../lib/nix/command.ts";
import { type StoreOptions, storeUri } from "../../lib/nix/store.ts";

Deno.test("settingArgs() gives each setting as three words, and the trace behind", () => {
  const settings = [{ name: "cores", value: "0" }, { name: "builders", value: "ssh://a x y" }];
  assertEquals(settingArgs({}), []);
  assertEquals(settingArgs({ settings, showTrace: true }), [
    ...["--option", "cores", "0", "--option", "builders", "ssh://a x y"],
    "--show-trace",
  ]);
});

Deno.test("settingArgs() keeps values that look like options, are empty, or are doubled", () => {
  const settings = [
    { name: "a", value: "" },
    { name: "a", value: "--debug" },
    { name: "a", value: "$(id)" },
  ];
  assertEquals(settingArgs({ settings }), [
    ...["--option", "a", "", "--option", "a", "--debug", "--option", "a", "$(id)"],
  ]);
});

Deno.test("nixCommand() turns on what a new-style command needs, and puts settings before arguments", () => {
  const options = { settings: [{ name: "a", value: "b" }], showTrace: true };
  assertEquals(nixCommand("eval", ["--json", ".#x"], options), [
    ...["nix", "--extra-experimental-features", "nix-command flakes", "eval"],
    ...["--option", "a", "b", "--show-trace", "--json", ".#x"],
  ]);
});

const uris: readonly [options: StoreOptions | undefined, uri: string][] = [
  [undefined, "ssh-ng://target"],
  [{}, "ssh-ng://target"],
  [{ root: "/" }, "ssh-ng://target"],
  [{ settings: [] }, "ssh-ng://target"],
  [{ settings: [{ name: "compress", value: "true" }] }, "ssh-ng://target?compress=true"],
  [{ root: "/mnt" }, "ssh-ng://target?remote-store=local%3Froot%3D%2Fmnt"],
  [
    { root: "/mnt", settings: [{ name: "a", value: "1" }, { name: "b", value: "2" }] },
    "ssh-ng://target?remote-store=local%3Froot%3D%2Fmnt&a=1&b=2",
  ],
  [{ root: "/a&b" }, "ssh-ng://target?remote-store=local%3Froot%3D%2Fa%2526b"],
  [
    { settings: [{ name: "a&b", value: "x y&c=d#e?f/g%h" }] },
    "ssh-ng://target?a%26b=x%20y%26c%3Dd%23e%3Ff%2Fg%25h",
  ],
  [{ settings: [{ name: "x", value: "" }] }, "ssh-ng://target?x="],
];

for (const [options, uri] of uris) {
  Deno.test(`storeUri() is ${uri}`, () => {
    assertEquals(storeUri(options), uri);
  });
}

Deno.test("storeUri() can be read back by whoever reads URLs", () => {
  const value = "ünï & 'quotes' \"x\" + %20 \n";
  const { searchParams } = new URL(storeUri({ settings: [{ name: "k", value }] }));
  assertEquals(searchParams.get("k"), value);
});
