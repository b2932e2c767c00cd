import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { AnswerError } from "../../lib/errors.ts";
import { becomeRoot, parseFacts, TOOLS } from "../../lib/plan/facts.ts";
import { answer, facts } from "./fixture.ts";

const KEY = `ssh-ed25519 ${"A".repeat(68)}`;

Deno.test("parseFacts() reads every fact of a server", () => {
  assertEquals(parseFacts(answer({}, ["fact tool tar", `fact host_key ${KEY}`]), "web"), {
    os: "Linux",
    arch: "x86_64",
    name: "Debian GNU/Linux 12 (bookworm)",
    nixos: false,
    installer: false,
    container: "none",
    user: "root",
    uid: 0,
    become: "root",
    tools: ["tar"],
    memory: 2014488 * 1024,
    aes: true,
    kexec: "possible",
    bootId: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    ipv6Only: false,
    disks: [],
    hostKeys: [KEY],
  });
});

Deno.test("parseFacts() reads an installer, and a name that is empty", () => {
  const { nixos, installer, ipv6Only, name } = parseFacts(
    answer({ nixos: "y", installer: "y", ipv6_only: "y", name: "" }),
    "web",
  );
  assertEquals({ nixos, installer, ipv6Only, name }, {
    nixos: true,
    installer: true,
    ipv6Only: true,
    name: "",
  });
});

Deno.test("parseFacts() tells the firmware of PCs, where it is known", () => {
  const firmwares = ["efi", "bios", "unknown", undefined].map((firmware) =>
    parseFacts(answer({ firmware }), "web").firmware
  );
  assertEquals(firmwares, ["efi", "bios", undefined, undefined]);
});

Deno.test("parseFacts() passes over greetings around and between the answer's lines", () => {
  const noisy = answer().replaceAll(
    "\n",
    "\n\x1b[1mWelcome!\x1b[0m fact os FreeBSD\nfacts\n fact os x\n",
  );
  assertEquals(parseFacts(`motd\n${noisy}`, "web"), parseFacts(answer(), "web"));
});

Deno.test("parseFacts() gives data that cannot be changed", () => {
  const read = parseFacts(answer(), "web");
  assert(Object.isFrozen(read) && Object.isFrozen(read.tools) && Object.isFrozen(read.hostKeys));
});

Deno.test("parseFacts() escapes control characters in the system's name", () => {
  assertEquals(parseFacts(answer({ name: "a\x1b[2J\u202eb" }), "web").name, "a\\x1b[2J\\u202eb");
});

for (const key of ["os", "arch", "name", "nixos", "uid", "become", "memory", "boot_id"]) {
  Deno.test(`parseFacts() refuses an answer without ${key}`, () => {
    const error = assertThrows(() => parseFacts(answer({ [key]: undefined }), "web"), AnswerError);
    assertEquals(error.message, `web: cannot learn what machine it is: it did not say its ${key}`);
    assertMatch(error.hint, /--debug/);
  });
}

