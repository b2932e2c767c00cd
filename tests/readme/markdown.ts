/** Reading README: its code blocks, and the parts of it that are made. */
import { referenceTable } from "../../lib/cli/help.ts";
import { troublesTable } from "../../lib/plan/troubles.ts";
import { UPDATE_TABLE } from "../../lib/plan/update_options.ts";
import { ROOT } from "../checks/sources.ts";
import { flowPicture } from "./flow_picture.ts";
import { SCHEMA, type Schema } from "./schema.ts";

export const README = new URL("README.md", ROOT);
/** What is for whoever changes the module. */
export const ARCHITECTURE = new URL("lib/README.md", ROOT);

/** A fenced block of code: its language, what else stands behind that, and its text. */
export interface Block {
  readonly language: string;
  readonly marks: string;
  readonly code: string;
}

/** The code blocks of a text, in order. */
export function blocks(markdown: string): Block[] {
  const found = markdown.matchAll(/^```(\w*) ?([^\n]*)\n(.*?)^```$/gms);
  return Array.from(found, ([, language = "", marks = "", code = ""]) => ({
    language,
    marks,
    code,
  }));
}

/** The command lines of the shell blocks: a line that ends in a backslash goes on in the next. */
export function commands(markdown: string): string[] {
  return blocks(markdown).filter(({ language }) => language === "sh").flatMap(({ code }) =>
    code.replaceAll(/\\\n\s*/g, "").split("\n").filter((line) => line !== "" && !/^\s*#/.test(line))
  );
}

type Made = Readonly<Record<string, () => string>>;

const MADE: Made = {
  options: referenceTable,
  events: eventsTable,
  update: updateTable,
  tasks: tasksTable,
  troubles: troublesTable,
};

/** The texts with made parts. */
export const MADE_TEXTS: readonly (readonly [URL, Made])[] = [
  [README, MADE],
  [ARCHITECTURE, { flow: flowPicture }],
];

/** The events of the schema, which is made before, in Markdown. */
function eventsTable(): string {
  const schema: Schema = JSON.parse(Deno.readTextFileSync(SCHEMA));
  const names = schema.oneOf?.map(({ $ref = "" }) => $ref.replace("#/$defs/", "")) ?? [];
  const rows = names.filter((name) => !name.includes("-of-")).map((name) =>
    `| \`${name}\` | ${schema.$defs?.[name]?.description} |`
  );
  return ["| event | what it tells |", "| --- | --- |", ...rows].join("\n");
}

/** What an update alone can be told, in Markdown. */
function updateTable(): string {
  const { system, action, rollback, ignoreFailedUnits, installBootloader } =
    UPDATE_TABLE["What to activate"];
  const own = { system, action, rollback, ignoreFailedUnits, installBootloader };
  return referenceTable({ "": own }).replace(/^\*+\n+/, "");
}

/** The tasks of deno.json, in Markdown. */
function tasksTable(): string {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const rows = Object.entries<{ description: string }>(tasks).map(([name, { description }]) =>
    `| \`${name}\` | ${description} |`
  );
  return ["| task | what it does |", "| --- | --- |", ...rows].join("\n");
}

/** The text with its made parts as they have to be now. Throws if one of them has no place in it. */
export function withMadeParts(markdown: string, made: Made = MADE): string {
  let text = markdown;
  for (const [name, make] of Object.entries(made)) {
    const [before, after] = [
      `<!-- ${name}: made by tests/readme/update.ts -->`,
      `<!-- /${name} -->`,
    ];
    const [start, end] = [text.indexOf(before), text.indexOf(after)];
    if (start < 0 || end < start) throw new Error(`there is no place for ${name}`);
    text = `${text.slice(0, start)}${before}\n\n${make().trim()}\n\n${text.slice(end)}`;
  }
  return text;
}
