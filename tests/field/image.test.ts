/** Conditions of kexec images: who can fetch them, what they are called, and where there is room for them. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Fixture } from "../support/install/fixture.ts";
import { RUN } from "../support/loopback/kexec.ts";
import { attempt, condition, open, type Options, usual } from "./condition.ts";

/** The usual words with another image, and only the phase that boots it. */
function withImage(fixture: Fixture, image: string): string[] {
  return [
    ...["--phases", "kexec"],
    ...usual(fixture).map((word) => word === fixture.image ? image : word),
  ];
}

/** Serves the fixture's image by HTTP, and returns the words for `path` on that server. */
async function served(
  fixture: Fixture,
  path: string,
  answer: (request: Request, bytes: Uint8Array<ArrayBuffer>) => Response | Promise<Response> = (
    _,
    bytes,
  ) => new Response(bytes),
): Promise<string[]> {
  const bytes = await Deno.readFile(fixture.image);
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => answer(request, bytes),
  );
  fixture.owned.defer(() => server.shutdown());
  return withImage(fixture, path.replace("HOST", `127.0.0.1:${server.addr.port}`));
}

const BOOT =
  `test -w "$TMPDIR"\necho "machine will boot into nixos in 6s..."\necho kexec >>/run/box/signals\n`;
const URL = "http://HOST/image.tar.gz";
const failing = (program: string, words: string, code: number) => ({
  [`/usr/local/bin/${program}`]: {
    text: `#!/bin/sh\nprintf '${words}' >&2\nexit ${code}\n`,
    mode: 0o755,
  },
});
const curl = (words: string, code: number) => failing("curl", words, code);

const BROKEN: Readonly<Record<string, [words: string, code: number]>> = {
  "whose certificates are too old": [
    "curl: (60) SSL certificate problem: certificate has expired\\nMore details here: ...\\n",
    60,
  ],
  "without DNS": ["curl: (6) Could not resolve host: example.org", 6],
  "without a way out": ["curl: (28) Connection timed out after 30000 milliseconds", 28],
  "that has only wget, without DNS": ["", 4],
  "whose curl cannot be run": ["curl: libssl.so.1.1: cannot open shared object file", 127],
};
for (const [what, [words, code]] of Object.entries(BROKEN)) {
  condition("image", `a target ${what}: fetched here and sent, with one warning`, async () => {
    // As quiet as it is asked to be, wget says nothing.
    const [program, other] = words === "" ? ["wget", "curl"] : ["curl", "wget"];
    const target: Options["target"] = {
      files: failing(program, words, code),
      without: [other],
    };
    const { code: exit, stderr } = await attempt({ target }, (fixture) => served(fixture, URL));
    assertEquals(exit, 0, stderr);
    const warnings = stderr.split("\n").filter((line) => line.startsWith("warning: "));
    assertEquals(warnings.length, 1, stderr);
    const why = words.split("\\n")[0] || `wget failed with exit code ${code}`;
    assert(warnings[0]?.includes(`cannot fetch the image (${why})`), stderr);
  });
}

for (const tool of ["tee", "mkfifo"]) {
  condition("image", `a target without ${tool}, which the digest needs: fetched here`, async () => {
    const { code, stderr } = await attempt({ target: { without: [tool] } }, async (fixture) => {
      const bytes = await Deno.readFile(fixture.image);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
      return ["--kexec-sha256", digest, ...await served(fixture, URL)];
    });
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /warning: .*no tee or no mkfifo.*: it is fetched here and sent/);
  });
}

condition("image", "a target whose curl fails and whose wget works", async () => {
  let asked = "";
  const target = { files: curl("curl: (60) SSL certificate problem", 60) };
  const { code, stderr } = await attempt(
    { target },
    (fixture) =>
      served(fixture, URL, (request, bytes) => {
        asked += request.headers.get("user-agent");
        return new Response(bytes);
      }),
  );
  assertEquals(code, 0, stderr);
  assertMatch(asked, /^Wget/);
});

