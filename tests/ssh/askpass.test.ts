import { assertEquals } from "@std/assert";
import { askpass } from "../../lib/ssh/askpass.ts";

const target = { user: "o'root", hostname: "FE80::1%lan" };
const questions: readonly (readonly [string, boolean, boolean])[] = [
  ["o'root@fe80::1%lan's password: ", true, true],
  ["(o'root@fe80::1%lan) Password: ", true, true],
  ["Password: ", true, false],
  ["hop@jump's password: ", true, false],
  ["(hop@jump) o'root@fe80::1%lan's password: ", true, false],
  ["(o'root@fe80::1%lan) Verification code: ", false, false],
  ["(o'root@fe80::1%lan) Duo passcode: ", false, false],
  ["(o'root@fe80::1%lan) Passwort: ", true, true],
  ["Enter passphrase for key '/home/me/.ssh/id': ", false, false],
];
for (const [question, direct, jumping] of questions) {
  Deno.test(`askpass() and "${question}"`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      for (const [jumps, given] of [[false, direct], [true, jumping]] as const) {
        const env = await askpass(folder, "open sesame", { ...target, jumps });
        const program = new Deno.Command(env.SSH_ASKPASS ?? "", { args: [question], env });
        const { success, stdout } = await program.output();
        const said = new TextDecoder().decode(stdout);
        assertEquals([success, said], given ? [true, "open sesame\n"] : [false, ""]);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("askpass() gives the password once a login", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const env = await askpass(folder, "open sesame", { ...target, jumps: false });
    const asked = { ...env, NIXOS_ANYWHERE_ASKED: `${folder}/asked` };
    const ask = async (env: Record<string, string>) => {
      const program = new Deno.Command(env.SSH_ASKPASS ?? "", { args: ["Password: "], env });
      return (await program.output()).success;
    };
    assertEquals([await ask(asked), await ask(asked), await ask(env)], [true, false, true]);
    const code = "(o'root@fe80::1%lan) Verification code: ";
    const program = new Deno.Command(env.SSH_ASKPASS ?? "", { args: [code], env: asked });
    assertEquals((await program.output()).success, false);
    // For whoever tells why the login was refused.
    assertEquals(await Deno.readTextFile(`${folder}/asked.more`), "Verification code: ");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
