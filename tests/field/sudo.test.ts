/** There is more than one sudo, what it needs need not be at home, and it says itself what is wrong. */
import { assertEquals, assertMatch } from "@std/assert";
import { becomeRoot } from "../../lib/plan/facts.ts";
import { getFacts } from "../../lib/ssh/get_facts.ts";
import { type ContainerOptions, PASSWORD, startContainer } from "../support/loopback/mod.ts";
import { login } from "../ssh/fixture.ts";
import { attempt, condition, sudoers, usual } from "./condition.ts";

const users = { pwuser: { sudo: "password", password: true, keys: "etc" } } as const;

const dry = (target: ContainerOptions, password = PASSWORD, user = "pwuser") =>
  attempt(
    { target: { ...target, users: { ...users, ...target.users } } },
    (fixture) => ["--dry-run", ...usual(fixture, user)],
    password === "" ? {} : { SUDO_PASSWORD: password },
  );

/** A sudo in front of the real one that does not know some words. */
const without = (...words: string[]): NonNullable<ContainerOptions["files"]> => ({
  "/usr/local/bin/sudo": {
    text: `#!/bin/sh
for word; do
  case $word in
${words.map((word) => `  ${word}) echo "no such option: ${word}" >&2; exit 1 ;;`).join("\n")}
  --) break ;;
  esac
done
exec /usr/bin/sudo "$@"
`,
    mode: 0o755,
  },
});