condition("image", "neither the target nor this machine can fetch it", async () => {
  const target = { files: curl("curl: (6) Could not resolve host", 6), without: ["wget"] };
  const { code, stderr } = await attempt(
    { target },
    (fixture) => served(fixture, URL, () => new Response("gone", { status: 404 })),
  );
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /Could not resolve host/);
  assertMatch(stderr, /the server answers 404/);
});

for (
  const [name, path] of Object.entries({
    "image.tar.gz": "/assets/123?name=image.tar.gz",
    "image.tar.xz": "/latest",
    "image.tar.zst": "/latest",
    "image.tar": "/latest",
  })
) {
  condition("image", `${name} at a URL that does not say so: ${path}`, async () => {
    const { code, stderr } = await attempt(
      { imageName: name },
      (fixture) => served(fixture, `http://HOST${path}`),
    );
    assertEquals(code, 0, stderr);
    assert(!stderr.includes("warning: "), stderr);
  });
}

condition(
  "image",
  "an xz archive behind a name without ending, and no xz on the target",
  async () => {
    const { code, stderr } = await attempt(
      { imageName: "image.tar.xz", target: { without: ["xz"] } },
      (fixture) => served(fixture, "http://HOST/latest"),
    );
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /warning: .*no xz command/);
  },
);

condition("image", "a local file whose name says something else than its bytes", async () => {
  const { code, stderr } = await attempt({ imageName: "image.tar.zst" }, async (fixture) => {
    const other = `${fixture.sandbox.folder}/download`;
    await Deno.copyFile(fixture.image, other);
    const wrong = `${fixture.sandbox.folder}/image.tgz`;
    await Deno.copyFile(fixture.image, wrong);
    const { code } = await fixture.run([...withImage(fixture, other), "--dry-run"]);
    assertEquals(code, 0);
    return withImage(fixture, wrong);
  });
  assertEquals(code, 0, stderr);
});

condition("image", "a redirect", async () => {
  const { code, stderr } = await attempt(
    {},
    (fixture) =>
      served(
        fixture,
        "http://HOST/a",
        ({ url }, bytes) =>
          url.endsWith("/a")
            ? new Response(null, { status: 302, headers: { location: "/b/image?x=y" } })
            : new Response(bytes),
      ),
  );
  assertEquals(code, 0, stderr);
});

for (const [who, without] of [["target", []], ["machine here", ["curl", "wget"]]] as const) {
  condition(
    "image",
    `a login in the URL and a token in its query, used by the ${who}`,
    async () => {
      const asked: string[] = [];
      // What is run on the target is written down, with its arguments.
      const trace = '#!/bin/sh\nprintf \'%s \' "$0" "$@" >>/run/box/commands\n' +
        'echo >>/run/box/commands\nexec /usr/bin/curl "$@"\n';
      const files = without.length === 0
        ? { "/usr/local/bin/curl": { text: trace, mode: 0o755 } }
        : {};
      let commands: string[] = [];
      const { code, stderr } = await attempt({ target: { without, files } }, (fixture) => {
        fixture.owned.defer(async () => {
          commands = await fixture.machine.containers[0]!.commands();
        });
        const url = "http://me:geheim@HOST/image.tar.gz?token=verborgen";
        return served(fixture, url, (request, bytes) => {
          asked.push(request.headers.get("authorization") ?? "", request.url);
          return new Response(bytes);
        }).then((words) => ["--debug", ...words]);
      });
      assertEquals(code, 0, stderr);
      assertEquals(asked[0], `Basic ${btoa("me:geheim")}`);
      assertMatch(asked[1] ?? "", /\?token=verborgen$/);
      assertEquals(/geheim|verborgen/.exec(stderr), null);
      assertEquals(/geheim|verborgen/.exec(commands.join("\n")), null);
    },
  );
}

