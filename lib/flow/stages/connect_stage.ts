/**
 * The target is logged in to, with the local image checked before anything is contacted.
 *
 * @module
 */
import { checkImage } from "../../files/image_check.ts";
import { keyAgent } from "../../ssh/key_agent.ts";
import { logIn } from "../../steps/connect.ts";
import type { Stage } from "../stage.ts";

export const connectStage: Stage<"connect"> = {
  name: "connect",
  makes: "target",
  takes: {},
  async run(_given, { plan, report, signal, stack }) {
    const { destination, kexec, ssh } = plan;
    if (!destination) throw new TypeError("a plan without a target cannot be run");
    if (kexec.image?.kind === "file" && plan.phases.includes("kexec")) {
      await checkImage(kexec.image, kexec.sha256, signal);
    }
    const agent = await keyAgent(destination, ssh, signal);
    if (agent) stack.use(agent);
    return stack.use(
      await logIn(destination, {
        ...ssh,
        sshOptions: ssh.options,
        agent: agent?.socket,
        timeout: plan.timeouts.connect,
        resume: kexec,
        report,
        signal,
      }),
    );
  },
};
