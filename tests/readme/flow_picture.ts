/** The picture of an install, made from the table of stages. */
import { always, type Stage } from "../../lib/flow/stage.ts";
import { STAGES } from "../../lib/flow/stage_table.ts";

/** A flowchart in mermaid: an arrow for each thing that a stage takes from another, dotted where only some installs do. */
export function flowPicture(): string {
  const stages = Object.values<Pick<Stage, "name" | "makes" | "takes">>(STAGES);
  const lines = ["```mermaid", "flowchart TD"];
  for (const { name, takes } of stages) {
    for (const [thing, condition] of Object.entries(takes)) {
      const maker = stages.find(({ makes }) => makes === thing)?.name;
      lines.push(`  ${maker} ${condition === always ? "-->" : "-.->"}|${thing}| ${name}`);
    }
  }
  return [...lines, "```"].join("\n");
}