/** Commands as root with input and without, and what stays where. */
async function becomes(options: ContainerOptions): Promise<void> {
  await using container = await startContainer({
    ...options,
    users: { ...users, ...options.users },
  });
  {
    await using target = await login(container, "pwuser", { password: PASSWORD });
    const facts = await getFacts(target, { sudoPassword: () => Promise.resolve(PASSWORD) });
    assertEquals(facts.become, "sudo-password");
    const become = becomeRoot(facts);
    const input = `first\n${"x".repeat(300_000)}`;
    const { stdout } = await target.pipe(input, ["sh", "-c", "id -un; cat"], { become });
    assertEquals(stdout, `root\n${input}`);
    assertEquals((await target.run(["cat"], { become })).stdout, "");
    const killOnDisconnect = await target.script("id -un; cat", {
      become,
      killOnDisconnect: true,
      inline: true,
    });
    assertEquals(killOnDisconnect.stdout, "root\n");
    const all = (await Promise.all([1, 2, 3].map(() => target.run(["id", "-un"], { become }))))
      .map((one) => one.stdout);
    assertEquals(all, ["root\n", "root\n", "root\n"]);
    const failed = await target.run(["sh", "-c", "exit 7"], { become, allowFailure: true });
    assertEquals(failed.code, 7);
    const seen = (await container.run("ps -ewwo args; env")).stdout;
    assertEquals(seen.includes(PASSWORD), false);
  }
  const left = async () =>
    (await container.run(
      "ls -d /home/pwuser/.nixos* /tmp/.nixos* /var/tmp/.nixos* /dev/shm/.nixos* /run/.nixos* 2>/dev/null; pgrep -u pwuser",
    )).stdout;
  for (let tries = 0; await left() !== "" && tries < 200; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assertEquals(await left(), "");
}

condition("sudo", "as it is", () => becomes({}));
condition("sudo", "without -A, as sudo-rs", () => becomes({ files: without("-A") }));
condition("sudo", "without -A, -k and -p", () => becomes({ files: without("-A", "-k", "-p") }));
condition("sudo", "a home that does not exist", () => becomes({ setup: "rm -rf /home/pwuser\n" }));
condition(
  "sudo",
  "a home that cannot be written",
  () => becomes({ setup: "chown root /home/pwuser\n" }),
);
condition(
  "sudo",
  "a home on which nothing may be run",
  () =>
    becomes({ setup: "mount -t tmpfs -o noexec,mode=700,uid=$(id -u pwuser) x /home/pwuser\n" }),
);
condition("sudo", "a home without room", () =>
  becomes({
    setup: "mount -t tmpfs -o size=4k,mode=700,uid=$(id -u pwuser) x /home/pwuser\n" +
      "head -c 8192 /dev/zero >/home/pwuser/full || :\n",
  }));
condition("sudo", "no folder on which anything may be run", () =>
  becomes({
    setup: "rm -rf /home/pwuser\n" +
      "for dir in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o noexec,mode=1777 x $dir; done\n",
  }));
condition("sudo", "no mkfifo", () => becomes({ without: ["mkfifo"] }));
condition("sudo", "whose user has fish", () =>
  becomes({
    files: without("-A"),
    users: { pwuser: { ...users.pwuser, shell: "/usr/bin/fish" } },
  }));

condition("sudo", "a whole install without -A", async () => {
  const { code, stderr } = await attempt(
    { target: { files: without("-A"), users } },
    (fixture) => usual(fixture, "pwuser"),
    { SUDO_PASSWORD: PASSWORD },
  );
  assertEquals(code, 0, stderr);
});

condition("sudo", "allows a shell without a password, and nothing else", async () => {
  const { code, stderr } = await dry(
    {
      files: {
        "/etc/sudoers": {
          text: "root ALL=(ALL) ALL\nadmin ALL=(ALL) NOPASSWD: /usr/bin/sh, /bin/sh\n",
          mode: 0o440,
        },
      },
    },
    "",
    "admin",
  );
  assertEquals(code, 0, stderr);
});

/** What goes wrong, with sudo's words for it and what is to be done. */
const WRONG: readonly (readonly [string, ContainerOptions, string, RegExp])[] = [
  ["a wrong password", {}, "wrong", /does not take the password: .*incorrect password/],
  [
    "a wrong password, without -A",
    { files: without("-A") },
    "wrong",
    /does not take the password: .*incorrect password/,
  ],
  [
    "requiretty",
    { files: sudoers("Defaults requiretty") },
    PASSWORD,
    /: sudo: sorry, you must have a tty to run sudo\n.*requiretty/,
  ],
  [
    "a user who is not in sudoers",
    { files: { "/etc/sudoers": { text: "root ALL=(ALL:ALL) ALL\n", mode: 0o440 } } },
    PASSWORD,
    /pwuser is not in the sudoers file[^]*hint: let the target's sudoers/,
  ],
  ["no password given", {}, "", /cannot become root: sudo: a password is required/],
];
for (const [what, target, password, wanted] of WRONG) {
  condition("sudo", `${what} is told in its own words`, async () => {
    const { code, stderr } = await dry(target, password);
    assertEquals(code === 0, false, stderr);
    assertMatch(stderr, wanted);
  });
}

condition("sudo", "a wrong password is tried once", async () => {
  for (const files of [{}, without("-A"), without("-A", "-k", "-p")]) {
    // The real one counts: it is told to log every refusal.
    await using container = await startContainer({
      users,
      files: {
        ...files,
        "/etc/sudoers": {
          text: "Defaults logfile=/run/box/sudo.log, passwd_tries=5\npwuser ALL=(ALL:ALL) ALL\n",
          mode: 0o440,
        },
      },
    });
    await using target = await login(container, "pwuser", { password: PASSWORD });
    const error = await getFacts(target, { sudoPassword: () => Promise.resolve("wrong") })
      .then(() => undefined, (error) => error);
    assertMatch(String(error), /does not take the password/);
    const log = await Deno.readTextFile(`${container.shared}/sudo.log`);
    const counts = Array.from(log.matchAll(/(\d+) incorrect password attempts?/g), (one) => one[1]);
    assertEquals(counts, ["1"], log);
  }
});

const DOAS = (said: string, code: number) => ({
  "/usr/local/bin/doas": {
    text: `#!/bin/sh
[ ${code} = 0 ] || { echo '${said}' >&2; exit ${code}; }
while :; do case $1 in -n) shift ;; --) shift; break ;; *) break ;; esac; done
exec /usr/bin/sudo -n -- "$@"
`,
    mode: 0o755,
  },
});
condition("sudo", "doas in its place", async () => {
  // The user may become root by the real sudo, which only doas finds.
  const setup =
    "cp /usr/bin/sudo /usr/bin/really; sed -i s,/usr/bin/sudo,/usr/bin/really, /usr/local/bin/doas; " +
    "chmod u+s /usr/bin/really; rm /usr/bin/sudo\n";
  const { code, stderr } = await dry({ files: DOAS("", 0), setup }, "", "admin");
  assertEquals(code, 0, stderr);
});
condition("sudo", "doas that wants a password", async () => {
  const { code, stderr } = await dry(
    { files: DOAS("doas: Authentication required", 1), without: ["sudo"] },
    "",
    "admin",
  );
  assertEquals(code, 3, stderr);
  assertMatch(stderr, /cannot become root: doas: Authentication required\n.*nopass/);
});