const hostile: readonly (readonly [key: string, value: string])[] = [
  ["os", "Linux; rm -rf /"],
  ["os", "$(reboot)"],
  ["os", ""],
  ["arch", "x86_64 --x"],
  ["arch", "../../etc"],
  ["arch", "a".repeat(41)],
  ["name", "x".repeat(301)],
  ["nixos", "yes"],
  ["installer", "Y"],
  ["installer", " y"],
  ["container", "`id`"],
  ["user", "root;id"],
  ["user", "ro ot"],
  ["user", "a'b"],
  ["uid", "-1"],
  ["uid", "0x0"],
  ["uid", "1e3"],
  ["uid", ""],
  ["become", "sh"],
  ["become", "sudo -n"],
  ["memory", "1".repeat(16)],
  ["memory", "NaN"],
  ["kexec", "maybe"],
  ["firmware", "EFI"],
  ["boot_id", "x"],
  ["boot_id", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"],
  ["boot_id", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6 "],
  ["ipv6_only", "1"],
  ["tool", "rm"],
  ["tool", "constructor"],
  ["host_key", "ssh-ed25519 AAAA"],
  ["host_key", `${KEY} comment`],
  ["host_key", `* ${KEY}`],
  ["host_key", `@cert-authority ${KEY}`],
  ["temp_dir", "/home/me"],
  ["path", "/tmp"],
  ["constructor", "x"],
  ["__proto__", "x"],
  ["has_own_property", "x"],
];

for (const [key, value] of hostile) {
  Deno.test(`parseFacts() refuses ${key} ${JSON.stringify(value.slice(0, 60))}`, () => {
    const changed = answer(
      key in facts() || /^(ipv6_only|boot_id)$/.test(key) ? { [key]: value } : {},
      [
        `fact ${key} ${value}`,
      ],
    );
    const error = assertThrows(() => parseFacts(changed, "web"), AnswerError);
    assertMatch(error.message, new RegExp(`^web: cannot learn what machine it is: ${key} is "`));
    assert(!/\p{Cc}/u.test(error.message) && error.message.length < 250, error.message);
  });
}

Deno.test("parseFacts() refuses a fact that is said twice, be it the same", () => {
  for (const again of ["fact uid 0", "fact uid 1000", "fact become root", "fact name x"]) {
    assertThrows(() => parseFacts(answer({}, [again]), "web"), AnswerError);
  }
});

Deno.test("parseFacts() refuses more host keys or tools than a machine can have", () => {
  const keys = Array.from({ length: 21 }, () => `fact host_key ${KEY}`);
  const tools = Array.from({ length: 101 }, () => "fact tool tar");
  for (const many of [keys, tools]) {
    const error = assertThrows(() => parseFacts(answer({}, many), "web"), AnswerError);
    assertMatch(error.message, /lists too much/);
  }
});

Deno.test("parseFacts() reads as many disks as it can where very many are listed", () => {
  const lines = Array.from(
    { length: 30_000 },
    (_, at) => `fact disk NAME="sd${at}" TYPE="disk" SIZE="5"`,
  );
  const long = `fact disk NAME="sdx" TYPE="disk" SIZE="5" LABEL="${"x".repeat(4000)}"`;
  assertEquals(parseFacts(answer({}, [long, ...lines]), "web").disks.length, 20_000);
});

Deno.test("parseFacts() refuses an empty answer and one that is cut off", () => {
  for (const text of ["", "\n", "facts end\n", answer().slice(0, 100)]) {
    assertThrows(() => parseFacts(text, "web"), AnswerError, "web: cannot learn");
  }
});

Deno.test("parseFacts() does not take lines that end with a carriage return for facts", () => {
  assertThrows(() => parseFacts(answer().replaceAll("\n", "\r\n"), "web"), AnswerError);
});

Deno.test("TOOLS holds nothing twice, and nothing a shell would take apart", () => {
  assertEquals(new Set(TOOLS).size, TOOLS.length);
  for (const tool of TOOLS) assertMatch(tool, /^[a-z0-9-]+( --wait)?$/);
});

Deno.test("becomeRoot() puts nothing before root's own commands", () => {
  assertEquals(becomeRoot(facts()), []);
  assertEquals(becomeRoot(facts({ become: "none" })), []);
});

Deno.test("becomeRoot() never lets sudo or doas ask on a terminal", () => {
  assertEquals(becomeRoot(facts({ become: "sudo" })), ["sudo", "-n", "--"]);
  assertEquals(becomeRoot(facts({ become: "doas" })), ["doas", "-n", "--"]);
  assertEquals(
    becomeRoot(facts({ become: "sudo-password", askpass: "/home/me/x/askpass" })),
    ["env", "SUDO_ASKPASS=/home/me/x/askpass", "sudo", "-A", "--"],
  );
});
