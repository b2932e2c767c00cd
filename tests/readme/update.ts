/** Makes the made parts of README and lib/README anew, in place. */
import { MADE_TEXTS, withMadeParts } from "./markdown.ts";

for (const [file, made] of MADE_TEXTS) {
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, withMadeParts(text, made));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", file.pathname] }).output();
}
