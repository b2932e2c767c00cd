import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { configPath, loginOptions, optionWords, socketConfig } from "../../lib/ssh/config.ts";
import { hostKeyLines, pinnedKeys, pinnedLines } from "../../lib/ssh/host_key_lines.ts";

const base = {
  destination: { host: "web" },
  sshOptions: [],
  password: false,
  keysOnly: false,
  onlyIdentity: true,
  modern: true,
  hostKeys: [],
};
const files = {
  ...{ known: "/t/known", users: "~/.ssh/a ~/.ssh/b", fingerprintScript: "/t/f.sh" },
  modern: true,
};

Deno.test("loginOptions() lets the ssh config decide what nobody has said", () => {
  const keys = loginOptions(base).map((option) => option.split(" ")[0]);
  for (const key of ["Port", "User", "IdentityFile", "IdentitiesOnly", "BatchMode"]) {
    assert(!keys.includes(key), key);
  }
});

Deno.test("loginOptions() puts the user's options behind the destination and before ours", () => {
  const options = loginOptions({
    ...base,
    destination: { host: "web", user: "a b", port: 1 },
    port: 2,
    identityFile: "/my keys/50%",
    sshOptions: ["ConnectTimeout=5", " ServerAliveInterval 1"],
  });
  assertEquals(options.slice(0, 6), [
    "Port 2",
    'User "a b"',
    "ConnectTimeout 5",
    "ServerAliveInterval 1",
    'IdentityFile "/my keys/50%%"',
    "IdentitiesOnly yes",
  ]);
});

Deno.test("loginOptions() keeps keys of OpenSSH 8.7 from an older one", () => {
  const old = loginOptions({ ...base, modern: false }).join("\n");
  assert(!/SessionType|StdinNull|ForkAfter/.test(old));
  assert(loginOptions(base).includes("SessionType default"));
});

Deno.test("loginOptions() throws a UsageError for an option that is none or reaches further", () => {
  for (
    const option of ["", "Port", "Match all", "host=*", "Include x", "A=b\nProxyCommand c", "-v"]
  ) {
    assertThrows(() => loginOptions({ ...base, sshOptions: [option] }), UsageError, "--ssh-option");
  }
});

Deno.test("optionWords() makes one option of each line", () => {
  assertEquals(optionWords(["A b c", "D e"]), ["-o", "A b c", "-o", "D e"]);
});

Deno.test("hostKeyLines() follows the policy", () => {
  assertEquals(hostKeyLines("off", files), [
    "StrictHostKeyChecking no",
    "UserKnownHostsFile /dev/null",
    "GlobalKnownHostsFile /dev/null",
    "KnownHostsCommand none",
  ]);
  const known = "UserKnownHostsFile /t/known ~/.ssh/a ~/.ssh/b";
  assertEquals(hostKeyLines("strict", files), ["StrictHostKeyChecking yes", known]);
  assertEquals(hostKeyLines("accept-new", files), ["StrictHostKeyChecking accept-new", known]);
  const print = hostKeyLines("SHA256:abc", files).join("\n");
  assert(print.includes("KnownHostsCommand /bin/sh /t/f.sh"));
  assert(print.includes("UserKnownHostsFile /dev/null"));
});

Deno.test("pinnedLines() believe in the pinned keys alone, under one name", () => {
  const lines = pinnedLines("/t/known", true);
  for (const line of ["StrictHostKeyChecking yes", "KnownHostsCommand none"]) {
    assert(lines.includes(line), line);
  }
  // A record of the name service would be believed in their place.
  for (const some of [lines, hostKeyLines("SHA256:abc", files)]) {
    assert(some.includes("VerifyHostKeyDNS no"), some.join());
  }
  assertEquals(
    pinnedKeys(["a b", "c d"]),
    "nixos-anywhere-target a b\nnixos-anywhere-target c d\n",
  );
});

Deno.test("socketConfig() lets no ssh log in by itself", () => {
  const text = socketConfig("/t/c");
  for (const line of ["ControlPath /t/c", "ControlMaster no", "ProxyCommand exit 255"]) {
    assert(text.split("\n").includes(line), line);
  }
});

Deno.test("configPath() throws a UsageError for what ssh cannot read back", () => {
  for (const path of ['a"b', "a\\b", "${HOME}", "a\nb"]) {
    assertThrows(() => configPath(path), UsageError);
  }
});
