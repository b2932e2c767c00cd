import { assertEquals, assertStringIncludes } from "@std/assert";
import { quoteAll } from "../../lib/ssh/quote.ts";
import { PASSWORD } from "../support/loopback/mod.ts";
import { ignore, sharedContainer } from "./fixture.ts";

const container = sharedContainer();

/** A program that logs in with what a person types, and prints who it is there. */
const PROGRAM = `
import { connect } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
const [host, port] = Deno.args;
await using target = await connect(host, { port: Number(port), hostKey: "off" });
console.log("logged in as", (await target.run(["id", "-un"])).stdout);
`;

Deno.test("connect() lets ssh ask for the password on the terminal", { ignore }, async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/login.ts`, PROGRAM);
    const config = decodeURIComponent(new URL("../../deno.json", import.meta.url).pathname);
    const words = [Deno.execPath(), "run", "-A", "--config", config, `${folder}/login.ts`];
    const command = quoteAll([...words, `pwuser@${container().host}`, `${container().port}`]);
    // A terminal of its own; SSH_ASKPASS would be another way to ask.
    await using child = new Deno.Command("script", {
      args: ["-qec", command, "/dev/null"],
      env: { SSH_ASKPASS_REQUIRE: "never" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    let said = "";
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      const asked = /password:/i.test(said);
      said += part;
      if (!asked && /password:/i.test(said)) {
        await writer.write(new TextEncoder().encode(`${PASSWORD}\n`));
      }
      if (said.includes("logged in as")) break;
    }
    await writer.close().catch(() => {});
    assertStringIncludes(said, "logged in as pwuser");
    assertEquals(said.includes(PASSWORD), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
