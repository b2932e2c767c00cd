/** Makes the made parts of README anew, in place. */
import { README, withMadeParts } from "./markdown.ts";

const text = await Deno.readTextFile(README);
await Deno.writeTextFile(README, withMadeParts(text));
await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", README.pathname] }).output();
