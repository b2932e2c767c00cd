/** Makes the schema of the events anew, and the made parts of README and lib/README, in place. */
import { MADE_TEXTS, withMadeParts } from "./markdown.ts";
import { makeSchema, SCHEMA } from "./schema.ts";

await Deno.writeTextFile(SCHEMA, JSON.stringify(await makeSchema(), null, 2));
await format(SCHEMA);

for (const [file, made] of MADE_TEXTS) {
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, withMadeParts(text, made));
  await format(file);
}

async function format({ pathname }: URL): Promise<void> {
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", pathname] }).output();
}