condition("image", "an image fetched here that is not the one that was meant", async () => {
  const { code, stderr } = await attempt(
    { target: { without: ["curl", "wget"] } },
    async (fixture) => ["--kexec-sha256", "0".repeat(64), ...await served(fixture, URL)],
  );
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /its SHA-256 is [0-9a-f]{64}, not 0{64}/);
});

/** Folders of the target that look usable and are not, and where the image goes then. */
const FOLDERS: Readonly<Record<string, [setup: string, folder: string]>> = {
  "/root is noexec": ["mount -t tmpfs -o noexec,mode=700 none /root", "/var/tmp"],
  "/root is too small": ["mount -t tmpfs -o size=40k,mode=700 none /root", "/var/tmp"],
  "/root and /var/tmp are read-only": [
    "mount -t tmpfs -o ro none /root; mount -t tmpfs -o ro none /var/tmp",
    "/var/lib",
  ],
};
for (const [what, [setup, folder]] of Object.entries(FOLDERS)) {
  condition("target", `${what}: the image goes to ${folder}`, async () => {
    // The keys are not in the home that is hidden.
    const users = { root: { keys: "etc" } } as const;
    const { code, stderr } = await attempt({
      target: { users, setup: `${setup}\n` },
      image: { run: `#!/bin/sh\nset -eu\ncase $0 in ${folder}/*) ;; *) exit 9 ;; esac\n${BOOT}` },
    }, (fixture) => ["--phases", "kexec", ...usual(fixture)]);
    assertEquals(code, 0, stderr);
  });
}

/**
 * What an image's script does in the end, and a machine whose kernel says that something is loaded. `own` is the program
 * that the script itself boots with; what `kexec/kexec` is told is recorded.
 */
function booting(end: string, { loaded = 1, refuses = false } = {}): Options {
  const kexec = `#!/bin/sh
echo "kexec $* by \${BOOTS_BY:-us}" >>/run/box/commands
${refuses ? '[ -n "${BOOTS_BY-}" ] || exit 1\n' : ""}echo kexec >>/run/box/signals
`;
  const run = RUN.replace(/echo kexec >>.*\n/, `${end}\n`);
  return {
    target: {
      setup: `mount -t tmpfs x /sys/kernel\necho ${loaded} >/sys/kernel/kexec_loaded\n`,
    },
    image: { run, members: { "kexec/kexec": { text: kexec, mode: 0o755 } } },
  };
}
const ITSELF =
  `BOOTS_BY=script nohup sh -c "sleep SECONDS && '$here/kexec' -e $flags" >/dev/null 2>&1 &`;
const AT_ONCE = ITSELF.replace("SECONDS", "600");
const SOON = ITSELF.replace("SECONDS", "1 && : sleep 6");
const BOOTS: readonly [what: string, options: Options, words: string[], by: string][] = [
  ["whose script would wait is booted at once", booting(AT_ONCE), [], "kexec -e by us"],
  [
    "that cannot be booted at once boots by itself",
    booting(SOON, { refuses: true }),
    [],
    "kexec -e by us\nkexec -e by script",
  ],
  [
    "boots by itself where kexec was given flags",
    booting(SOON),
    ["--kexec-extra-flags", "--x"],
    "kexec -e --x by script",
  ],
  [
    "boots by itself where nothing is loaded yet",
    booting(SOON, { loaded: 0 }),
    [],
    "kexec -e by script",
  ],
  [
    "boots by itself where its script does something else",
    booting(SOON.replace(" -e ", " --exec ")),
    [],
    "kexec --exec by script",
  ],
];
for (const [what, options, words, by] of BOOTS) {
  condition("image", `one ${what}`, async () => {
    await using fixture = await open(options);
    const { code, stderr } = await fixture.run([
      ...["--phases", "kexec", "--timeout", "boot=30", ...words],
      ...usual(fixture),
    ]);
    assertEquals(code, 0, stderr);
    const commands = await fixture.machine.containers[0]!.commands();
    assertEquals(commands.filter((line) => line.startsWith("kexec ")).join("\n"), by);
  });
}
